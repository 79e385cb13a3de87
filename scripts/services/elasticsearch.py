"""A real Elasticsearch, of one node or more."""

import base64
import http.client
import json
import secrets
import shutil
import ssl
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from scripts.services import certificates
from scripts.services.base import HOST, Server, free_port
from scripts.services.distribution import distribution
from scripts.services.java import java_home
from scripts.services.users import hand_over, run

NOTHING: Mapping[str, str] = {}
# Half the processor time of a start, and a slower server afterwards.
QUICK = ("-XX:TieredStopAtLevel=1", "-XX:-UseG1GC", "-XX:+UseSerialGC")

SSL = {"enabled": "true", "key": "http.key", "certificate": "http.crt"}  # files beside elasticsearch.yml


class Node(Server):
    """One node: its own configuration, data and ports."""

    title = "Elasticsearch"
    patience = 300.0
    grace = 20.0

    def __init__(self, name: str, folder: Path) -> None:
        super().__init__(name, folder)
        self.transport_port = free_port()
        self.expected_nodes = 1
        self.password: str | None = None  # of user `elastic`; with security only
        self.home = distribution()
        self.java = None if (self.home / "jdk").is_dir() or (self.home / "jdk.app").is_dir() else java_home()

    @property
    def conf(self) -> Path:
        """The folder of its configuration."""
        return self.folder / "conf"

    @property
    def ca_file(self) -> Path | None:
        """The authority (PEM) that signed the certificate of an HTTPS address; with security only."""
        return self.conf / "ca.crt" if self.password else None

    @property
    def url(self) -> str:
        """The node's HTTP address."""
        return f"http{'s' if self.password else ''}://{HOST}:{self.port}"

    @property
    def pid(self) -> int:
        """The server's process number, not its launcher's; 0 when it is not running."""
        return next(iter(reversed(self.processes)), 0)

    def configure(self, settings: Mapping[str, str], jvm: list[str]) -> None:
        """Write the node's configuration into its folder."""
        for folder in (self.conf / "jvm.options.d", self.folder / "data", self.folder / "logs", self.folder / "tmp"):
            folder.mkdir(parents=True, exist_ok=True)
        for name in ("jvm.options", "log4j2.properties"):
            shutil.copyfile(self.home / "config" / name, self.conf / name)
        (self.conf / "jvm.options.d" / "own.options").write_text("\n".join([*jvm, "-Xlog:disable", ""]))
        values = {
            "cluster.name": "papertide",
            "node.name": self.name,
            "network.host": HOST,
            "http.port": str(self.port),
            "transport.port": str(self.transport_port),
            "path.data": json.dumps(str(self.folder / "data")),
            "path.logs": json.dumps(str(self.folder / "logs")),
            "path.repo": json.dumps(str(self.folder / "snapshots")),
            **settings,
        }
        (self.conf / "elasticsearch.yml").write_text("".join(f"{name}: {value}\n" for name, value in values.items()))
        hand_over(self.folder)

    def secure(self) -> None:
        """Certificates, and a password for `elastic` in the node's keystore. Raises Unavailable."""
        certificates.make(self.conf)
        hand_over(self.folder)
        self.password = secrets.token_urlsafe(18)
        tool = ["bash", str(self.home / "bin" / "elasticsearch-cli")]
        environment = self.environment() | {"CLI_NAME": "keystore", "CLI_LIBS": "lib/tools/keystore-cli"}
        run([*tool, "create"], self.folder, self.title, environment)
        run([*tool, "add", "-x", "bootstrap.password"], self.folder, self.title, environment, self.password)

    def command(self) -> list[str]:
        """The distribution's own start script."""
        return [str(self.home / "bin" / "elasticsearch")]

    def environment(self) -> dict[str, str]:
        """Where the script finds configuration, Java and a place for temporary files."""
        given = {"ES_PATH_CONF": str(self.conf), "ES_TMPDIR": str(self.folder / "tmp")}
        if self.java is not None:
            given["ES_JAVA_HOME"] = str(self.java)
        return super().environment() | given

    def ready(self) -> bool:
        """Whether the cluster is yellow or green with all its nodes, as this node sees it."""
        query = f"wait_for_status=yellow&wait_for_nodes=%3E%3D{self.expected_nodes}&timeout=1s"
        try:
            health = self.get(f"/_cluster/health?{query}")
        except (OSError, http.client.HTTPException):
            return False
        return not health["timed_out"]

    def get(self, path: str) -> Any:
        """The JSON that the node answers to GET. Raises OSError."""
        # Never through a proxy: the server is on this machine.
        handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
        request = urllib.request.Request(self.url + path)  # noqa: S310 -- an address of ours
        if self.password:
            handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=self.ca_file)))
            word = base64.b64encode(f"elastic:{self.password}".encode()).decode()
            request.add_header("Authorization", f"Basic {word}")
        with urllib.request.build_opener(*handlers).open(request, timeout=5) as answer:
            return json.load(answer)


