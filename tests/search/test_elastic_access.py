"""The way to Elasticsearch: settings that are wrong, servers that are others, keys, certificates, the circuit.

Where a loopback stands in the place of Elasticsearch, the test says so.
"""

import json
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from scripts.services import elasticsearch as servers
from scripts.services.base import Unavailable
from search.engines.base import EngineAwayError, EngineError
from search.engines.elastic import ElasticEngine
from search.engines.elastic_client import Address, Cluster
from tests.search.elastics import filled
from tests.search.loopback import Answer, loopback
from tests.services import missing


def test_an_open_circuit_sends_nothing_and_then_one_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loopback in the place of Elasticsearch, which is overloaded at first."""
    asked: list[str] = []
    healthy = threading.Event()

    def answer(method: str, path: str, body: bytes) -> Answer:
        asked.append(path)
        time.sleep(0.2)
        if healthy.is_set():
            return Answer(200, json.dumps({"count": 7, "_shards": {"failed": 0, "total": 1}}))
        return Answer(429, json.dumps({"error": {"type": "busy", "reason": "too busy"}}))

    with loopback(answer) as url:
        monkeypatch.setattr("search.engines.elastic_client.REST", 1)
        cluster = Cluster(Address((url,)))
        told: list[str] = []

        def ask() -> None:
            try:
                with cluster.reading() as client:
                    client.count(index="x")
                told.append("")
            except EngineAwayError as error:
                told.append(str(error))

        for _ in range(3):
            ask()
        assert len(asked) == 3
        for _ in range(10):
            ask()
        assert len(asked) == 3
        assert "asked again" in told[-1]
        time.sleep(1.1)
        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(asked) == 4  # one tries for all
        healthy.set()
        time.sleep(1.1)
        ask()
        ask()
        assert told[-2:] == ["", ""]
        assert len(asked) == 6
        cluster.close()


# Settings that are wrong


def told(address: Address) -> str:
    """What an operator is told of an address."""
    with pytest.raises(EngineError) as error:
        Cluster(address).check()
    return str(error.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"urls": ()}, "ELASTICSEARCH_URL is not set"),
        ({"urls": ("search.example.org:9200",)}, "is no address such as"),
        ({"urls": ("http://",)}, "is no address such as"),
        ({"urls": ("http://127.0.0.1:ninety",)}, "is no address such as"),
        ({"urls": ("http://127.0.0.1:99999",)}, "is no address such as"),
        ({"urls": ("http://[::1",)}, "is no address such as"),
        ({"urls": ("ftp://127.0.0.1:9200",)}, "is no address such as"),
        ({"urls": ("http://elastic:s3cret@127.0.0.1:9200",)}, "ELASTICSEARCH_PASSWORD"),
        ({"urls": ("elastic:s3cret@127.0.0.1:9200",)}, "127.0.0.1:9200 is no address"),
        ({"password": "s3cret", "api_key": "s3cret"}, "both set"),
        ({"timeout": 0}, "ELASTICSEARCH_TIMEOUT"),
        ({"ca_file": "/nowhere/ca.pem"}, "there is no file /nowhere/ca.pem"),
        ({"ca_file": __file__, "urls": ("https://127.0.0.1:9200",)}, "cannot be read as certificates"),
        ({"ca_file": __file__}, "cannot be read as certificates"),
        ({"urls": ("http://no-such-host.invalid:9200",)}, "cannot be reached"),
        ({"urls": ("http://127.0.0.1:1",)}, "cannot be reached"),
    ],
)
def test_wrong_settings_are_said(given: dict[str, object], message: str) -> None:
    words = told(replace(Address(("http://127.0.0.1:1",), timeout=2), **given))  # type: ignore[arg-type]
    assert message in words
    assert "s3cret" not in words


def test_a_password_is_not_part_of_an_address_that_is_printed() -> None:
    assert "s3cret" not in repr(Address(("http://x",), password="s3cret", api_key="s3cret"))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(200, "<html>Welcome</html>", "text/html", ""), "is not Elasticsearch"),
        (Answer(404, "<html>Not found</html>", "text/html", ""), "is not Elasticsearch"),
        (Answer(404, '{"detail": "Not found"}', product=""), "is not Elasticsearch"),
        (Answer(200, '{"version": {"number": "9.4.3"}}', product=""), "is not Elasticsearch"),
        (Answer(200, '{"version": {"number": "8.19.1"}}'), "Elasticsearch 8.19.1 is too old"),
        (Answer(200, '{"version": {"number": "9.1.9"}}'), "Elasticsearch 9.1.9 is too old"),
        (
            Answer(400, '{"error": {"type": "media_type_header_exception", "reason": "Invalid media-type value"}}'),
            "of another version than 9.x",
        ),
        (Answer(401, '{"error": {"type": "security_exception", "reason": "unable"}}'), "refuses the password or key"),
        (Answer(503, '{"error": {"type": "x", "reason": "no master"}}'), "overloaded or without some of its shards"),
    ],
)
def test_a_server_that_cannot_be_used_is_said(answer: Answer, message: str) -> None:
    """A loopback in the place of Elasticsearch: servers of other kinds and versions are not at hand."""
    with loopback(lambda *_: answer) as url:
        assert message in told(Address((url,), timeout=2))
        reader = ElasticEngine(Cluster(Address((url,), timeout=2)))
        if "too old" not in message:
            with pytest.raises(EngineError):
                reader.statistics()
        reader.cluster.close()


# A node with passwords and certificates


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Cluster]:
    """A real node that wants a password over HTTPS."""
    try:
        cluster = servers.start(tmp_path_factory.mktemp("secured"), security=True, quick=True)
    except Unavailable as error:
        missing(str(error))
    with cluster:
        yield cluster


@pytest.fixture
def right(secured: servers.Cluster) -> Address:
    """The address with all that is needed."""
    assert secured.password
    return Address(tuple(secured.urls), password=secured.password, ca_file=str(secured.ca_file), timeout=20)


def test_a_password_connects(right: Address) -> None:
    cluster = Cluster(right)
    cluster.check()
    engine = filled(ElasticEngine(cluster, "secured"), 3)
    assert engine.statistics().papers == 3


def test_an_api_key_connects_with_the_rights_it_has(right: Address) -> None:
    assert right.password
    with Elasticsearch(list(right.urls), basic_auth=("elastic", right.password), ca_certs=right.ca_file) as operator:
        rights = {"indices": [{"names": ["keyed", "keyed-*"], "privileges": ["all"]}], "cluster": ["monitor"]}
        key = operator.security.create_api_key(name="site", role_descriptors={"site": rights})["encoded"]
    cluster = Cluster(replace(right, password="", api_key=key))
    cluster.check()
    assert filled(ElasticEngine(cluster, "keyed"), 3).statistics().papers == 3
    with pytest.raises(EngineError, match="does not allow this to the user or key"):
        filled(ElasticEngine(cluster, "other"), 3)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"password": "s3cret-but-wrong"}, "refuses the password or key"),
        ({"password": "", "api_key": "czNjcmV0LWtleTp3cm9uZw=="}, "refuses the password or key"),
        ({"password": "", "api_key": "s3cret-no-key"}, "refuses the password or key"),
        ({"password": ""}, "refuses the password or key"),
        ({"ca_file": ""}, "ELASTICSEARCH_CA_FILE"),
        ({"urls": "http"}, "cannot be reached"),
    ],
)
def test_wrong_keys_and_certificates_are_said(
    right: Address, given: dict[str, object], message: str, caplog: pytest.LogCaptureFixture
) -> None:
    if given.get("urls") == "http":
        given = {"urls": tuple(url.replace("https:", "http:") for url in right.urls), "ca_file": ""}
    with caplog.at_level(logging.DEBUG):
        words = told(replace(right, **given))  # type: ignore[arg-type]
    assert message in words
    for secret in (right.password, given.get("password"), given.get("api_key")):
        assert not secret or str(secret) not in words + caplog.text


def test_a_certificate_of_another_authority_is_not_trusted(right: Address, tmp_path: Path) -> None:
    from scripts.services import certificates

    certificates.make(tmp_path)
    assert "ELASTICSEARCH_CA_FILE" in told(replace(right, ca_file=str(tmp_path / "ca.crt")))
