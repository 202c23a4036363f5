"""The WSGI application that the web server runs."""

import multiprocessing
import os

from django.core.wsgi import get_wsgi_application

from portal.processes import end_with_parent, keep_files_private

keep_files_private()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
if multiprocessing.parent_process() is not None:  # a worker of the web server
    end_with_parent()
application = get_wsgi_application()

from django.conf import settings  # noqa: E402  (Django must be set up first)

from portal.start import refuse_when_unsafe  # noqa: E402

# Each of many threads has a connection of its own, with a page cache of its own.
settings.DATABASES["default"]["OPTIONS"]["cache_mb"] = settings.WEB_CACHE_MB
refuse_when_unsafe()
