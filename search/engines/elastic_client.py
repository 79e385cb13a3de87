"""The way to Elasticsearch: where it is, who we are, how long we wait, and what its errors mean.

A web process must never hang on its cluster. So every request has a time limit, only so many are under way at once,
and after several failures in a row none is sent for some seconds: readers are told at once, and browse on.
"""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import elastic_transport
import elasticsearch
from circuitbreaker import STATE_HALF_OPEN, CircuitBreaker
from elastic_transport.client_utils import DEFAULT
from elasticsearch import ApiError, Elasticsearch

from search.engines.base import EngineAwayError, EngineError, StaleIndexError

OLDEST = (9, 2)  # since then `_source` leaves vectors out and still can be indexed anew
FAILURES, REST = 3, 5  # so many failures in a row, so many seconds of rest
AT_ONCE = 6  # of the eight threads of a web process: two are always left to browse
WAIT = 1.0  # seconds a request waits until one of the others is done
WRITE_TIMEOUT = 60.0  # seconds
BUSY = (429, 502, 503, 504)  # the status of what may be answered later


@dataclass(frozen=True)
class Address:
    """How to reach a cluster. timeout: seconds for one request of a reader."""

    urls: tuple[str, ...]
    user: str = "elastic"
    password: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)
    ca_file: str = ""
    timeout: float = 3.0

    def problem(self) -> str:
        """What is wrong with it as it stands, empty where nothing is."""
        if not self.urls:
            return "ELASTICSEARCH_URL is not set: SEARCH_ENGINE=elasticsearch needs it."
        for url in self.urls:
            if not _is_address(url):
                return f"ELASTICSEARCH_URL: {_public(url)} is no address such as https://search.example.org:9200."
            if "@" in url:
                return "ELASTICSEARCH_URL holds a password: give it by ELASTICSEARCH_USER and ELASTICSEARCH_PASSWORD."
        if self.timeout <= 0:
            return "ELASTICSEARCH_TIMEOUT must be more than 0 seconds."
        if self.password and self.api_key:
            return "ELASTICSEARCH_PASSWORD and ELASTICSEARCH_API_KEY are both set: give one of them."
        if self.ca_file and not Path(self.ca_file).is_file():
            return f"ELASTICSEARCH_CA_FILE: there is no file {self.ca_file}."
        if self.ca_file and not _holds_certificates(self.ca_file):
            return f"ELASTICSEARCH_CA_FILE: {self.ca_file} cannot be read as certificates (PEM)."
        if self.ca_file and not all(url.startswith("https:") for url in self.urls):
            return "ELASTICSEARCH_CA_FILE is set, but not every ELASTICSEARCH_URL begins with https:."
        return ""


class Cluster:
    """A client for one cluster with its limits. Raises EngineError where the address is wrong as it stands."""

    def __init__(self, address: Address) -> None:
        problem = address.problem()
        if problem:
            raise EngineError(problem)
        self.address = address
        several = len(address.urls) > 1
        # Up to three tries on several nodes, each with half of the time: another node may answer where one hangs.
        limit = address.timeout / 2 if several else address.timeout
        self._readers = _client(address, limit, retries=min(len(address.urls), 2), retry_slow=several)
        self._writers = _client(address, WRITE_TIMEOUT, retries=5, retry_slow=True)
        self._slots = threading.BoundedSemaphore(AT_ONCE)
        self._circuit = CircuitBreaker(FAILURES, REST, EngineAwayError)
        self._probing = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[Elasticsearch]:
        """A client for one request of a reader. Raises EngineError for whatever goes wrong."""
        self._demand_closed()
        if not self._slots.acquire(timeout=WAIT):
            raise EngineAwayError("Elasticsearch is slow: too many requests wait for it")
        try:
            with self._gate(), self._circuit, _explained():
                yield self._readers
        finally:
            self._slots.release()

    def _demand_closed(self) -> None:
        # The library looks at its state only where it decorates a function.
        if self._circuit.opened:
            raise EngineAwayError(f"Elasticsearch does not answer; it is asked again within {REST} s")

    @contextmanager
    def _gate(self) -> Iterator[None]:
        """Lets nobody through while the circuit is open, and one alone once its rest is over."""
        self._demand_closed()
        if self._circuit.state != STATE_HALF_OPEN:
            yield
            return
        if not self._probing.acquire(blocking=False):
            raise EngineAwayError("Elasticsearch did not answer; it is being asked again")
        try:
            yield
        finally:
            self._probing.release()

    @contextmanager
    def writing(self) -> Iterator[Elasticsearch]:
        """A patient client, for workers and commands. Raises EngineError for whatever goes wrong."""
        with _explained():
            yield self._writers

    def check(self) -> None:
        """Raises EngineError where the cluster cannot be used, saying why in words for an operator."""
        with _explained():
            number = self._readers.info()["version"]["number"]
        if tuple(int(part) for part in number.split(".")[:2]) < OLDEST:
            wanted = ".".join(map(str, OLDEST))
            raise EngineError(f"Elasticsearch {number} is too old: {wanted} or later of the 9.x line is needed.")

    def close(self) -> None:
        """Close all connections."""
        self._readers.close()
        self._writers.close()


