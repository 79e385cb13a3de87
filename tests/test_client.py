"""The command-line client as a program of its own, without any installed package, at a served site; and at servers that
misbehave, which a site that works is not."""

import csv
import io
import json
import os
import re
import shlex
import subprocess
import sys
import zipapp
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
import rispy
from bibtexparser.entrypoint import parse_file
from django.conf import settings

from papertide_client.__main__ import parser
from scripts.throwaway import Site
from tests.listening import listening

ROOT = Path(__file__).resolve().parents[1]
LUONG = "1508.04025"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def client(
    url: str,
    *arguments: str,
    program: tuple[str, ...] = ("-m", "papertide_client"),
    cwd: Path = ROOT,
    variables: dict[str, str] | None = None,
    stdin: str = "",
) -> "subprocess.CompletedProcess[str]":
    """One run of the program. `-S`: Python without what is installed beside it."""
    environment = {"PATH": os.environ["PATH"], "PAPERTIDE_URL": url, "no_proxy": "127.0.0.1", **(variables or {})}
    command = [sys.executable, "-S", *program, *arguments]
    return subprocess.run(
        command, env=environment, cwd=cwd, input=stdin, capture_output=True, encoding="utf-8", timeout=60, check=False
    )


@pytest.fixture
def run(served_shelf: Site) -> Run:
    """Runs the client at the served shelf."""
    return lambda *arguments, **more: client(served_shelf.url, *arguments, **more)


def api(site: Site, address: str, **query: Any) -> Any:
    """The API's answer."""
    return requests.get(f"{site.url}/api/v1/{address}", query, timeout=60).json()


def test_a_search_is_a_line_a_paper_in_the_sites_order(run: Run, served_shelf: Site) -> None:
    done = run("search", "attention", "translation", "--limit", "5")
    wanted = api(served_shelf, "search", q="attention translation", size=5)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert [line.split()[1] for line in lines] == [item["id"] for item in wanted["items"]]
    assert all(item["title"] in line for item, line in zip(wanted["items"], lines, strict=True))
    assert f"{wanted['total']} papers hold the words" in done.stderr


def test_a_query_may_exclude_words(run: Run, served_shelf: Site) -> None:
    lines = run("search", "--", "learning", "-attention").stdout.splitlines()
    wanted = api(served_shelf, "search", q="learning -attention", size=20)["items"]
    assert [line.split()[1] for line in lines] == [item["id"] for item in wanted]


def test_a_search_may_be_by_words_alone(run: Run, served_shelf: Site) -> None:
    found = json.loads(run("search", "attention", "graphs", "--words", "--limit", "100", "--json").stdout)["items"]
    wanted = api(served_shelf, "search", q="attention graphs", size=100, meaning="false")["items"]
    assert [item["id"] for item in found] == [item["id"] for item in wanted]
    assert len(found) < len(api(served_shelf, "search", q="attention graphs", size=100)["items"])


def test_scripts_get_json_over_several_pages(run: Run, served_shelf: Site) -> None:
    found = json.loads(run("search", "learning", "--limit", "150", "--json").stdout)
    first = api(served_shelf, "search", q="learning", size=100)
    second = api(served_shelf, "search", q="learning", size=100, cursor=first["next"])
    wanted = [item["id"] for item in first["items"] + second["items"]]
    assert len(wanted) > 150
    assert [item["id"] for item in found["items"]] == wanted[:150]
    assert found["total"] == first["total"]


def test_relatives_name_what_they_share(run: Run, served_shelf: Site) -> None:
    [first, *_] = api(served_shelf, f"papers/{LUONG}/related", limit=3)["items"]
    done = run("related", f"{LUONG}v2", "--limit", "3")
    assert done.stdout.splitlines()[0].split()[1] == first["id"]
    assert f"shares {', '.join(first['reason'])}" in done.stdout
    assert len(json.loads(run("related", LUONG, "--limit", "3", "--json").stdout)["items"]) == 3


def test_papers_are_shown_whole_and_what_is_not_there_is_told(run: Run, served_shelf: Site) -> None:
    done = run("get", LUONG, "2501.99999")
    paper = api(served_shelf, f"papers/{LUONG}")
    assert done.returncode == 0
    assert " ".join(paper["abstract"].split()) in " ".join(done.stdout.split())
    assert paper["pdf_url"] in done.stdout
    assert "2501.99999 is not on this site" in done.stderr
    assert json.loads(run("get", LUONG, "--json").stdout) == {"items": [paper]}
    assert run("get", "2501.99999").returncode == 4


def test_a_text_is_classified_from_the_command_line_or_the_standard_input(run: Run, served_shelf: Site) -> None:
    text = "Attention for translation\nA decoder attends to all words of the sentence that a neural network translates."
    answer = requests.post(f"{served_shelf.url}/api/v1/classify", json={"text": text}, timeout=60).json()
    assert json.loads(run("classify", text, "--json").stdout) == answer
    done = run("classify", stdin=text)
    assert [line.split()[0] for line in done.stdout.splitlines()] == [item["category"] for item in answer["items"]]
    assert f"{answer['items'][0]['confidence']:.0%}" in done.stdout
    assert ("unsure" in done.stderr) == answer["unsure"]


