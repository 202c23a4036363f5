#!/usr/bin/env python
"""Run Vellum's commands: `python manage.py help` lists them."""

import os
import sys


def main() -> None:
    """Hand the command line to Django."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from django.core.management import execute_from_command_line

    from portal.env import BadSettingError
    from portal.processes import keep_files_private

    keep_files_private()
    try:
        execute_from_command_line(sys.argv)
    except BadSettingError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
