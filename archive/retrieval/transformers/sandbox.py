"""A transformer at work: a folder of its own, no network, limits of time, memory, file size and processes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from archive.retrieval.limited import CannotShowError
from archive.retrieval.transformers import INPUT, OUTPUT, Transformer

TIMEOUT_SECONDS = 30
_LAUNCH = Path(__file__).with_name("launch.py")


ABSENT, NO_PDF, SLOW, FAILED = "absent", "no_pdf", "slow", "failed"
_WORDS = {
    ABSENT: _("%(tool)s is not installed on this machine."),
    NO_PDF: _("%(tool)s made no PDF of it."),
    SLOW: _("%(tool)s took too long."),
    FAILED: _("%(tool)s could not read it: it is broken, or asks for more than is allowed."),
}


class TransformError(CannotShowError):
    """A program did not make a PDF; the message says why.

    Shapes: `reason` is one of the words above, which can be kept and said in another language later.
    """

    def __init__(self, reason: str, tool: str) -> None:
        super().__init__(_WORDS.get(reason, _WORDS[FAILED]) % {"tool": tool})
        self.reason = reason


def transform(transformer: Transformer, payload: bytes) -> bytes:
    """Return the PDF that a program makes of a document.

    Errors: TransformError when it is missing, fails, takes too long, or makes something else.
    """
    if not transformer.is_installed:
        raise TransformError(ABSENT, transformer.label)
    with tempfile.TemporaryDirectory(prefix="vellum-") as name:
        folder = Path(name)
        source, target = folder / "in", folder / "out.pdf"
        source.write_bytes(payload)
        command = [part.replace(INPUT, str(source)).replace(OUTPUT, str(target)) for part in transformer.command]
        _run(command, folder, transformer.label)
        made = target.read_bytes() if target.is_file() and not target.is_symlink() else b""
    if not made.startswith(b"%PDF-"):
        raise TransformError(NO_PDF, transformer.label)
    return made


@lru_cache(maxsize=1)
def is_network_closed() -> bool:
    """Tell whether this machine lets programs run without a network."""
    done = subprocess.run([sys.executable, "-I", str(_LAUNCH), "--probe"], capture_output=True, check=False)  # noqa: S603
    return done.returncode == 0


def _run(command: list[str], folder: Path, label: str) -> None:
    """Run to the end; a program that takes too long ends with all its children."""
    process = subprocess.Popen(  # noqa: S603  (from our code or a file of the administrator, no shell)
        [sys.executable, "-I", str(_LAUNCH), *command],
        cwd=folder,
        env={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        code = process.wait(TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        raise TransformError(SLOW, label) from None
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if code:
        raise TransformError(FAILED, label)
