"""The shape of the house: imports run one way, indexes are complete, every route is ruled."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import models
from django.urls import URLPattern, URLResolver, get_resolver

ROOT = Path(__file__).resolve().parent.parent
# Higher numbers may import lower ones; packages on one level do not import each other.
LEVELS = {
    "desk": 8,
    "ingest": 7,
    "retrieval": 6,
    "search": 6,
    "retention": 6,
    "documents": 5,
    "batches": 4,
    "storage": 3,
    "query": 3,
    "formats": 3,
    "work": 2,
    "audit": 1,
}
# Indexes name what the packages have; registrations.py is where higher ones register with lower ones.
INDEXES = {"models.py", "tasks.py", "urls.py", "apps.py", "registrations.py", "__init__.py"}


def python_files(folder: str) -> Iterator[Path]:
    """Yield the source files of a folder, migrations left out."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        if "migrations" not in path.parts:
            yield path


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, module) of all imports of a file, also those inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module
            if node.module == "archive":
                for alias in node.names:
                    yield node.lineno, f"archive.{alias.name}"


def wrong_imports() -> Iterator[str]:
    """Yield every import that runs against the order."""
    for path in python_files("archive"):
        relative = path.relative_to(ROOT / "archive")
        package = relative.parts[0]
        for line, module in imports_of(path):
            if module.split(".")[0] in ("portal", "assets", "reprints"):
                yield f"{path.relative_to(ROOT)}:{line} imports {module}: archive does not know what stands above it"
            target = module.split(".")[1] if module.startswith("archive.") else ""
            if package not in LEVELS or target not in LEVELS or target == package:
                continue
            if LEVELS[target] >= LEVELS[package]:
                yield f"{path.relative_to(ROOT)}:{line} imports {module}: {package} stands below or beside {target}"


def test_imports_run_one_way() -> None:
    assert list(wrong_imports()) == []


def test_every_package_has_its_level() -> None:
    packages = {path.parent.name for path in (ROOT / "archive").glob("*/__init__.py")}
    assert packages - {"management", "migrations"} == set(LEVELS)


def test_files_at_the_top_of_archive_are_indexes() -> None:
    assert {path.name for path in (ROOT / "archive").glob("*.py")} <= INDEXES


