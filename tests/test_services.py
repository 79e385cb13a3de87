"""The servers that development, tests and CI start: real ones, stopped, killed, or left by a killed starter."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis as redis_client
from elasticsearch import AuthenticationException, Elasticsearch

from scripts.services import elasticsearch, guard, postgres, redis
from scripts.services.base import Server, Unavailable, free_port
from scripts.services.fleet import Fleet
from scripts.services.process import Process
from scripts.services.watch import NoWatchError, ask, watch, watching
from tests.services import forbidden, missing

ROOT = Path(__file__).resolve().parents[1]


def gone(pids: list[int], seconds: float = 20) -> bool:
    """Whether all these processes end in time (a zombie that init has yet to collect has ended)."""
    deadline = time.monotonic() + seconds
    while any(alive(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def alive(pid: int) -> bool:
    stat = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(stat.strip()) and not stat.startswith("Z")


def started(start: Callable[[], Server]) -> Server:
    try:
        return start()
    except Unavailable as error:
        missing(str(error))


def write_redis(server: Server) -> None:
    with redis_client.Redis.from_url(server.url) as client:
        client.set("word", "kept")


def read_redis(server: Server) -> bool:
    with redis_client.Redis.from_url(server.url) as client:
        return bool(client.get("word") == b"kept")


def write_postgres(server: Server) -> None:
    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE word AS SELECT 'kept' AS word")


def read_postgres(server: Server) -> bool:
    with psycopg.connect(server.url) as connection:
        return connection.execute("SELECT word, upper('é') FROM word").fetchall() == [("kept", "É")]


@pytest.mark.parametrize(
    ("start", "write", "read"),
    [
        pytest.param(lambda folder: redis.start(folder, keep=True), write_redis, read_redis, id="redis"),
        pytest.param(lambda folder: postgres.start(folder, fsync=True), write_postgres, read_postgres, id="postgres"),
    ],
)
def test_a_killed_server_comes_back_with_its_data(
    tmp_path: Path, start: Callable[[Path], Server], write: Callable[[Server], None], read: Callable[[Server], bool]
) -> None:
    server = started(lambda: start(tmp_path / "deep" / "down"))
    with server:
        write(server)
        url, processes = server.url, server.processes
        assert server.pid in processes
        server.kill()
        assert not server.alive
        assert not any(map(alive, processes))
        assert server.start().url == url
        assert read(server)
    assert server.pid == 0
    server.stop()  # twice is no fault
    with start(tmp_path / "deep" / "down") as another:
        assert read(another)


def test_redis_without_keep_writes_nothing(tmp_path: Path) -> None:
    with started(lambda: redis.start(tmp_path)) as server:
        write_redis(server)
    assert [path.name for path in tmp_path.iterdir()] == ["server.log"]


def test_postgres_wants_its_password(tmp_path: Path) -> None:
    with started(lambda: postgres.start(tmp_path)) as server, pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(server.url.replace("papertide:", "papertide:x"))


@pytest.fixture(scope="module")
def secured() -> Iterator[elasticsearch.Cluster]:
    """A node with security, as sites have it."""
    folder = Path(tempfile.mkdtemp(prefix="papertide-secured-"))
    try:
        cluster = elasticsearch.start(folder, security=True, quick=True)
    except Unavailable as error:
        missing(str(error))
    with cluster:
        yield cluster
    shutil.rmtree(folder)


def test_elasticsearch_knows_password_key_and_authority(secured: elasticsearch.Cluster) -> None:
    ca = str(secured.ca_file)
    with Elasticsearch(secured.urls, basic_auth=("elastic", secured.password or ""), ca_certs=ca) as client:
        key = client.security.create_api_key(name="site")["encoded"]
    with Elasticsearch(secured.urls, api_key=key, ca_certs=ca) as client:
        assert client.info()["version"]["number"].startswith("9.")
    with (
        Elasticsearch(secured.urls, basic_auth=("elastic", "wrong"), ca_certs=ca) as client,
        pytest.raises(AuthenticationException),
    ):
        client.info()


def test_elasticsearch_paused_killed_and_started_again(secured: elasticsearch.Cluster) -> None:
    [node] = secured.nodes
    node.pause()
    with pytest.raises(OSError, match="timed out"):
        node.get("/")
    node.resume()
    assert node.get("/")["cluster_name"] == "papertide"
    processes = node.processes
    node.kill()
    assert not any(map(alive, processes))
    assert node.start().get("/_cluster/health")["number_of_nodes"] == 1
    assert secured.urls == [node.url]


class Stubborn(Process):
    """A program that does not listen to SIGTERM, with a child in a session of its own."""

    grace = 0.5

    def command(self) -> list[str]:
        return ["bash", "-c", "trap '' TERM; setsid sleep 300 & sleep 300 & touch up; wait; sleep 300"]

    def environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"]}

    def privileges(self) -> tuple[list[str], None]:
        return self.command(), None


def test_stop_leaves_nothing_of_a_stubborn_program(tmp_path: Path) -> None:
    program = Stubborn(tmp_path)
    program.launch()
    while not (tmp_path / "up").exists():
        time.sleep(0.02)
    processes = program.processes
    assert len(processes) >= 3
    program.stop()
    assert not any(map(alive, processes))


def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    class Absent(Stubborn):
        title = "Nothing"

        def command(self) -> list[str]:
            return ["/no/such/program"]

    with pytest.raises(Unavailable, match="Nothing did not start: /no/such/program"):
        Absent(tmp_path).launch()


def serve(folder: Path, *names: str, make: bool = False) -> "subprocess.Popen[str]":
    """The servers of `make services`, data in `folder`, in a process group of their own as a terminal gives one."""
    # `-o setup`: this environment is there already.
    command = (
        ["make", "-o", "setup", "services"] if make else [sys.executable, "-m", "scripts.services", "serve", *names]
    )
    # As a terminal has it: the tests may be run by make themselves, and its second level talks of folders.
    kept = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=kept | {"TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def exports(process: "subprocess.Popen[str]", count: int) -> dict[str, str]:
    """The variables that the first `count` lines give a shell."""
    assert process.stdout is not None
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("Cannot start"):
            process.terminate()
            missing(line + process.communicate()[1])
        if line.startswith("Paste"):
            break
    lines = [process.stdout.readline() for _ in range(count)]
    names = " ".join(line.removeprefix("export ").split("=")[0] for line in lines)
    script = f"{''.join(lines)}\nfor name in {names}; do echo $name=${{!name}}; done"
    told = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout
    return dict(line.split("=", 1) for line in told.splitlines())


def test_make_services_prints_what_works_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    process = serve(tmp_path, make=True)
    variables = exports(process, 4)
    assert variables["SEARCH_ENGINE"] == "elasticsearch"
    with Elasticsearch(variables["ELASTICSEARCH_URL"]) as client:
        assert client.info()["version"]["number"].startswith("9.")
    with redis_client.Redis.from_url(variables["REDIS_URL"]) as broker:
        assert broker.ping()
    with psycopg.connect(variables["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT current_database()").fetchone() == ("papertide",)
    left = guard.descendants(process.pid)
    assert len(left) >= 3
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=20)
    assert not any(map(alive, left))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_starter_that_ends_leaves_no_server(number: signal.Signals, tmp_path: Path) -> None:
    process = serve(tmp_path, "redis", "postgres")
    variables = exports(process, 2)
    left = guard.descendants(process.pid)
    with psycopg.connect(variables["DATABASE_URL"]) as connection:  # one with a client waits for nobody
        process.send_signal(number)
        process.communicate(timeout=20)
        assert gone(left)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    assert process.returncode == (-number if number == signal.SIGKILL else 0)


def test_what_cannot_be_started_is_told_and_the_rest_serves(tmp_path: Path) -> None:
    shutil.copy(shutil.which("env") or "", tmp_path)
    process = subprocess.run(
        [sys.executable, "-m", "scripts.services", "serve", "redis"],
        cwd=ROOT,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert process.returncode == 1
    assert process.stdout == ""
    assert "Cannot start redis: no program 'redis-server': install" in process.stderr


def test_another_terminal_kills_a_server_and_starts_it_again(tmp_path: Path) -> None:
    with watching(tmp_path), Fleet(tmp_path, keep=True) as fleet:
        fleet.start(["redis"])
        if fleet.missing:
            missing(fleet.missing["redis"])
        server = fleet.servers["redis"]
        done = threading.Event()
        watcher = threading.Thread(target=watch, args=(fleet, lambda: not done.is_set()))
        watcher.start()
        try:
            write_redis(server)
            assert ask(tmp_path, "kill", "redis") == "redis does not run"
            assert ask(tmp_path, "start", "redis") == f"redis runs on {server.url}, process {server.pid}"
            assert read_redis(server)
        finally:
            done.set()
            watcher.join()
        with pytest.raises(NoWatchError, match="already"), watching(tmp_path):
            pass


def test_nobody_answers_where_no_institute_runs(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "scripts.services", "start", "redis", "--folder", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, f"no servers run in {tmp_path}: start them with make institute.\n")


@pytest.mark.parametrize("name", ["postgres", "redis"])
def test_missing_programs_are_named_with_their_package(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(postgres, "INSTALLED", tmp_path)
    start: Callable[[Path], Server] = postgres.start if name == "postgres" else redis.start
    with pytest.raises(Unavailable, match=r"package (postgresql|redis-server).*TEST_(POSTGRES|REDIS)_URL"):
        start(tmp_path / "data")


def test_a_free_port_is_free() -> None:
    port = free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        assert port < 32_768


SKIPS = """
import pytest
def test_allowed(): pytest.skip("contract: no such thing")
def test_not_allowed(): pytest.skip("no server today")
@pytest.mark.skipif(True, reason="not this one either")
def test_marked(): pass
@pytest.mark.xfail(strict=True)
def test_expected(): raise ValueError
"""


@pytest.mark.parametrize(
    ("ci", "summary"),
    [("true", "1 failed, 1 skipped, 1 xfailed, 2 errors"), ("", "4 skipped, 1 xfailed")],
)
def test_in_ci_a_skip_fails_the_run(tmp_path: Path, ci: str, summary: str) -> None:
    (tmp_path / "test_skips.py").write_text(SKIPS)
    (tmp_path / "test_whole.py").write_text("import pytest\npytest.skip('no module', allow_module_level=True)\n")
    options = ["-p", "tests.services", "-p", "no:django", "-p", "no:cacheprovider", "-c", os.devnull, "--tb=line"]
    command = [sys.executable, "-m", "pytest", *options, "--rootdir", str(tmp_path), str(tmp_path)]
    command += ["--continue-on-collection-errors"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"CI": ci}, capture_output=True, text=True, check=False)
    assert summary in done.stdout
    assert done.returncode == (1 if ci else 0)
    for reason in ("no server today", "not this one either", "no module"):
        assert (f"{reason} (CI allows no such skip)" in done.stdout) == bool(ci)


def test_a_skip_for_want_of_shared_data_is_only_for_those_who_lack_it() -> None:
    assert forbidden("no shared data") == (ROOT.parent / "shared" / "data").is_dir()
    assert forbidden("Skipped: no server")
    assert not forbidden("Skipped: contract: deep pages")
