"""The responses recorded from the real arXiv, served as they are."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from tests import SHARED
from tests.arxiv.answers import Answer, Query

FOLDER = SHARED / "arxiv-wire"
_TYPES = {"atom-api": "application/atom+xml", "oai": "text/xml", "rss": "application/rss+xml"}


class NotRecordedError(Exception):
    """There is no such recorded response; the text says what is missing."""


@dataclass(frozen=True)
class Rule:
    """Requests that a recorded file answers: those to this path that carry these parameters, whatever else."""

    path: str
    query: Mapping[str, str]
    file: str
    status: int = 200

    def fits(self, path: str, query: Query) -> bool:
        """Whether a request is meant."""
        return path == self.path and all(query.get(name, "") == value for name, value in self.query.items())


class Recorded:
    """The folder of recorded responses, and the rules by which they stand in for the world's own answers."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self.folder = folder
        self.rules: list[Rule] = []

    def answer(self, file: str, status: int = 200) -> Answer:
        """One file byte for byte, by its path in the folder. Raises NotRecordedError."""
        if not self.folder.is_dir():
            raise NotRecordedError("the recorded responses are not on this machine")
        path = (self.folder / file).resolve()
        if not path.is_relative_to(self.folder.resolve()) or not path.is_file():
            raise NotRecordedError(f"no recorded response of this name: {file}")
        kind = "application/atom+xml" if path.name.startswith("atom-") else _TYPES.get(path.parent.name, "text/plain")
        return Answer(path.read_bytes(), status, f"{kind}; charset=utf-8")

    def stand_in(self, file: str, path: str, query: Mapping[str, str] | None = None, status: int = 200) -> None:
        """From now on this file answers requests to `path` with these parameters. Raises NotRecordedError."""
        self.answer(file)
        self.rules.insert(0, Rule(path, dict(query or {}), file, status))

    def stand_in_for_api(self) -> None:
        """Every recorded answer of the query API answers the request it was recorded from. Raises NotRecordedError.

        Which page was asked for counts for searches alone.
        """
        for item in json.loads(self.answer("atom-api/index.json").body):
            query = dict(parse_qsl(urlsplit(item["url"]).query))
            wanted = ("id_list",) if "id_list" in query else ("search_query", "start", "max_results")
            self.stand_in(item["file"], "/api/query", {name: query[name] for name in wanted}, item["status"])

    def find(self, path: str, query: Query) -> Answer | None:
        """The file that answers a request, the rule made last first; None where none does."""
        rule = next((rule for rule in self.rules if rule.fits(path, query)), None)
        return None if rule is None else self.answer(rule.file, rule.status)