class Cluster:
    """Nodes that found each other; a context manager that stops them."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes

    @property
    def urls(self) -> list[str]:
        """The address of each node."""
        return [node.url for node in self.nodes]

    @property
    def url(self) -> str:
        """All addresses, joined by commas."""
        return ",".join(self.urls)

    @property
    def password(self) -> str | None:
        """The password of user `elastic`; None without security."""
        return self.nodes[0].password

    @property
    def ca_file(self) -> Path | None:
        """The authority (PEM) that signed the certificate; None without security."""
        return self.nodes[0].ca_file

    def start(self) -> Self:
        """Start the nodes that are not running and wait until all are one cluster. Raises Unavailable."""
        try:
            for node in self.nodes:
                node.expected_nodes = len(self.nodes)
                node.launch()
            for node in self.nodes:
                node.wait()
        except BaseException:
            self.stop()
            raise
        for node in self.nodes:
            node.expected_nodes = 1  # one that comes back need not wait for others that are away
        return self

    def stop(self) -> None:
        """Stop all nodes."""
        for node in self.nodes:
            node.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.stop()


def start(
    folder: Path,
    nodes: int = 1,
    heap: str = "512m",
    settings: Mapping[str, str] = NOTHING,
    *,
    security: bool = False,
    quick: bool = False,
) -> Cluster:
    """Start a cluster of `nodes` with its data in `folder`, a heap of `heap` each and `settings` of elasticsearch.yml.

    Waits until the cluster is yellow or green with all nodes. Data in the folder is taken up again (not with security).
    The disk watermarks are off (a full laptop would refuse every index), unless `settings` says otherwise. `security`:
    HTTPS with a certificate of the cluster's own `ca_file`, user `elastic` with `password`; one node only. `quick`: a
    start in half the time and slower work, for tests. Raises Unavailable.
    """
    if security and nodes > 1:
        raise ValueError("security is for one node: the nodes' own traffic is not encrypted")
    hand_over(folder)
    members = [Node(f"node-{number}", folder.resolve() / f"node-{number}") for number in range(1, nodes + 1)]
    common = {"xpack.security.enabled": "false", "cluster.routing.allocation.disk.threshold_enabled": "false"}
    if nodes == 1:
        common["discovery.type"] = "single-node"
    else:
        common["discovery.seed_hosts"] = json.dumps([f"{HOST}:{node.transport_port}" for node in members])
        common["cluster.initial_master_nodes"] = json.dumps([node.name for node in members])
    if security:
        common["xpack.security.enabled"] = "true"
        common |= {f"xpack.security.http.ssl.{name}": value for name, value in SSL.items()}
    for node in members:
        node.configure(common | dict(settings), [f"-Xms{heap}", f"-Xmx{heap}", *(QUICK if quick else ())])
        if security:
            node.secure()
    return Cluster(members).start()
