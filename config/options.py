"""Every setting the environment can give, in one typed table.

`config/settings.py` reads its values from here and `python -m config.options` prints the table of
`docs/operations.md`, so that code and documentation cannot drift apart (a test compares them).
"""

import math
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from papers.categories import clean_categories, subcategories

ENGINES = ("embedded", "elasticsearch")
_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


@dataclass(frozen=True)
class Option:
    """One variable: its name, how its text is read, the text taken when it is not set, and what it does."""

    name: str
    read: Callable[[str], Any]
    default: str
    help: str


def _boolean(text: str) -> bool:
    if text.lower() in {"1", "true", "yes", "on"}:
        return True
    if text.lower() in {"", "0", "false", "no", "off"}:
        return False
    raise ValueError("expected 1 or 0")


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _number(kind: type[int] | type[float], least: float, most: float, expected: str) -> Callable[[str], Any]:
    """A reader of numbers from `least` to `most`, which refuses others by saying what is `expected`."""

    def read(text: str) -> float:
        number = kind(text)
        if not least <= number <= most:  # nor is what is no number
            raise ValueError(f"expected {expected}")
        return number

    return read


def _matching(pattern: str, expected: str) -> Callable[[str], str]:
    """A reader of text that matches as a whole."""

    def read(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"expected {expected}")
        return text

    return read


_port = _number(int, 1, 65535, "a port from 1 to 65535")
_pool = _number(int, 0, 1000, "a number from 0 to 1000")
_from_none = _number(int, 0, math.inf, "a number, 0 or more")
_from_one = _number(int, 1, math.inf, "a number, 1 or more")
_share = _number(float, 0, 1, "a number from 0 to 1")
_seconds = _number(float, 0, sys.float_info.max, "a number of seconds, 0 or more")
_origin = _matching(r"(https?://[^\s/?#@]+)?", "an address without a path, such as https://papers.example.org")
_security = _matching("starttls|tls|none", "starttls, tls or none")
_log_format = _matching("console|json", "console or json")
_engine = _matching("|".join(ENGINES), " or ".join(ENGINES))
_runtime = _matching("onnx|torch", "onnx or torch")
_index_name = _matching(r"[a-z][a-z0-9_-]{0,60}", "small letters, digits, - and _")
_replicas = _matching(r"\d+|\d+-(\d+|all)", "a number such as 1 or a range such as 0-1")


def _categories(text: str) -> tuple[str, ...]:
    """Categories as they are stored, each once; an archive (`math`, `math.*`) is all that it holds."""
    codes: dict[str, None] = {}
    for name in _names(text):
        found = subcategories(name.lower().removesuffix(".*")) or clean_categories([name])
        if not found:
            raise ValueError(f"no such category: {name}")
        codes |= dict.fromkeys(found)
    if not codes:
        raise ValueError("expected categories such as cs.CL,stat.ML")
    return tuple(codes)


def _address(text: str) -> str:
    if text and not re.fullmatch(r"https?://[^\s/?#]+[^\s?#]*", text):
        raise ValueError("expected an address such as http://127.0.0.1:8900")
    return text.rstrip("/")


def _emails(text: str) -> tuple[str, ...]:
    for name in _names(text):
        if not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", name):
            raise ValueError("expected addresses such as me@example.org")
    return _names(text)


def _bounce_address(text: str) -> str:
    # The part before the @ has room for 64 characters, and each mail's number and signature need some.
    if text and not re.fullmatch(r"[^@+\s<>]{1,28}@[^@\s<>]+", text):
        raise ValueError("expected an address such as bounces@example.org, at most 28 characters before the @, no +")
    return text


def _days(text: str) -> frozenset[date]:
    return frozenset(date.fromisoformat(name) for name in _names(text))


def _log_level(text: str) -> str:
    if text.upper() not in _LOG_LEVELS:
        raise ValueError(f"expected one of {', '.join(_LOG_LEVELS)}")
    return text.upper()


