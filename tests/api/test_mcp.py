"""Assistants at a real server process, by the SDK's own client, and messages that no client sends."""

import json
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import anyio
import pytest
import requests
from django.core.cache import caches
from django.test import Client as Browser
from mcp import Client, MCPError
from mcp_types import CallToolResult, TextContent
from pytest_django import Settings

from api.mcp.answers import LONGEST_ABSTRACT, MOST_AUTHORS
from api.mcp.tools import TOOLS
from papers.accounts import tokens
from papers.models import Paper
from scripts.throwaway import Site
from search.engines.base import EngineError
from tests.papers.readers import make_reader

ERAS = ("legacy", "2026-07-28")
HEADERS = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
ROOT = Path(__file__).resolve().parents[2]
LUONG = "1508.04025"
T = TypeVar("T")


def asked(site: Site, do: Callable[[Client], Awaitable[T]], era: str = "auto") -> T:
    """What `do` gives with a client that is connected to the site."""

    async def talk() -> T:
        async with Client(f"{site.url}/mcp", mode=era) as client:
            return await do(client)

    # In a thread of its own: in the main one the loop of a browser's tests may run.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(anyio.run, talk).result()


def call(site: Site, tool: str, era: str = "auto", **arguments: Any) -> CallToolResult:
    """What a tool answers."""
    return asked(site, lambda client: client.call_tool(tool, arguments), era)


def api(site: Site, address: str, **query: Any) -> Any:
    """The API's answer."""
    answer = requests.get(f"{site.url}/api/v1/{address}", query, timeout=60)
    answer.raise_for_status()
    return answer.json()


def post(site: Site, body: bytes | str, **headers: str) -> requests.Response:
    """A message as it stands."""
    return requests.post(f"{site.url}/mcp", body, headers=HEADERS | headers, timeout=60)


@pytest.mark.parametrize("era", ERAS)
def test_tools_are_listed_with_what_they_take_and_only_read(served_shelf: Site, era: str) -> None:
    listed = asked(served_shelf, lambda client: client.list_tools(), era).tools
    assert [tool.name for tool in listed] == list(TOOLS)
    for tool in listed:
        assert tool.annotations
        assert tool.annotations.read_only_hint
        assert tool.input_schema["additionalProperties"] is False
        assert tool.output_schema


@pytest.mark.parametrize("era", ERAS)
def test_a_search_gives_what_the_api_gives_part_by_part(served_shelf: Site, era: str) -> None:
    wanted = api(served_shelf, "search", q="attention translation", size=3)
    first = call(served_shelf, "search", era, query="attention translation", limit=3)
    found = first.structured_content
    assert [paper["id"] for paper in found["papers"]] == [item["id"] for item in wanted["items"]]
    assert (found["total"], found["next"]) == (wanted["total"], wanted["next"])
    [text] = first.content
    assert isinstance(text, TextContent)
    assert json.loads(text.text) == found
    second = call(served_shelf, "search", era, query="attention translation", limit=3, cursor=found["next"])
    behind = api(served_shelf, "search", q="attention translation", size=3, cursor=wanted["next"])
    assert [paper["id"] for paper in second.structured_content["papers"]] == [item["id"] for item in behind["items"]]
    assert behind["items"]


def test_papers_come_by_any_form_of_their_ids_and_what_is_not_here_is_told(served_shelf: Site) -> None:
    asked_for = [f"https://arxiv.org/abs/{LUONG}v3", "2501.99999", "nonsense"]
    found = call(served_shelf, "get", ids=asked_for).structured_content
    [paper] = found["papers"]
    whole = api(served_shelf, f"papers/{LUONG}")
    for name in ("id", "title", "authors", "abstract", "categories", "doi", "keywords", "url", "pdf_url"):
        assert paper[name] == whole[name]
    assert [each["id"] for each in found["missing"]] == asked_for[1:]
    assert all(each["reason"] for each in found["missing"])


def test_relatives_are_those_of_the_api(served_shelf: Site) -> None:
    found = call(served_shelf, "related", id=LUONG, limit=5).structured_content["papers"]
    wanted = api(served_shelf, f"papers/{LUONG}/related", limit=5)["items"]
    assert [(paper["id"], paper["reason"]) for paper in found] == [(item["id"], item["reason"]) for item in wanted]


def test_a_text_is_classified_as_by_the_api(served_shelf: Site) -> None:
    text = "Attention for translation\nA decoder attends to all words of the sentence that a neural network translates."
    found = call(served_shelf, "classify", text=text).structured_content
    answer = requests.post(f"{served_shelf.url}/api/v1/classify", json={"text": text}, timeout=60).json()
    assert found == {name: answer[name] for name in ("items", "unsure")}
    assert found["items"][0]["category"] == "cs.CL"


