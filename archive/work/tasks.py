"""Doorbells: they carry nothing, and it does no harm when one is lost or rings twice."""

from celery import shared_task

from archive.work import services


@shared_task(name="archive.work.run_due", ignore_result=True)
def run_due() -> None:
    """Run what is due."""
    services.run_due_items()


@shared_task(name="archive.work.sweep", ignore_result=True)
def sweep() -> None:
    """Ring again for what was missed."""
    services.sweep()
