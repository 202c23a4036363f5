"""Celery, used as a doorbell only: the rows of `archive/work` are the work."""

import os
import warnings

from celery import Celery
from celery.exceptions import SecurityWarning
from celery.signals import worker_process_init, worker_ready, worker_shutting_down

from archive.work import ending
from archive.work.yielding import yield_to_people
from portal.processes import end_with_parent, keep_files_private

keep_files_private()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

# Whether to run as root is the operator's decision, and messages carry nothing that could be executed.
warnings.filterwarnings("ignore", category=SecurityWarning)

app = Celery("vellum")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_process_init.connect
def _begin_apart(**kwargs: object) -> None:
    """Let a forked worker open its own database connections, leave the processor to people, end with its parent."""
    from django.db import connections

    end_with_parent()
    connections.close_all()
    yield_to_people(own_session=os.getsid(0) == os.getppid())  # the parent process starts each child in one


@worker_ready.connect
def _look_for_work(**kwargs: object) -> None:
    """Go on at once with what was put back when the last worker ended."""
    from archive.work.services import ring_doorbell

    ring_doorbell()


@worker_shutting_down.connect
def _let_work_go(**kwargs: object) -> None:
    """Tell the processes that work to stop at their next heartbeat, so that the end takes seconds."""
    ending.begin()