def test_every_paper_is_exported_once_in_every_format(run: Run, served_shelf: Site, tmp_path: Path) -> None:
    files = {kind: tmp_path / f"papers.{kind}" for kind in ("ndjson", "bibtex", "ris", "csv")}
    for kind, path in files.items():
        done = run("export", "--all", "--format", kind, "--output", str(path))
        assert done.returncode == 0, done.stderr
    papers = [json.loads(line) for line in files["ndjson"].read_text().splitlines()]
    ids = [paper["id"] for paper in papers]
    assert len(ids) == len(set(ids)) == api(served_shelf, "papers")["total"] > 200
    assert done.stderr == f"{len(ids)} papers written to {files['csv']}.\n"
    assert papers[0] == api(served_shelf, f"papers/{ids[0]}")
    library = parse_file(str(files["bibtex"]))
    assert not library.failed_blocks
    assert [entry["eprint"] for entry in library.entries] == ids
    assert len({entry.key.lower() for entry in library.entries}) == len(ids)
    assert [entry["url"].removeprefix("https://arxiv.org/abs/") for entry in _ris(files["ris"])] == ids
    rows = list(csv.DictReader(io.StringIO(files["csv"].read_bytes().decode("utf-8-sig"))))
    assert [row["id"] for row in rows] == ids
    assert list(tmp_path.iterdir()) and not list(tmp_path.glob("*.part"))  # noqa: PT018


def _ris(path: Path) -> list[dict[str, Any]]:
    entries = rispy.loads(path.read_bytes().decode().replace("\r\n", "\n"))
    return [{"url": next(url for url in entry["urls"] if "/abs/" in url)} for entry in entries]


def test_an_export_can_be_of_a_search_of_ids_or_of_relatives(run: Run) -> None:
    def ids(*what: str) -> list[str]:
        done = run("export", *what, "--format", "ndjson", "--quiet")
        assert (done.returncode, done.stderr) == (0, "")
        return [json.loads(line)["id"] for line in done.stdout.splitlines()]

    assert ids("--id", LUONG, "1409.0473", LUONG) == [LUONG, "1409.0473"]
    assert LUONG not in ids("--related", LUONG, "--limit", "7")
    assert len(ids("--query", "learning", "--limit", "120")) == 120
    assert run("export", "--id", "2501.99999").returncode == 4
    days = run("export", "--category", "cs.CL", "--from", "2015-01-01", "--to", "2015-12-31", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(days.stdout.lstrip("\ufeff"))))
    assert LUONG in {row["id"] for row in rows}
    assert {row["published"][:4] for row in rows} == {"2015"}


