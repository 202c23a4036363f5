"""The German catalogue is whole and says what the English says; who chose German reads it, everybody else English."""

from __future__ import annotations

import ast
import datetime
import html
import re
import runpy
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.utils import timezone, translation

from archive.desk.exporting.services import give_up
from archive.desk.models import Export
from archive.documents.shown import day_shown, value_shown
from archive.search.indexing import index_waiting
from archive.work.leases import Lease
from archive.work.models import WorkItem
from portal.templatetags import vellum
from tests.archive.documents.archives import Archive, letter, sms

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "portal" / "locale" / "de" / "LC_MESSAGES" / "django.po"
COLLECTED = ("archive", "portal", "templates")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|\{\w+\}")
FIELD = re.compile(r'^(msgctxt|msgid_plural|msgid|msgstr(?:\[\d\])?) ((?:".*"\n?)+)', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One text. Shapes: `texts` are singular and plural where there is one; `said` has a German text for each."""

    context: str
    texts: tuple[str, ...]
    said: tuple[str, ...]
    fuzzy: bool


def entries_of(file: Path) -> list[Entry]:
    """Return the texts of a catalogue, its header left out."""
    blocks = file.read_text(encoding="utf-8").strip().split("\n\n")
    return list(map(_entry, blocks[1:]))


def _entry(block: str) -> Entry:
    fields = {
        name: "".join(ast.literal_eval(line) for line in lines.splitlines()) for name, lines in FIELD.findall(block)
    }
    texts = tuple(fields[name] for name in ("msgid", "msgid_plural") if name in fields)
    said = tuple(text for name, text in fields.items() if name.startswith("msgstr"))
    return Entry(fields.get("msgctxt", ""), texts, said, "#, fuzzy" in block)


@pytest.fixture
def german(settings: Any, tmp_path: Path) -> None:
    """Compile the catalogue as it is now, so that no older one is tested."""
    if not shutil.which("msgfmt"):
        pytest.skip("msgfmt of gettext is not there, so no catalogue can be compiled")
    compiled = tmp_path / "locale" / "de" / "LC_MESSAGES" / "django.mo"
    compiled.parent.mkdir(parents=True)
    subprocess.run(["msgfmt", "--check", "-o", str(compiled), str(CATALOGUE)], check=True)
    settings.LOCALE_PATHS = [tmp_path / "locale"]


@pytest.fixture
def words(german: None, client: Any, user_of: Any) -> Any:
    """Return a function: the words of a page for a user of a role and a language, tags left out."""

    def page(url: str, *roles: str, language: str = "de", status: int = 200) -> str:
        user = user_of(*roles, name=f"{'-'.join(roles)}-{language}")
        user.language = language
        user.save()
        client.force_login(user)
        answer = client.get(url)
        assert answer.status_code == status
        text = answer.content.decode()
        assert f'<html lang="{language or "en"}"' in text
        return bare(text)

    return page


def bare(text: str) -> str:
    """Return the words of a page, tags left out."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", text)))


# The catalogue


def test_every_text_has_a_german_one_and_none_is_a_guess() -> None:
    entries = entries_of(CATALOGUE)
    assert len(entries) > 500
    assert [entry.texts for entry in entries if entry.fuzzy or not all(entry.said)] == []
    assert [entry.texts for entry in entries if len(entry.said) != (2 if len(entry.texts) == 2 else 1)] == []
    assert "\n#~" not in CATALOGUE.read_text(encoding="utf-8")


def test_placeholders_are_the_same_in_both_languages() -> None:
    for entry in entries_of(CATALOGUE):
        for text, said in zip(entry.texts, entry.said, strict=True):
            assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(said)), text
            assert sorted(re.findall(r"<[^>]+>", text)) == sorted(re.findall(r"<[^>]+>", said)), text


def test_blanks_at_the_ends_and_marks_at_the_end_are_the_same() -> None:
    for entry in entries_of(CATALOGUE):
        for text, said in zip(entry.texts, entry.said, strict=True):
            assert (text[:1] == " ", text[-1:] == " ") == (said[:1] == " ", said[-1:] == " "), text
            assert (text[-1:] in ".:?") == (said[-1:] in ".:?"), text


def test_query_keywords_stay_as_they_are_typed() -> None:
    keyword = re.compile(r"\b(?:class|state|issued|field):[\w-]+(?:[.,]+\w+)*|manage\.py \w+")
    for entry in entries_of(CATALOGUE):
        for text, said in zip(entry.texts, entry.said, strict=True):
            assert keyword.findall(text) == keyword.findall(said), text


