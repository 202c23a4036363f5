"""Wiring: settings, URLs, accounts, and the commands that reach across."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
