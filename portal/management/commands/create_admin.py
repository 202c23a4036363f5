"""`manage.py create_admin`: the first administrator of an empty installation."""

from __future__ import annotations

import getpass
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from archive.audit.actor import Actor
from portal.accounts.services import UserExistsError, create_user


class Command(BaseCommand):
    """Thin: name and password in, `portal.accounts.services.create_user` does the work."""

    help = "Make an administrator: users, roles, access rules, classes; no access to content by that role alone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("name")
        parser.add_argument("--password", default="", help="asked for when it is not given")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the user."""
        password = options["password"] or getpass.getpass("Password: ")
        try:
            validate_password(password)
            create_user(
                name=options["name"], password=password, roles=["admin"], actor=Actor.system("manage.py create_admin")
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        except UserExistsError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{options['name']} can sign in now.")
