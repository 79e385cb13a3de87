"""manage.py restore BACKUP: database and secret key as they were."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from papers.backup.manifest import BackupError
from papers.backup.progress import bar
from papers.backup.site import restore_backup
from papers.models import Paper


class Command(BaseCommand):
    """In one transaction, checked before and after; with the site stopped."""

    help = "Restore a backup that manage.py backup made, into the same kind of database. Stop the site first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """BACKUP, --force."""
        parser.add_argument("folder", type=Path, metavar="BACKUP")
        parser.add_argument("--force", action="store_true", help="Replace a database that holds papers.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Restore and say what is left to do."""
        try:
            with bar() as progress:
                manifest = restore_backup(options["folder"], options["force"], progress)
        except BackupError as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"the database cannot be used: {' '.join(str(error).split())}") from error
        self.stdout.write(f"restored: {manifest.counts.get(Paper._meta.db_table, 0):,} papers of {manifest.made}")
        self.stdout.write("The index is of another time: manage.py index --rebuild makes it anew, from stored vectors.")
