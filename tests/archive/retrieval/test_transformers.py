"""A class may name a program that makes its native format readable; what it makes is labelled, the original stays."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings

from archive.audit.actor import Actor
from archive.documents.copies import copy_holders
from archive.documents.models import Communication
from archive.retrieval import renditions
from archive.retrieval.renditions import KEPT_DAYS, REFUSED_SECONDS
from archive.retrieval.transformers import BadTransformersError, Transformer, sandbox, transformers, version_of
from archive.retrieval.transformers.sandbox import TransformError, transform
from portal.configuration.applying import ConfigurationError, apply
from portal.configuration.exporting import export
from tests.archive.documents.archives import Archive, body_of, events
from tests.archive.retrieval.test_sandbox import assert_sandboxed
from tests.configuration import CONFIGURATION

POSTSCRIPT = b"%!PS\n/Helvetica findfont 24 scalefont setfont 72 700 moveto (Dear Mrs Miller) show showpage\n"
SEEN = {"index": {"branch": "012"}}
needs_ghostscript = pytest.mark.skipif(
    not shutil.which("gs"), reason="Ghostscript, a separate program, is not installed; setup does where it may"
)


def tool(tmp_path: Path, script: str, key: str = "tool") -> Transformer:
    """Return a transformer that is a shell script: $1 the input, $2 the output."""
    path = tmp_path / key
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return Transformer(key, "Tool", ("application/x-native",), (str(path), "{input}", "{output}"), ("echo", "1.0"))


def named(**transformers: str) -> dict[str, Any]:
    """Return the configuration of the tests, with transformers for statements."""
    classes = [
        {**entry, "transformers": {key.replace("__", "/"): value for key, value in transformers.items()}}
        if entry["key"] == "statement"
        else entry
        for entry in CONFIGURATION["classes"]
    ]
    return {**CONFIGURATION, "classes": classes}


@pytest.fixture
def agent(archive: Archive, user_of: Any, client: Any) -> Any:
    """Return an agent who is signed in, where statements in PostScript are read by Ghostscript."""
    apply(named(application__postscript="ghostscript"), actor=Actor.system("tests"))
    user = user_of("agent")
    client.force_login(user)
    return user


def add(archive: Archive, content: bytes = POSTSCRIPT, **changes: Any) -> Communication:
    """Add a statement in PostScript."""
    return archive.add_file(f"ps-{archive.packages}", "a.ps", content, "application/postscript", **{**SEEN, **changes})


def page_of(client: Any, row: Communication) -> str:
    """Return the page of a record."""
    return str(client.get(f"/communications/{row.public_id}/").content.decode())


@needs_ghostscript
def test_postscript_is_read_as_a_labelled_pdf_and_downloaded_as_it_is(
    archive: Archive, agent: Any, client: Any
) -> None:
    row = add(archive)
    page = page_of(client, row)
    assert "Made for reading from the stored file by Ghostscript" in page and "the original is the record" in page
    assert f'<v-pdf-viewer src="/communications/{row.public_id}-1/rendition"' in page
    assert events("variant.viewed") == []
    answer = client.get(f"/communications/{row.public_id}-1/rendition")
    assert_sandboxed(answer)
    made = body_of(answer)
    assert answer["Content-Type"] == "application/pdf" and made.startswith(b"%PDF-")
    assert len(events("variant.viewed")) == 1
    assert body_of(client.get(f"/communications/{row.public_id}-1/download")) == POSTSCRIPT
    assert body_of(client.get(f"/communications/{row.public_id}-1/rendition")) == made  # kept, not made again


@needs_ghostscript
def test_postscript_that_wants_other_files_gets_none(archive: Archive, agent: Any, client: Any, tmp_path: Path) -> None:
    secret, target = tmp_path / "secret", tmp_path / "written"
    secret.write_text("(secret) show")
    programs = (
        f"({secret}) run showpage",
        f"({target}) (w) file (x) writestring",
        f"(%pipe%touch {target}) (w) file",
    )
    for program in programs:
        page = page_of(client, add(archive, b"%!PS\n" + program.encode()))
        assert "could not read it" in page and not target.exists()


@needs_ghostscript
def test_what_is_broken_is_said_and_not_tried_again_for_a_while(
    archive: Archive, agent: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = add(archive, b"%!PS\n(no end")
    assert "could not read it" in page_of(client, row)
    tried: list[bytes] = []
    monkeypatch.setattr(renditions, "transform", lambda _transformer, payload: tried.append(payload) or b"%PDF-")
    assert "could not read it" in page_of(client, row) and tried == []
    for refused in (settings.DATA_DIR / "renditions" / str(row.public_id)).glob("*.refused"):
        os.utime(refused, (0, time.time() - REFUSED_SECONDS - 1))
    assert "Made for reading" in page_of(client, row) and len(tried) == 1


def test_without_the_program_the_page_says_so(
    archive: Archive, agent: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    page = page_of(client, add(archive))
    assert "cannot be shown here" in page and "Ghostscript is not installed on this machine." in page


def test_other_classes_other_types_and_other_readers_get_none(
    archive: Archive, agent: Any, client: Any, user_of: Any
) -> None:
    rows = [
        add(archive, document_class="bill", parties=[{"role": "holder", "name": "Eva"}]),
        archive.add_file("afp", "a.afp", b"Z", "application/vnd.ibm.modcap", **SEEN),
        archive.add_file("pdf", "a.pdf", b"%PDF", "application/pdf", **SEEN),
    ]
    hidden = add(archive, index={"branch": "099"})
    assert client.get(f"/communications/{hidden.public_id}-1/rendition").status_code == 404
    assert events("variant.viewed") == []
    client.force_login(user_of("admin"))
    assert client.get(f"/communications/{hidden.public_id}-1/rendition").status_code == 403
    client.force_login(user_of("auditor"))
    for row in rows:
        assert client.get(f"/communications/{row.public_id}-1/rendition").status_code == 404


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 3", "could not read it"),
        ("true", "made no PDF"),
        ("echo hello > $2", "made no PDF"),
        ("ln -s /etc/passwd $2", "made no PDF"),
        ("head -c 400000000 /dev/zero > $2", "could not read it"),
    ],
)
def test_a_program_that_makes_no_pdf_is_refused(tmp_path: Path, script: str, said: str) -> None:
    with pytest.raises(TransformError, match=said):
        transform(tool(tmp_path, script), b"native")


def test_a_program_that_does_not_end_is_ended_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "TIMEOUT_SECONDS", 1)
    with pytest.raises(TransformError, match="took too long"):
        transform(tool(tmp_path, f"echo $$ > {tmp_path}/pid; sleep 600 & sleep 600"), b"native")
    pid = int((tmp_path / "pid").read_text())
    for _try in range(100):
        if not Path(f"/proc/{pid}").exists():
            return
        time.sleep(0.01)
    raise AssertionError("it runs on")


def test_a_program_has_a_folder_of_its_own_and_no_network_and_nothing_of_our_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "hush")
    out = tmp_path / "said"
    script = f"(pwd; env; cat /proc/net/route) > {out}; printf '%%PDF-' > $2"
    made = transform(tool(tmp_path, script), b"native")
    said = out.read_text()
    assert made == b"%PDF-" and "hush" not in said and "/vellum-" in said.splitlines()[0]
    assert not Path(said.splitlines()[0]).exists()  # gone afterwards
    if sandbox.is_network_closed():
        assert len(said.partition("Iface")[2].splitlines()) <= 1  # the head of the table, and no way out


def test_renditions_go_when_nobody_reads_them_and_with_their_communication(
    archive: Archive, agent: Any, tmp_path: Path
) -> None:
    folder = settings.DATA_DIR / "renditions" / "some-letter"
    folder.mkdir(parents=True, exist_ok=True)
    for name, days in (("old", KEPT_DAYS + 1), ("new", 1)):
        for ending in (".pdf", ".json"):
            (folder / name).with_suffix(ending).write_text("{}")
        os.utime(folder / f"{name}.json", (0, time.time() - days * 86_400))
    renditions.run_clear(SimpleNamespace(heartbeat=lambda: None))  # type: ignore[arg-type]
    assert sorted(path.name for path in folder.iterdir()) == ["new.json", "new.pdf"]
    (holder,) = [holder for holder in copy_holders() if isinstance(holder, renditions.RenditionHolder)]
    assert holder.list_copies("some-letter") == ["new.pdf"]  # type: ignore[arg-type]
    assert holder.dispose("some-letter") == 1 and not folder.exists()  # type: ignore[arg-type]
    assert holder.dispose("some-letter") == 0  # type: ignore[arg-type]


def test_further_transformers_come_from_a_file(settings: Any, tmp_path: Path) -> None:
    entry = {
        "key": "afp2pdf",
        "label": "AFP",
        "accepts": ["application/vnd.ibm.modcap"],
        "command": ["afp2pdf", "{input}", "{output}"],
        "version_command": ["echo", "7.1"],
    }
    path = tmp_path / "transformers.json"
    path.write_text(json.dumps([entry]))
    settings.TRANSFORMERS = str(path)
    found = transformers()["afp2pdf"]
    assert set(transformers()) == {"ghostscript", "afp2pdf"} and not found.is_installed
    assert version_of(found) == "7.1"
    for number, broken in enumerate(({**entry, "command": ["x", "{input}"]}, {"key": "x"}, "x")):
        path = tmp_path / f"broken{number}.json"
        path.write_text(json.dumps([broken]))
        settings.TRANSFORMERS = str(path)
        with pytest.raises(BadTransformersError, match="is no list of transformers"):
            transformers()


@pytest.mark.usefixtures("configured")
def test_a_class_names_only_what_there_is_for_what_it_takes() -> None:
    actor = Actor.system("tests")
    apply(named(application__postscript="ghostscript"), actor=actor)
    told = {entry["key"]: entry["transformers"] for entry in export()["classes"]}
    assert told == {"statement": {"application/postscript": "ghostscript"}, "bill": {}, "draft": {}}
    assert apply(export(), actor=actor) == []
    for wrong, said in (
        (named(application__postscript="rm"), 'No transformer is called "rm"'),
        (named(text__html="ghostscript"), "does not take text/html"),
    ):
        with pytest.raises(ConfigurationError, match=said):
            apply(wrong, actor=actor)