def _client(address: Address, timeout: float, *, retries: int, retry_slow: bool) -> Elasticsearch:
    return Elasticsearch(
        list(address.urls),
        request_timeout=timeout,
        max_retries=retries,
        retry_on_timeout=retry_slow,
        retry_on_status=(502, 503, 504),
        connections_per_node=AT_ONCE + 2,
        max_dead_node_backoff=10,
        ca_certs=address.ca_file or DEFAULT,
        api_key=address.api_key or None,
        basic_auth=(address.user, address.password) if address.password else None,
    )


@contextmanager
def _explained() -> Iterator[None]:
    """Turns the client's errors into EngineError with words for an operator."""
    try:
        yield
    except elasticsearch.NotFoundError as error:
        if not _kind(error):
            raise EngineError("ELASTICSEARCH_URL: what answers there is not Elasticsearch") from error
        raise StaleIndexError(_reason(error)) from error
    except elasticsearch.AuthenticationException as error:
        raise EngineError(
            "Elasticsearch refuses the password or key: see ELASTICSEARCH_USER, _PASSWORD, _API_KEY"
        ) from error
    except elasticsearch.AuthorizationException as error:
        raise EngineError(f"Elasticsearch does not allow this to the user or key given: {_reason(error)}") from error
    except elasticsearch.UnsupportedProductError as error:
        raise EngineError("ELASTICSEARCH_URL: what answers there is not Elasticsearch") from error
    except ApiError as error:
        raise _api_error(error) from error
    except elastic_transport.TlsError as error:
        raise EngineError(f"Elasticsearch's TLS is not trusted, see ELASTICSEARCH_CA_FILE: {_cause(error)}") from error
    except elastic_transport.ConnectionTimeout as error:
        raise EngineAwayError("Elasticsearch did not answer in time") from error
    except elastic_transport.SerializationError as error:
        raise EngineError("ELASTICSEARCH_URL: what answers there is not Elasticsearch") from error
    except elastic_transport.TransportError as error:
        raise EngineAwayError(f"Elasticsearch cannot be reached: {_cause(error)}") from error


def _api_error(error: ApiError) -> EngineError:
    kind, reason, status = _kind(error), _reason(error), error.meta.status
    if kind == "media_type_header_exception":
        return EngineError(f"Elasticsearch is of another version than 9.x, which is needed: {reason}")
    fault = index_fault(kind, reason)
    if fault is not None:
        return fault
    if status in BUSY:
        return EngineAwayError(f"Elasticsearch is overloaded or without some of its shards: {reason}")
    return EngineError(f"Elasticsearch refuses the request: {reason}")


def index_fault(kind: str, reason: str) -> EngineError | None:
    """What an operator has to mend before the index takes anything, of a request's or one document's error; else
    None."""
    if kind == "cluster_block_exception" and "flood" in reason:
        return EngineError(f"Elasticsearch has no room, its disk is over the flood-stage watermark: {reason}")
    if kind == "strict_dynamic_mapping_exception":
        return EngineError(f"the index was made by another version of Papertide: manage.py index --rebuild ({reason})")
    return None


def _told(error: ApiError) -> object:
    return error.body.get("error") if isinstance(error.body, dict) else None


def _kind(error: ApiError) -> str:
    found = _told(error)
    return str(found.get("type", "")) if isinstance(found, dict) else ""


def _reason(error: ApiError) -> str:
    found = _told(error)
    if isinstance(found, dict):
        causes = found.get("root_cause") or [found]
        return str(causes[0].get("reason") or found.get("reason") or error)
    return str(found or error)


def _cause(error: BaseException) -> BaseException:
    """What lies at the bottom: the client wraps errors in each other, each quoting the next."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, an IPv6 address that is not closed
        return False


def _holds_certificates(path: str) -> bool:
    try:
        return bool(ssl.create_default_context(cafile=path).get_ca_certs())
    except OSError:
        return False


def _public(url: str) -> str:
    """An address without the password that may stand in it."""
    return url.rpartition("@")[2]
