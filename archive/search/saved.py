"""Saved searches: a query under a name, one's own or shared with a group; who opens it finds by his own rights."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from archive import audit
from archive.audit.actor import Actor
from archive.audit.rights import require
from archive.audit.verbs import Verb
from archive.search.models import SavedSearch, Search
from archive.search.services import start_search

SHARE_PERMISSION = "archive.share_searches"
MOST_SAVED = 100
LONGEST_NAME = 100


class SavedSearchError(Exception):
    """A search cannot be saved like this; the message says why."""


def save_search(*, search: Search, name: str, group: Group | None, actor: Actor) -> SavedSearch:
    """Save a search under a name; one of that name of the user's own is replaced.

    Errors: PermissionDenied to share without the right, or with a group one is not in; SavedSearchError.
    """
    require(actor, "archive.search_communications")
    _may_share(group, actor)
    clean = _clean(name)
    now = timezone.now()
    with transaction.atomic():
        values = {"query": search.query, "sort": search.sort, "group": group, "changed_at": now}
        saved = SavedSearch.objects.filter(owner=actor.user, name=clean).first()
        if saved is None:
            if SavedSearch.objects.filter(owner=actor.user).count() >= MOST_SAVED:
                raise SavedSearchError(_("You have 100 saved searches. Delete one first."))
            saved = SavedSearch.objects.create(owner=actor.user, name=clean, created_at=now, **values)
            verb = Verb.SAVED_SEARCH_CREATED
        else:
            SavedSearch.objects.filter(pk=saved.pk).update(**values)
            verb = Verb.SAVED_SEARCH_CHANGED
        _record(saved, verb, actor, name=clean, query=search.query, group=group)
    saved.refresh_from_db()
    return saved


def change_saved(*, saved: SavedSearch, name: str, group: Group | None, actor: Actor) -> None:
    """Rename a saved search of one's own, or share it with another group or with nobody.

    Errors: PermissionDenied, for anybody else's too; SavedSearchError when another of one's own has that name.
    """
    _is_own(saved, actor)
    _may_share(group, actor)
    clean = _clean(name)
    with transaction.atomic():
        if SavedSearch.objects.filter(owner=actor.user, name=clean).exclude(pk=saved.pk).exists():
            raise SavedSearchError(_("You have a saved search of this name. Choose another."))
        SavedSearch.objects.filter(pk=saved.pk).update(name=clean, group=group, changed_at=timezone.now())
        _record(saved, Verb.SAVED_SEARCH_CHANGED, actor, name=clean, query=saved.query, group=group)


def delete_saved(*, saved: SavedSearch, actor: Actor) -> None:
    """Delete a saved search of one's own. Errors: PermissionDenied, for anybody else's too."""
    _is_own(saved, actor)
    with transaction.atomic():
        _record(saved, Verb.SAVED_SEARCH_DELETED, actor, name=saved.name, query=saved.query, group=None)
        saved.delete()


def open_saved(*, saved: SavedSearch, actor: Actor) -> Search:
    """Search again what was saved, by one's own rights.

    Errors: PermissionDenied; QueryError when the query cannot be read any more, or not with these rights.
    """
    return start_search(text=saved.query, user=actor.user, actor=actor, sort=saved.sort)


def _record(saved: SavedSearch, verb: Verb, actor: Actor, *, name: str, query: str, group: Group | None) -> None:
    private = {"name": name, "query": query}
    audit.record(actor=actor, verb=verb, subject=saved, private=private, group=group.name if group else None)


def _is_own(saved: SavedSearch, actor: Actor) -> None:
    require(actor, "archive.search_communications")
    if saved.owner != actor.user:
        raise PermissionDenied("another's saved search")


def _may_share(group: Group | None, actor: Actor) -> None:
    if group is None:
        return
    require(actor, SHARE_PERMISSION)
    if not actor.user.groups.filter(pk=group.pk).exists():
        raise PermissionDenied(SHARE_PERMISSION)


def _clean(name: str) -> str:
    clean = " ".join("".join(char if char.isprintable() else " " for char in name).split())
    if not clean:
        raise SavedSearchError(_("Give the search a name."))
    if len(clean) > LONGEST_NAME:
        raise SavedSearchError(_("The name has more than 100 characters. Shorten it."))
    return clean


def list_saved(*, user: Any) -> list[SavedSearch]:
    """Return the user's own saved searches and those shared with his groups, by name."""
    seen = SavedSearch.objects.filter(Q(owner=user) | Q(group__user=user)).distinct()
    return list(seen.select_related("owner", "group").order_by("name", "pk"))


def get_saved(public_id: UUID, *, user: Any) -> SavedSearch:
    """Return a saved search that the user may open. Errors: SavedSearch.DoesNotExist, for any other too."""
    return SavedSearch.objects.filter(Q(owner=user) | Q(group__user=user)).distinct().get(public_id=public_id)


def get_own(public_id: UUID, *, user: Any) -> SavedSearch:
    """Return a saved search of the user's own. Errors: SavedSearch.DoesNotExist, for any other too."""
    return SavedSearch.objects.get(public_id=public_id, owner=user)


def shareable_groups(user: Any) -> list[Group]:
    """Return the groups with which a user may share."""
    return list(user.groups.order_by("name")) if user.has_perm(SHARE_PERMISSION) else []