OPTIONS = (
    Option("DEBUG", _boolean, "0", "Django's debug pages; never on a site that others reach."),
    Option(
        "SECRET_KEY",
        str,
        "",
        "Signs cookies. Made and kept in `DATA_DIR` where not given and not `PRODUCTION`.",
    ),
    Option(
        "PRODUCTION",
        _boolean,
        "0",
        "The site is reached over HTTPS by others: secure cookies, HSTS, a secret key is demanded.",
    ),
    Option(
        "ALLOWED_HOSTS",
        _names,
        "localhost,127.0.0.1,[::1]",
        "Host names the site answers to, joined by commas.",
    ),
    Option("CSRF_TRUSTED_ORIGINS", _names, "", "Origins (`https://name`) whose forms are taken, behind a proxy."),
    Option(
        "PROXY_HEADER",
        _boolean,
        "0",
        "Trust `X-Forwarded-Proto` and the last of `X-Forwarded-For`, both of a proxy in front.",
    ),
    Option("SCRIPT_NAME", str, "", "The path under which the site lives, such as `/papers`."),
    Option("HOST", str, "127.0.0.1", "The address that `make run` serves on."),
    Option("PORT", _port, "8000", "The port that `make run` serves on."),
    Option("DATA_DIR", str, "data", "Database, index, and keys of a site on one machine."),
    Option(
        "DATABASE_URL",
        str,
        "",
        "A database such as `postgres://name:word@host/papertide`; SQLite in `DATA_DIR` where not given.",
    ),
    Option(
        "DATABASE_POOL",
        _pool,
        "8",
        "The most connections that one web process has to PostgreSQL, one for each of its threads; 0: no pool.",
    ),
    Option(
        "DATABASE_TIMEOUT",
        _seconds,
        "30",
        "Seconds after which PostgreSQL ends a query of a web process; 0: never. Commands and workers may take longer.",
    ),
    Option("REDIS_URL", str, "", "Redis as broker, cache and lock; where not given, files in `DATA_DIR` do."),
    Option("SEARCH_ENGINE", _engine, "embedded", "The search engine: `embedded` or `elasticsearch`."),
    Option(
        "ELASTICSEARCH_URL",
        _names,
        "",
        "The nodes of Elasticsearch 9.x, joined by commas: `https://search1.example.org:9200`.",
    ),
    Option("ELASTICSEARCH_USER", str, "elastic", "The user whose password is `ELASTICSEARCH_PASSWORD`."),
    Option("ELASTICSEARCH_PASSWORD", str, "", "Password for Elasticsearch."),
    Option("ELASTICSEARCH_API_KEY", str, "", "API key for Elasticsearch, in the place of user and password."),
    Option(
        "ELASTICSEARCH_CA_FILE", str, "", "The certificate authority (PEM) that signed Elasticsearch's certificate."
    ),
    Option(
        "ELASTICSEARCH_INDEX",
        _index_name,
        "papers",
        "The alias of the index; its indices are named `papers-<UTC time>`. Sites on one cluster need one each.",
    ),
    Option("ELASTICSEARCH_SHARDS", _from_one, "1", "Shards of a new index: one carries some ten million papers."),
    Option(
        "ELASTICSEARCH_REPLICAS",
        _replicas,
        "0-1",
        "Copies of each shard: a number, or a range that follows the number of nodes.",
    ),
    Option(
        "ELASTICSEARCH_TIMEOUT",
        _seconds,
        "3",
        "Seconds that a reader's request to Elasticsearch may take; of several nodes, each of three gets half of it.",
    ),
    Option("EMBEDDING_MODEL", str, "all-MiniLM-L6-v2", "A sentence-transformers model, by name or folder."),
    Option(
        "ENCODER_RUNTIME",
        _runtime,
        "onnx",
        "What computes it: `onnx` (ONNX Runtime, on the CPU), or `torch` (PyTorch, on a GPU where there is one).",
    ),
    Option("ONNX_DIR", str, "", "Where the model is kept for ONNX Runtime; `DATA_DIR/onnx` where not given."),
    Option(
        "RERANKER_MODEL",
        str,
        "",
        "A cross-encoder of sentence-transformers, by name or folder, that reorders the best 50 papers; none if empty.",
    ),
    Option("RERANKER_SHARE", _share, "0.5", "How much it counts beside the usual order: 0 not at all, 1 alone."),
    Option("WHITENING_BETA", _share, "0", "β of the whitening: how much of the mean is taken away, 0 to 1."),
    Option("WHITENING_GAMMA", _share, "0.25", "γ of the whitening: 0 is a rotation, 1 whitens fully."),
    Option(
        "PULL_CATEGORIES",
        _categories,
        "cs.AI,cs.CL,cs.CV,cs.LG,stat.ML",
        "The categories or archives (`math`) whose newest papers are pulled.",
    ),
    Option("CONTACT_EMAIL", str, "", "Your address, told to arXiv with each request as it asks."),
    Option(
        "ARXIV_URL",
        _address,
        "",
        "One address in the place of arXiv's three interfaces, for trials: `make arxiv` serves such a one.",
    ),
    Option(
        "ARXIV_HOLIDAYS",
        _days,
        "",
        "Days on which arXiv announces nothing, beside those of 2026: `2027-01-01,2027-01-18`.",
    ),
    Option(
        "ARXIV_DELAY",
        _seconds,
        "3",
        "Seconds between two requests to arXiv, over all processes. arXiv asks for 3.",
    ),
    Option(
        "SINGLE_USER",
        _boolean,
        "0",
        "The site has one reader, who needs no account: whoever reaches it sees and changes her library.",
    ),
    Option("SIGNUP_OPEN", _boolean, "1", "Whether readers may sign up by themselves."),
    Option(
        "OIDC_ISSUER",
        _address,
        "",
        "An institute's OpenID Connect that readers may sign in by: its address, or that of its discovery document.",
    ),
    Option("OIDC_CLIENT_ID", str, "", "The name by which it knows this site."),
    Option("OIDC_CLIENT_SECRET", str, "", "The secret that belongs to that name."),
    Option("OIDC_NAME", str, "Institute", "What the button for it says after “Sign in with”."),
    Option(
        "SITE_URL",
        _origin,
        "",
        "The address under which readers reach the site, without a path: `https://papers.example.org`. The links in "
        "mails need it; without it readers are offered none.",
    ),
    Option("EMAIL_HOST", str, "", "The server that sends the site's mail; without one none is sent."),
    Option("EMAIL_PORT", _port, "587", "Its port."),
    Option("EMAIL_USER", str, "", "User at the mail server."),
    Option("EMAIL_PASSWORD", str, "", "Password for the mail server."),
    Option("EMAIL_SECURITY", _security, "starttls", "How mail travels: `starttls`, `tls` or `none`."),
    Option("EMAIL_FROM", str, "", "The sender of the site's mail; `CONTACT_EMAIL` where not given."),
    Option(
        "BOUNCE_ADDRESS",
        _bounce_address,
        "",
        "Where reports of mails that could not be delivered go, such as `bounces@example.org`: each mail has a sender "
        "`bounces+…@example.org` of its own. `EMAIL_FROM` where not given.",
    ),
    Option(
        "BOUNCE_MAILDIR",
        str,
        "",
        "A Maildir in which those reports arrive; a worker looks each minute. Else pipe them to `take_bounces`.",
    ),
    Option(
        "OPERATOR_EMAIL",
        _emails,
        "",
        "Where alarms and a digest of each announcement day are mailed to, joined by commas.",
    ),
    Option(
        "LIMIT_PAGES",
        _from_none,
        "600",
        "Requests for pages that one address may send in a minute; more are answered by 429. 0: no limit.",
    ),
    Option(
        "LIMIT_API",
        _from_none,
        "300",
        "Requests to the API, and messages of assistants, that one token may send in a minute, or without a token one "
        "address. 0: no limit.",
    ),
    Option("MCP", _boolean, "1", "Whether assistants may ask the site at `/mcp`, by the Model Context Protocol."),
    Option(
        "METRICS_TOKEN",
        str,
        "",
        "What Prometheus must name to read `/metrics`; where not given, only this machine may.",
    ),
    Option("LOG_FORMAT", _log_format, "console", "`console`: lines for people; `json`: an object a line."),
    Option("LOG_LEVEL", _log_level, "INFO", f"How much is logged: {', '.join(_LOG_LEVELS)}."),
)


def read_options() -> dict[str, Any]:
    """Every option's value by name, from the environment or its default.

    Raises ImproperlyConfigured naming the variable whose text cannot be read.
    """
    values = {}
    for option in OPTIONS:
        text = os.environ.get(option.name, option.default)
        try:
            values[option.name] = option.read(text)
        except ValueError as error:
            raise ImproperlyConfigured(f"{option.name}={text!r} cannot be read: {error}") from None
    return values


def markdown_table() -> str:
    """The options as the table of `docs/operations.md`."""
    rows = [
        f"| `{option.name}` | {f'`{option.default}`' if option.default else ''} | {option.help} |" for option in OPTIONS
    ]
    return "\n".join(["| variable | default | what it does |", "|---|---|---|", *rows])


if __name__ == "__main__":
    print(markdown_table())
