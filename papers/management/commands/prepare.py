"""manage.py prepare: everything a site on one machine needs before it serves."""

import errno
import socket
from io import StringIO
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from config.settings import OPTION


class Command(BaseCommand):
    """What `make run` does before it starts the processes; safe to run again at any time."""

    help = "Check the port and the search engine, bring the database up to date, gather the static files."

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, migrate, gather."""
        host, port = OPTION["HOST"], OPTION["PORT"]
        _check_port(host, port)
        call_command("check_search", stdout=StringIO())
        call_command("migrate", verbosity=0, interactive=False)
        call_command("collectstatic", verbosity=0, interactive=False)
        shown = f"[{host}]" if ":" in host else host
        self.stdout.write(f"Papertide serves on http://{shown}:{port} (Ctrl-C stops it)")


def _check_port(host: str, port: int) -> None:
    """Raises CommandError with a way out where the port cannot be taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As the server does: a port that was just given up is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise CommandError(
                    f"Port {port} is taken by another program. Choose another: PORT={port + 1} make run"
                ) from error
            raise CommandError(f"{host}:{port} cannot be served on: {error.strerror}") from error
