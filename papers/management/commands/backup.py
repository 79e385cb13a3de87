"""manage.py backup FOLDER: database and secret key into a new folder within FOLDER."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from papers.backup.manifest import BackupError
from papers.backup.progress import bar
from papers.backup.site import make_backup


class Command(BaseCommand):
    """While the site runs; the backup is of one moment."""

    help = "Back up the database and the secret key into a new folder within FOLDER. The site may go on running."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """FOLDER."""
        parser.add_argument("folder", type=Path, metavar="FOLDER")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make one backup and print where it is."""
        try:
            with bar() as progress:
                made = make_backup(options["folder"], progress)
        except BackupError as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"the database cannot be used: {' '.join(str(error).split())}") from error
        self.stdout.write(f"backup: {made}")
