"""The committing process: `python -m archive.ingest.committing`, started by `archive.ingest.committer`.

It reads rounds from its standard input and answers each with None or the error. It ends when its parent closes the pipe
or dies; a round is a series of whole transactions, so there is no moment at which that could leave half a document.
"""

from __future__ import annotations

import marshal
import os
import pickle
import sys
from typing import IO, Any


def main() -> None:
    """Commit rounds until the pipe is closed."""
    # Standard output is the answer channel: whatever else prints goes to standard error.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    from archive.ingest.collecting import rarely_collected

    with rarely_collected():
        _commit_rounds(answers)


def _commit_rounds(answers: IO[bytes]) -> None:
    task = pickle.load(sys.stdin.buffer)  # noqa: S301  (our own parent)
    writing, part_of = _writing(task)
    while True:
        try:
            sealed, plain = pickle.load(sys.stdin.buffer)  # noqa: S301  (our own parent)
        except EOFError:
            return
        error: BaseException | None = None
        try:
            writing.write(sealed, [part_of(values) for values in marshal.loads(plain)])  # noqa: S302  (our own parent)
        except Exception as raised:
            error = _portable(raised)
        pickle.dump(error, answers)
        answers.flush()


def _writing(task: Any) -> Any:
    from django.db import connection

    from archive.batches.models import Load
    from archive.ingest.committer import Writing
    from archive.ingest.rows import Part

    connection.settings_dict["NAME"] = task.database
    return Writing(Load.objects.get(pk=task.load_id), task.actor, task.catalogue), Part.from_plain


def _portable(error: Exception) -> Exception:
    """Return an error that the parent can read back; one that cannot be pickled becomes its text."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  (what we just wrote)
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


if __name__ == "__main__":
    main()
    os._exit(0)  # all is committed and answered; taking the interpreter down would cost each load a tenth of a second
