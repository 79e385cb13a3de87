"""`take_bounces`: reports of mails that could not be delivered, from a mail server's pipe or from a Maildir."""

import mailbox
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from workers.digests import bounces

TRY_AGAIN = 75  # EX_TEMPFAIL: the mail server keeps the report and comes again


class Command(BaseCommand):
    """Takes one report from standard input, or those that lie in a Maildir."""

    help = "Take reports of mails to readers that could not be delivered."

    def add_arguments(self, parser: CommandParser) -> None:
        """A recipient, or a folder."""
        parser.add_argument("--to", default="", help="to whom the report on standard input came; else its headers tell")
        parser.add_argument("--maildir", type=Path, help="take what is new in this Maildir instead")

    def handle(self, *_: Any, **options: Any) -> None:
        """Take and say what was of use. What is no report of use is no error: a mail server would report that in turn.

        Raises CommandError for a Maildir that cannot be read, and where the database is away.
        """
        try:
            if options["maildir"]:
                self.stdout.write(f"{bounces.take_maildir(options['maildir'])} of use")
            else:
                used = bounces.take(sys.stdin.buffer.read(bounces.LARGEST), options["to"])
                self.stdout.write("taken" if used else "ignored")
        except (OSError, mailbox.Error) as error:
            raise CommandError(f"the Maildir cannot be read: {error}") from error
        except DatabaseError as error:
            raise CommandError(f"the database does not answer: {error}", returncode=TRY_AGAIN) from error