@pytest.mark.parametrize(
    ("tool", "arguments", "reason"),
    [
        ("search", {}, "query: Field required"),
        ("search", {"query": ""}, "at least 1 character"),
        ("search", {"query": "x" * 5_000}, "at most 2000 characters"),
        ("search", {"query": "x", "limit": 1_000}, "less than or equal to 25"),
        ("search", {"query": "x", "limit": "many"}, "valid integer"),
        ("search", {"query": "x", "quietly": True}, "Extra inputs"),
        ("search", {"query": "x", "cursor": "made-up"}, "cursor cannot be read"),
        ("get", {"ids": [LUONG] * 21}, "at most 20 items"),
        ("get", {"ids": LUONG}, "valid list"),
        ("classify", {"text": "x" * 30_000}, "at most 20000 characters"),
        ("related", {"id": "2501.99999"}, "is not on this site"),
        ("related", {"id": "\0"}, "no arXiv id"),
    ],
)
def test_a_mistake_that_an_assistant_can_mend_is_told_as_the_tools_answer(
    served_shelf: Site, tool: str, arguments: dict[str, Any], reason: str
) -> None:
    answer = call(served_shelf, tool, **arguments)
    assert answer.is_error
    [text] = answer.content
    assert isinstance(text, TextContent)
    assert reason in text.text
    assert len(text.text) < 1_500


@pytest.mark.parametrize("era", ERAS)
def test_a_tool_that_there_is_not_is_an_error_of_the_protocol(served_shelf: Site, era: str) -> None:
    async def refusal(client: Client) -> MCPError:
        with pytest.raises(MCPError) as caught:
            await client.call_tool("delete_everything", {})
        return caught.value

    error = asked(served_shelf, refusal, era)
    assert (error.code, error.message[:53]) == (-32602, "There is no such tool; there are search, get, related")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b"1", b'"x"', b"\xff\xfe", b"{}", b"[" * 200_000, b'{"a":' * 100_000,
        json.dumps([PING, PING]), json.dumps(PING | {"jsonrpc": "1.0"}), json.dumps(PING | {"method": 7}),
        json.dumps(PING | {"id": {}}), json.dumps(PING | {"params": "x"}), json.dumps(PING | {"method": "x" * 9_000}),
        json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "search", "arguments": []}}),
        json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": {"a": 1}}}),
        '{"jsonrpc":"2.0","id":1e400,"method":"ping"}', '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":NaN}',
    ],
)  # fmt: skip
@pytest.mark.parametrize("version", ["", "2025-06-18", "2026-07-28", "1999-01-01", "x" * 500])
def test_no_message_makes_the_site_fail(served_shelf: Site, body: bytes | str, version: str) -> None:
    answer = post(served_shelf, body, **({"MCP-Protocol-Version": version} if version else {}))
    assert answer.status_code < 500, answer.text
    assert "Traceback" not in answer.text
    assert len(answer.content) < len(body) + 3_000  # the SDK says again what it could not read
    if answer.status_code != 202:
        assert "error" in answer.json()


def test_the_manuals_example_works_as_it_stands(served_shelf: Site) -> None:
    [example] = re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs" / "mcp.md").read_text(), re.DOTALL | re.MULTILINE)
    program = example.replace("http://127.0.0.1:8000", served_shelf.url)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    wanted = api(served_shelf, "search", q="tides", size=3)["items"]
    assert done.stdout.splitlines() == [f"{item['id']} {item['title']}" for item in wanted]
    for settings in re.findall(
        r"^```json\n(.*?)^```$", (ROOT / "docs" / "mcp.md").read_text(), re.DOTALL | re.MULTILINE
    ):
        assert "https://papers.example.org/mcp" in str(json.loads(settings))


def test_a_message_that_is_too_large_is_refused(served_shelf: Site) -> None:
    answer = post(served_shelf, json.dumps(PING | {"params": {"_meta": {"x": "y" * 1_200_000}}}))
    assert answer.status_code == 413
    assert answer.json()["error"]["message"] == "The message is too large."


def test_there_are_neither_streams_nor_sessions(served_shelf: Site) -> None:
    for method in ("GET", "DELETE", "PUT", "OPTIONS"):
        answer = requests.request(method, f"{served_shelf.url}/mcp", headers=HEADERS, timeout=10)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    listen = {"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": {}}
    for version in ("2025-11-25", "2026-07-28"):
        headers = {"MCP-Protocol-Version": version, "Mcp-Method": "subscriptions/listen"}
        given = post(served_shelf, json.dumps(listen), **headers)
        assert given.json()["error"]["code"] < 0
    assert "Mcp-Session-Id" not in post(served_shelf, json.dumps(PING)).headers


