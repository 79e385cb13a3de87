"""manage.py check_search: can the search engine be used?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from search.engines import get_engine
from search.engines.base import EngineAwayError, EngineError


class Command(BaseCommand):
    """What an operator wants to know before the site serves."""

    help = "Ask the search engine whether it can be used with these settings."

    def handle(self, *args: Any, **options: Any) -> None:
        """Fails where the settings are wrong; an engine that is away now may come back and is only told."""
        try:
            engine = get_engine()
            engine.check()
        except EngineAwayError as error:
            self._warn(f"{error}. The site serves without search until it is back.")
            return
        except EngineError as error:
            raise CommandError(str(error)) from error
        try:
            self.stdout.write(f"Search can be used; {engine.statistics().papers} papers are in the index.")
        except EngineError as error:
            self._warn(f"{error}. The indexer makes a new index where this one is damaged or of another version.")

    def _warn(self, text: str) -> None:
        self.stderr.write(self.style.WARNING(text))
