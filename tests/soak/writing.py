"""One writer: in a thread, or as a process of its own by `python -m tests.soak.writing NAME SECONDS`."""

from __future__ import annotations

import json
import sys
import time


def write_for(seconds: float, name: str) -> tuple[int, float]:
    """Change something and record it, again and again; return how often, and the longest wait in seconds."""
    from django.db import transaction
    from django.utils import timezone

    from archive import audit
    from archive.audit.actor import Actor
    from archive.audit.verbs import Verb
    from archive.batches.models import Batch

    ends, count, longest = time.monotonic() + seconds, 0, 0.0
    while time.monotonic() < ends:
        began = time.monotonic()
        with transaction.atomic():
            Batch.objects.create(producer_id=1, key=f"{name}-{count}", created_at=timezone.now())
            audit.record(actor=Actor.system(name), verb=Verb.CONFIGURATION_CHANGED, subject=("writer", name), n=count)
        Batch.objects.filter(key=f"{name}-{count}").update(producer_id=2)  # one statement, in no transaction
        longest = max(longest, time.monotonic() - began)
        count += 1
    return count, longest


if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps(write_for(float(sys.argv[2]), sys.argv[1])))