def test_pages_of_other_sites_may_not_ask(served_shelf: Site) -> None:
    message = json.dumps(PING)
    assert post(served_shelf, message).json()["result"] == {}
    assert post(served_shelf, message, Origin=served_shelf.url).status_code == 200
    for origin in ("https://elsewhere.example", "null", f"{served_shelf.url}0", "https://127.0.0.1", "file://"):
        for version in ({}, {"MCP-Protocol-Version": "2026-07-28"}):
            answer = post(served_shelf, message, Origin=origin, **version)
            assert answer.status_code == 403
            assert "Access-Control-Allow-Origin" not in answer.headers
    # A name of another site that leads here (DNS rebinding), with an origin that fits it.
    port = served_shelf.port
    answer = post(served_shelf, message, Host=f"rebound.example:{port}", Origin=f"http://rebound.example:{port}")
    assert answer.status_code == 400


def test_a_client_is_told_to_wait_and_a_wrong_token_is_refused(
    db: None, client: Browser, settings: Settings, ask: Callable[..., dict[str, Any]]
) -> None:
    settings.CLIENT_LIMITS = {"pages": 0, "api": 2}
    caches["limits"].clear()
    assert [ask("get", ids=[LUONG])["structuredContent"]["missing"][0]["id"] for _ in range(2)] == [LUONG] * 2
    ping, kind = json.dumps(PING), "application/json"
    answer = client.post("/mcp", ping, kind)
    assert (answer.status_code, 0 < int(answer["Retry-After"]) <= 60) == (429, True)
    text = tokens.make(make_reader("ada@example.org"), "assistant", [], 7)[1]
    bearer = {"Authorization": f"Bearer {text}", "Accept": "application/json"}
    assert client.post("/mcp", ping, kind, headers=bearer).json()["result"] == {}
    settings.CLIENT_LIMITS = {"pages": 0, "api": 0}
    answer = client.post("/mcp", ping, kind, headers={"Authorization": "Bearer ptd_made-up"})
    assert answer.status_code == 401
    assert "invalid_token" in answer["WWW-Authenticate"]


def test_notes_are_in_english_whatever_a_browser_would_prefer(db: None, client: Browser) -> None:
    call = {"name": "search", "arguments": {"query": "date:someday"}}
    message = json.dumps({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": call})
    headers = {"Accept": "application/json", "Accept-Language": "zh-CN"}
    found = client.post("/mcp", message, "application/json", headers=headers).json()["result"]
    assert found["structuredContent"]["notes"]
    assert not re.search(r"[\u4e00-\u9fff]", found["content"][0]["text"])


def test_readers_learn_the_address_where_there_is_one(db: None, client: Browser, settings: Settings) -> None:
    assert "http://testserver/mcp" in client.get("/tools").content.decode()
    settings.MCP = False
    assert "/mcp" not in client.get("/tools").content.decode()


def test_a_site_can_go_without(db: None, client: Browser, settings: Settings) -> None:
    settings.MCP = False
    assert client.post("/mcp", json.dumps(PING), content_type="application/json").status_code == 404


@pytest.fixture
def ask(client: Browser) -> Callable[..., dict[str, Any]]:
    """The result of a tool called in this process."""

    def send(name: str, **arguments: Any) -> dict[str, Any]:
        message = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
        headers = {"Accept": "application/json"}
        answer = client.post("/mcp", json.dumps(message), content_type="application/json", headers=headers)
        assert answer.status_code == 200
        assert answer["Cache-Control"] == "no-store"
        result: dict[str, Any] = answer.json()["result"]
        return result

    return send


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (EngineError("index-7 at 10.1.2.3 is away"), "try again in 30 seconds"),
        (ZeroDivisionError("secret detail"), "made a mistake"),
    ],
)
def test_what_fails_inside_stays_inside(
    db: None, ask: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch, fault: Exception, told: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise fault

    # A fault that a working site does not have cannot be had otherwise.
    monkeypatch.setattr("api.routers.search.service.search", fail)
    result = ask("search", query="tides")
    assert result["isError"] is True
    assert told in result["content"][0]["text"]
    assert str(fault) not in json.dumps(result)


def test_what_is_long_is_cut(shelf: list[Paper], ask: Callable[..., dict[str, Any]]) -> None:
    paper = shelf[0]
    paper.authors, paper.abstract = [f"Ada {number}" for number in range(3_000)], "word " * 4_000
    paper.save()
    [given] = ask("get", ids=[paper.arxiv_id])["structuredContent"]["papers"]
    assert (len(given["authors"]), given["author_count"]) == (MOST_AUTHORS, 3_000)
    assert len(given["abstract"]) == LONGEST_ABSTRACT
    assert given["abstract"].endswith("…")