def test_collecting_again_finds_no_text_that_the_catalogue_lacks(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not shutil.which("xgettext"):
        pytest.skip("xgettext of gettext is not there, so texts cannot be collected")
    for folder in COLLECTED:
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("locale", "__pycache__"))
    (tmp_path / "locale").mkdir()
    settings.LOCALE_PATHS = [str(tmp_path / "locale")]
    monkeypatch.chdir(tmp_path)
    call_command("makemessages", locale=["de"], no_location=True, verbosity=0)
    collected = {(entry.context, entry.texts) for entry in entries_of(tmp_path / "locale/de/LC_MESSAGES/django.po")}
    known = {(entry.context, entry.texts) for entry in entries_of(CATALOGUE)}
    assert len(collected) > 500
    assert collected - known == set()


# Set-up


def test_setup_compiles_the_catalogue_once_and_again_when_it_changed_or_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if not shutil.which("msgfmt"):
        pytest.skip("msgfmt of gettext is not there, so no catalogue can be compiled")
    setup = runpy.run_path(str(ROOT / "scripts" / "setup.py"))
    places = setup["messages"].__globals__
    (tmp_path / ".venv").mkdir()
    monkeypatch.setitem(places, "ROOT", tmp_path)
    monkeypatch.setitem(places, "STAMPS", tmp_path / ".venv" / "stamps")
    source = tmp_path / "portal" / "locale" / "de" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    shutil.copy(CATALOGUE, source)

    def compiles() -> bool:
        setup["messages"]()
        assert source.with_suffix(".mo").stat().st_size > 10_000
        return "compiling" in capsys.readouterr().out

    assert compiles() and not compiles()
    source.with_suffix(".mo").unlink()
    assert compiles() and not compiles()
    source.write_text(source.read_text(encoding="utf-8").replace('"Alle"', '"Jede"'), encoding="utf-8")
    assert compiles() and not compiles()


# Pages


def test_the_search_page_is_german(words: Any, configured: None) -> None:
    said = words("/search/", "agent")
    assert "Finden, was einem Kunden mitgeteilt wurde" in said
    assert "Füllen Sie aus, was Sie wissen" in said
    # Words of the query language are the same for all.
    assert "class:statement issued:2026-01..2026-06 channel:email" in said


def test_a_record_is_german_and_its_dates_too(words: Any, archive: Archive) -> None:
    row = archive.add("one", issued_on="2026-10-31", index={"branch": "012"})
    said = words(f"/communications/{row.public_id}/?panel=kept", "agent")
    assert "31. Okt. 2026" in said and "Was danach geschieht" in said
    assert "Von selbst nichts: Eine Aussonderung braucht eine Prüfung und zwei Personen." in said


def test_the_loads_page_is_german(words: Any, configured: None) -> None:
    assert "Es wurde noch nichts geladen" in words("/loads/", "operations")


def test_the_log_is_german(words: Any, configured: None) -> None:
    said = words("/audit/", "auditor")
    assert "Niemand kann einen Eintrag ändern oder entfernen; auch das Lesen dieser Seite ist ein Eintrag." in said


def test_the_help_is_german(words: Any, configured: None) -> None:
    said = words("/help/", "agent")
    assert "So suchen Sie" in said and "Was nebeneinandersteht, muss alles zutreffen." in said
    assert "text:0004711 dieselben Ziffern in den Dokumenten" in said and "x Zeile auswählen" in said


def test_searching_for_words_is_german(words: Any, archive: Archive, client: Any) -> None:
    archive.load(letter("a", variants=[sms("Wir erheben eine fee")], index={"branch": "012"}))
    index_waiting(workers=0)
    archive.load(letter("b", variants=[sms("Noch eine fee")], index={"branch": "012"}))
    words("/search/", "agent")
    place = client.post("/search/", {"q": "fee OR channel:sms"}).headers["Location"]
    said = bare(client.get(place).content.decode())
    assert "Alle gefundenen auswählen" in said and "Suche speichern" in said
    counted = bare(client.get(f"{place}count", headers={"hx-request": "true"}).content.decode())
    assert "2 Schreiben, die Sie sehen dürfen." in counted
    assert "Der Text von 1 dieser Schreiben ist noch nicht indexiert." in counted


