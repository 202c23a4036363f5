"""Settings of tests: those of the product, on a data folder of this process, with a fast hasher."""

import os
import tempfile

os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="vellum-test-")
os.environ.setdefault("SECRET_KEY", "only-for-tests-only-for-tests-only-for-tests")

from portal.settings import *  # noqa: F403
from portal.settings import DATABASES, STORAGES

DATABASES["default"]["TEST"] = {"NAME": os.path.join(os.environ["DATA_DIR"], "test.db")}
DATABASES["default"]["CONN_MAX_AGE"] = 0
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# A test runs in a transaction that is rolled back; the order "recorded, then sent" is tested where it can be.
READS_MAY_BE_RECORDED_INSIDE = True
CELERY_TASK_ALWAYS_EAGER = False
ALLOWED_HOSTS = ["*"]
EXTRACTION_WORKERS = 0  # the pool has tests of its own
