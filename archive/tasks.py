"""Index of Celery tasks: autodiscovery does not look into sub-packages."""

from archive.work.tasks import run_due, sweep

__all__ = ["run_due", "sweep"]