def test_notes_exports_and_saved_searches_are_german(words: Any, archive: Archive) -> None:
    row = archive.add("one", index={"branch": "012"})
    said = words(f"/communications/{row.public_id}/?panel=notes", "agent")
    assert "0 Notizen" in said and "Zu diesem Schreiben hat niemand eine Notiz geschrieben." in said
    assert "Es wurde noch nichts exportiert" in words("/exports/", "compliance")
    assert "Es wurde noch keine Suche gespeichert" in words("/search/saved/", "auditor")


def test_an_email_and_what_cannot_be_read_of_it_are_german(words: Any, archive: Archive) -> None:
    content = b"From: bank@example.org\nTo: eva@example.org\nSubject: Hello\n\nGood day"
    row = archive.add_file("mail", "m.eml", content, "message/rfc822", index={"branch": "012"})
    place = f"/communications/{row.public_id}/"
    said = words(place, "agent")
    assert "Von bank@example.org" in said and "An eva@example.org" in said and "Betreff Hello" in said
    assert "Diese E-Mail hat keine solche Datei." in words(f"{place}?file=9", "auditor")


def test_an_export_in_the_background_speaks_the_language_of_its_user(german: None, user_of: Any) -> None:
    user = user_of("compliance")
    user.language = "de"
    user.save()
    export = Export.objects.create(user=user, kind=Export.Kind.XLSX, query="", created_at=timezone.now())
    give_up(Lease(WorkItem(kind="desk.export", payload={"export": export.pk})))
    export.refresh_from_db()
    assert export.message == "Der Export brach mehrmals ab. Der Betrieb kann sehen, warum."


def test_the_word_index_page_is_german(words: Any, configured: None) -> None:
    assert "Wortindex" in words("/system/text/", "operations")


def test_sign_in_speaks_the_browsers_language(german: None, client: Any, db: None) -> None:
    said = bare(client.get("/accounts/login/", headers={"accept-language": "de-AT,de;q=0.9"}).content.decode())
    assert "Kein Benutzerkonto, oder das Passwort ist verloren?" in said and "Benutzername" in said
    answer = client.post(
        "/accounts/login/", {"login": "nobody", "password": "wrong"}, headers={"accept-language": "de"}
    )
    assert "Benutzername oder Passwort ist nicht richtig." in bare(answer.content.decode())


def test_errors_are_german(words: Any, configured: None) -> None:
    absent = words("/communications/01920000-0000-7000-8000-000000000000/", "agent", status=404)
    assert "Diesen Datensatz gibt es nicht, oder Sie dürfen ihn nicht sehen." in absent
    assert "Ihre Rollen erlauben dies nicht." in words("/audit/", "operations", status=403)


def test_a_query_that_is_not_understood_is_explained_in_german(
    german: None, configured: None, client: Any, user_of: Any
) -> None:
    user = user_of("agent")
    user.language = "de"
    user.save()
    client.force_login(user)
    answer = client.post("/search/", {"q": "class:statment"})
    said = bare(answer.content.decode())
    assert "Als Klasse ist „statment“ nicht bekannt (Zeichen 7). Meinten Sie class:statement?" in said


def test_others_read_english(words: Any, configured: None, client: Any) -> None:
    for language in ("en", ""):
        assert "Find what a customer was told" in words("/search/", "agent", language=language)
    client.logout()
    assert "No account, or the password is lost?" in bare(client.get("/accounts/login/").content.decode())


def test_days_numbers_and_sizes_have_the_form_of_the_language(german: None) -> None:
    day = datetime.date(2026, 10, 31)
    with translation.override("de"):
        assert ">31. Okt. 2026<" in vellum.day(day) and day_shown("2026-10-31") == "31. Okt. 2026"
        assert day_shown("2026-10") == "Okt. 2026" and day_shown("2026-05-01") == "1. Mai 2026"
        assert vellum.number(1204771) == "1.204.771" and value_shown("5349.90", "number") == "5.349,90"
        assert vellum.size(6_200_000_000) == "6,2 GB"
    with translation.override("en"):
        assert ">31 Oct 2026<" in vellum.day(day) and day_shown("2026-10-31") == "31 Oct 2026"
        assert vellum.number(1204771) == "1,204,771"


def test_german_is_offered() -> None:
    assert ("de", "Deutsch") in django_settings.LANGUAGES


@pytest.fixture
def archive(configured: None, tmp_path: Path) -> Archive:
    """Return an empty archive."""
    return Archive(tmp_path)