def test_a_pipe_that_closes_early_is_no_fault(served_shelf: Site) -> None:
    command = f"{sys.executable} -S -m papertide_client export --all --format ndjson | head -c 1"
    environment = {"PATH": os.environ["PATH"], "PAPERTIDE_URL": served_shelf.url, "no_proxy": "127.0.0.1"}
    shell = ["bash", "-c", f"{command}; echo ${{PIPESTATUS[0]}}"]
    done = subprocess.run(shell, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "{141\n"
    assert "Traceback" not in done.stderr


def test_one_file_is_enough(served_shelf: Site, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "papertide_client").mkdir(parents=True)
    for path in (ROOT / "papertide_client").glob("*.py"):
        (source / "papertide_client" / path.name).write_bytes(path.read_bytes())
    zipapp.create_archive(source, tmp_path / "papertide.pyz", main="papertide_client.__main__:main")
    done = client(served_shelf.url, "get", LUONG, program=(str(tmp_path / "papertide.pyz"),), cwd=tmp_path)
    assert (done.returncode, LUONG in done.stdout) == (0, True), done.stderr


def test_client_and_site_have_one_version() -> None:
    assert client("", "--version").stdout == f"papertide_client {settings.VERSION}\n"


def test_every_command_of_the_manual_is_one() -> None:
    text = (ROOT / "docs" / "client.md").read_text() + parser().format_help() + _export_help()
    commands = re.findall(
        r"^ *(?:python3 -m papertide_client|papertide|papertide_client) ([a-z][^|<\n]*)", text, re.MULTILINE
    )
    assert len(commands) > 12
    for command in commands:
        parser().parse_args(shlex.split(command))


def _export_help() -> str:
    return client("http://127.0.0.1:9", "export", "--help").stdout


@pytest.mark.parametrize("command", [(), ("search",), ("related",), ("get",), ("classify",), ("export",)])
def test_help_names_every_option(command: tuple[str, ...]) -> None:
    done = client("http://127.0.0.1:9", *command, "--help")
    assert done.returncode == 0
    wanted = ("--site", "--token", "--patience") if command else ("search", "export", "PAPERTIDE_TOKEN", "exit status")
    assert all(word in done.stdout for word in wanted)


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (("search",), 2, "required"),
        (("search", "x", "--limit", "0"), 2, "is not 1 to 1000"),
        (("export",), 2, "required"),
        (("export", "--query", "x", "--from", "2025-01-01"), 2, "go with --category"),
        (("export", "--category", "cs", "--from", "yesterday"), 2, "is no day"),
        (("get", "x", "--site", "papers.example.org"), 2, "is no address"),
        (("get", "x", "--site", "file:///etc/passwd"), 2, "is no address"),
        (("get", "x", "--token", "a\nb"), 2, "no token has"),
        (("get", "x", "--site", "http://127.0.0.1:9"), 3, "cannot be reached"),
        (("export", "--category", "cs.XX"), 1, "no such category: cs.XX"),
        (("export", "--id", LUONG, "--output", "/nowhere/at/all"), 1, "cannot be written"),
        (("get", "nonsense"), 4, "no arXiv id"),
    ],
)
def test_what_goes_wrong_is_told_in_a_sentence(run: Run, arguments: tuple[str, ...], status: int, told: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_token_of_the_environment_goes_along_and_a_wrong_one_is_refused(run: Run) -> None:
    done = run("get", LUONG, variables={"PAPERTIDE_TOKEN": "ptd_made-up"})
    assert (done.returncode, done.stdout) == (1, "")
    assert "token is unknown" in done.stderr


Answer = tuple[int, dict[str, str], bytes]


@contextmanager
def server(answer: Callable[[BaseHTTPRequestHandler], Answer]) -> Iterator[str]:
    """The address of a server that answers as it is told."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = answer(self)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with listening(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as address:
        yield address


PAPER = {"id": "2501.00001", "title": "On \x1b[31mtides", "authors": ["Ada"], "published": "2025-01-01T00:00:00Z"}
PART = json.dumps({"items": [PAPER], "total": 1, "next": None, "notes": [], "asked": None}).encode()


def test_it_waits_as_long_as_it_is_told_and_not_beyond_its_patience() -> None:
    asked: list[str] = []

    def busy_at_first(request: BaseHTTPRequestHandler) -> Answer:
        asked.append(request.path)
        return (429, {"Retry-After": "1"}, b"") if len(asked) < 3 else (200, {}, PART)

    with server(busy_at_first) as url:
        done = client(url, "search", "tides")
        assert (done.returncode, len(asked)) == (0, 3)
        assert done.stderr.count("asking again in 1 s") == 2
        assert "\x1b" not in done.stdout
    with server(lambda _: (503, {"Retry-After": "3600"}, b"")) as url:
        done = client(url, "search", "tides")
        assert (done.returncode, done.stdout) == (5, "")
        assert "asks to wait 3600 seconds" in done.stderr
    with server(lambda _: (429, {"Retry-After": "Fri, 01 Jan 2100 00:00:00 GMT"}, b"")) as url:
        assert client(url, "search", "tides").returncode == 5
    with server(lambda _: (429, {"Retry-After": "1"}, b"")) as url:
        assert client(url, "search", "tides", "--patience", "1").returncode == 5


@pytest.mark.parametrize(
    ("status", "headers", "body", "ends"),
    [
        (200, {"Content-Type": "text/html"}, b"<html>", 3),
        (200, {}, b"[1]", 3),
        (200, {}, b'{"items": {}}', 3),
        (200, {}, b'{"items": [{}]}', 3),
        (200, {}, b"[" * 100_000, 3),
        (200, {"Content-Length": "100"}, b"{", 3),
        (500, {"Content-Type": "application/problem+json"}, b"{", 1),
        (500, {"Content-Type": "text/html"}, b"<h1>x</h1>", 1),
        (302, {"Location": "http://elsewhere.example/api/v1/search"}, b"", 1),
        (302, {"Location": "file:///etc/passwd"}, b"", 1),
    ],
)
def test_no_answer_makes_it_fail_with_a_traceback(status: int, headers: dict[str, str], body: bytes, ends: int) -> None:
    with server(lambda _: (status, headers, body)) as url:
        for command in (("search", "x"), ("export", "--query", "x", "--format", "ndjson")):
            done = client(url, *command, variables={"PAPERTIDE_TOKEN": "ptd_secret"})
            assert (done.returncode, done.stdout) == (ends, "")
            assert len(done.stderr.splitlines()) == 1
            assert "Traceback" not in done.stderr


def test_an_export_that_breaks_off_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "papers.ndjson"
    path.write_text("what was there before")

    def breaks(request: BaseHTTPRequestHandler) -> Answer:
        if "cursor=" in request.path:
            return 500, {}, b""
        return 200, {}, json.dumps({"items": [PAPER], "total": 2, "next": "behind"}).encode()

    with server(breaks) as url:
        done = client(url, "export", "--query", "x", "--format", "ndjson", "--output", str(path))
    assert done.returncode == 1
    assert path.read_text() == "what was there before"
    assert list(tmp_path.iterdir()) == [path]
