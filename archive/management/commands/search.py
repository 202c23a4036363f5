"""`manage.py search`: what a user would find."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError

from archive import audit
from archive.audit.actor import Actor
from archive.audit.verbs import Verb
from archive.documents.models import BusinessUnit, DocumentClass
from archive.query import QueryError
from archive.search.paging import BadCursorError
from archive.search.selectors import count, get_page, hit_list, resolve, variants_of
from archive.search.services import start_search
from archive.search.words.database import IndexDownError


class Command(BaseCommand):
    """Thin: the search of the page, as that user, with its event."""

    help = "Search as a user would; prints the hits that this user may see."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("query")
        parser.add_argument("--as", dest="user", required=True, metavar="USER", help="whose rights apply")
        parser.add_argument("--limit", type=int, default=50)
        parser.add_argument("--cursor", default="")
        parser.add_argument("--sort", default="-issued")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Search and print."""
        user = get_user_model().objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"No user is called {options['user']!r}. Name one that exists.")
        if not 1 <= options["limit"] <= 10_000:
            raise CommandError("--limit is a number from 1 to 10,000.")
        try:
            answer = self._answer(user, options)
        except (QueryError, BadCursorError, IndexDownError) as error:
            raise CommandError(str(error)) from None
        except PermissionDenied:
            audit.record_refusal(
                actor=Actor.of_user(user),
                verb=Verb.ACCESS_REFUSED,
                subject=("command", "search"),
                reason="The user's roles do not allow this.",
            )
            raise CommandError(f"{user} may not search.") from None
        if options["json"]:
            self.stdout.write(json.dumps(answer, ensure_ascii=False))
            return
        self.stdout.write(f"{'' if answer['count_is_exact'] else 'more than '}{answer['count']:,} communications")
        for hit in answer["hits"]:
            self.stdout.write(
                f"{hit['issued_on']}  {hit['record_number']:>12}  {hit['document_class']:<12} "
                f"{hit['customer_id']:<12} {hit['account_number']:<14} {hit['subject']}"
            )

    def _answer(self, user: Any, options: dict[str, Any]) -> dict[str, Any]:
        start_search(text=options["query"], user=user, actor=Actor.of_user(user), sort=options["sort"])
        found = resolve(options["query"], user=user)
        page = get_page(found, sort=options["sort"], limit=options["limit"], cursor=options["cursor"])
        number, exact = count(found)
        rows = list(page.rows)
        variants = variants_of(rows)
        keys = _Keys()
        hits = [_hit(hit, variants[hit.communication.order_key], keys) for hit in hit_list(rows, user=user).hits]
        return {"count": number, "count_is_exact": exact, "hits": hits, "next_cursor": page.after or None}


class _Keys:
    """The keys of units and classes, which never change; a program is told those and a person the labels."""

    def __init__(self) -> None:
        self.units = dict(BusinessUnit.objects.values_list("pk", "key"))
        self.classes = dict(DocumentClass.objects.values_list("pk", "key"))


def _hit(hit: Any, variants: list[Any], keys: _Keys) -> dict[str, Any]:
    row = hit.communication
    return {
        "id": str(row.public_id),
        "record_number": row.record_number,
        "external_id": row.external_id,
        "business_unit": keys.units[row.unit_id],
        "document_class": keys.classes[row.document_class_id],
        "issued_on": row.issued_on.isoformat(),
        "subject": row.subject,
        "customer_id": row.customer_id,
        "account_number": row.account_number,
        "state": row.state,
        "retain_until": row.retain_until.isoformat(),
        "index": row.index_values or {},
        "variants": [
            {
                "id": f"{row.public_id}-{variant.number}",
                "channel": variant.channel,
                "content_type": variant.content_type,
                "size_bytes": variant.size_bytes,
                "sha256": bytes(variant.sha256).hex(),
            }
            for variant in variants
        ],
    }