def test_the_index_of_models_is_complete() -> None:
    import archive.models as index

    named = {name for name in dir(index) if isinstance(getattr(index, name), type)}
    for model in apps.get_app_config("archive").get_models():
        assert model.__name__ in named, f"archive/models.py does not name {model.__name__}"
    for path in python_files("archive"):
        if "models" in path.stem or path.parent.name == "models":
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef) and any("models.Model" in ast.unparse(base) for base in node.bases):
                    assert any(m.__name__ == node.name for m in apps.get_models()), (
                        f"{path.name}: {node.name} is not loaded"
                    )


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_no_table_cascades_into_the_log() -> None:
    for model in apps.get_app_config("audit").get_models():
        assert not [field for field in model._meta.get_fields() if isinstance(field, models.ForeignKey)]


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield (name, route) of every URL."""
    for entry in (resolver or get_resolver()).url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry, route)
        elif isinstance(entry, URLPattern):
            yield entry.name or route, route


ID = "01920000-0000-7000-8000-000000000000"
ROLES = ("agent", "compliance", "records", "operations", "auditor", "admin", "nobody")
READERS = {"agent", "compliance", "records", "operations", "auditor"}
LOADERS = {"operations", "auditor"}
AUDITORS = {"compliance", "auditor"}
EXPORTERS = {"agent", "compliance", "records", "auditor"}
EVERYBODY = set(ROLES)
# For each route: how to ask, who gets past the door, and with which answer when the object is not there or not theirs.
MATRIX: dict[str, tuple[str, str, set[str], int]] = {
    "home": ("get", "/", EVERYBODY, 200),
    "menu": ("get", "/menu/", EVERYBODY, 200),
    "help": ("get", "/help/", EVERYBODY, 200),
    "search": ("get", "/search/", READERS, 200),
    "search_results": ("get", f"/search/{ID}/", READERS, 404),
    "search_count": ("get", f"/search/{ID}/count", READERS, 404),
    "suggestions": ("post", "/search/suggest", READERS, 200),
    "search_form": ("get", "/search/forms/none/", READERS, 404),
    "saved_searches": ("get", "/search/saved/", READERS, 200),
    "saved_step": ("post", f"/search/saved/{ID}/open/", READERS, 404),
    "search_save": ("post", f"/search/{ID}/save", READERS, 404),
    "search_selection": ("post", f"/search/{ID}/selection", READERS, 404),
    "search_export": ("get", f"/search/{ID}/export/", EXPORTERS, 404),
    "exports": ("get", "/exports/", EXPORTERS, 200),
    "export_file": ("get", f"/exports/{ID}/file", EXPORTERS, 404),
    "export_fetch": ("post", f"/exports/{ID}/fetch", EXPORTERS, 404),
    "export_step": ("post", f"/exports/{ID}/stop/", EXPORTERS, 404),
    "text_index": ("get", "/system/text/", LOADERS, 200),
    "text_index_rebuild": ("post", "/system/text/rebuild", {"operations"}, 302),
    "communication": ("get", f"/communications/{ID}/", READERS, 404),
    "communication_notes": ("post", f"/communications/{ID}/notes/", READERS, 404),
    "call_reference": ("get", "/call/", READERS, 200),
    "variant_content": ("get", f"/communications/{ID}-1/content", READERS, 404),
    "variant_download": ("get", f"/communications/{ID}-1/download", READERS, 404),
    "variant_print": ("get", f"/communications/{ID}-1/print", READERS, 404),
    "variant_rendition": ("get", f"/communications/{ID}-1/rendition", READERS, 404),
    "variant_page": ("get", f"/communications/{ID}-1/page/1", READERS, 404),
    "loads": ("get", "/loads/", LOADERS, 200),
    "load_upload": ("get", "/loads/upload/", {"operations"}, 200),
    "load": ("get", f"/loads/{ID}/", LOADERS, 404),
    "load_progress": ("get", f"/loads/{ID}/progress", LOADERS, 404),
    "load_rejects": ("get", f"/loads/{ID}/rejects", {"operations"}, 404),
    "load_step": ("post", f"/loads/{ID}/pause/", {"operations"}, 404),
    "audit_events": ("get", "/audit/", AUDITORS, 200),
    "audit_events_csv": ("post", "/audit/events.csv", AUDITORS, 200),
    "audit_event": ("get", f"/audit/{ID}/", AUDITORS, 404),
    "preferences": ("get", "/preferences/", EVERYBODY, 200),
    "account_login": ("get", "/accounts/login/", EVERYBODY, 302),
    "account_logout": ("get", "/accounts/logout/", EVERYBODY, 200),
    "account_change_password": ("get", "/accounts/password/", EVERYBODY, 200),
}
OPEN_TO_ALL = {"account_login", "account_logout"}


def test_every_route_stands_in_the_matrix() -> None:
    assert {name for name, _route in routes()} == set(MATRIX)


@pytest.mark.parametrize("name", [name for name in MATRIX if name not in OPEN_TO_ALL])
def test_nobody_gets_in_without_signing_in(client: Any, db: Any, name: str) -> None:
    method, path, _roles, _status = MATRIX[name]
    answer = getattr(client, method)(path)
    assert answer.status_code == 302 and answer.headers["Location"].startswith("/accounts/login/")


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("role", ROLES)
def test_each_role_gets_where_it_may_and_nowhere_else(client: Any, user_of: Any, role: str) -> None:
    client.force_login(user_of() if role == "nobody" else user_of(role))
    wrong = []
    for name, (method, path, roles, status) in MATRIX.items():
        answer = getattr(client, method)(path)
        expected = status if role in roles else 403
        if answer.status_code != expected:
            wrong.append((name, answer.status_code, expected))
    assert wrong == []
