"""The containers, as far as they can be checked without an engine: schema, linter, and the rules that we keep."""

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose
from django.conf import settings

from config.options import OPTIONS
from tests.services import missing
from workers.app import QUEUES

ROOT = Path(__file__).resolve().parents[1]
COMPOSE = ROOT / "docker-compose.yml"
SECRETS = {"SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "ELASTIC_PASSWORD"}
# Of other programs: gunicorn's processes and log, where they add up their metrics, PyTorch's number of threads.
FOREIGN = {"WEB_CONCURRENCY", "GUNICORN_CMD_ARGS", "PROMETHEUS_MULTIPROC_DIR", "OMP_NUM_THREADS"}
# DEBUG never; HOST, PORT, DATA_DIR, ONNX_DIR are the image's; a key goes in the place of the password
# (docs/operations.md).
NOT_HANDED_ON = {"DEBUG", "HOST", "PORT", "DATA_DIR", "ONNX_DIR", "ELASTICSEARCH_API_KEY"}
ONCE = {"migrate", "certs", "manage"}
OURS = {"web", "network", "worker", "beat", "migrate", "manage"}
VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?P<how>:?[-?])?(?P<text>[^}]*)\}")


def interpolated(text: str, given: dict[str, str]) -> str:
    """Compose's `${NAME:-default}` and kin, with these variables and no others."""

    def value(match: re.Match[str]) -> str:
        name, how, text = match["name"], match["how"] or "", match["text"]
        if given.get(name) or (name in given and not how.startswith(":")):
            return given[name]
        if how.endswith("?"):
            raise KeyError(f"{name} {text}")
        return text if how.endswith("-") else ""

    return VARIABLE.sub(value, text)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The file as Compose reads it, with all secrets given."""
    text = interpolated(COMPOSE.read_text(), dict.fromkeys(SECRETS, "given"))
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The services by name."""
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


def test_the_compose_file_follows_the_specification(compose: dict[str, Any]) -> None:
    parsed = PyCompose.from_yaml(yaml.safe_dump(compose))
    parsed.validate()
    assert set(parsed.service_names()) == set(compose["services"])
    broken = {**compose, "services": {**compose["services"], "web": {**compose["services"]["web"], "mem_limt": "1g"}}}
    with pytest.raises(ValueError, match="mem_limt"):
        PyCompose.from_yaml(yaml.safe_dump(broken))


def _compose_program() -> list[str]:
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    if shutil.which("docker") and not subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        return ["docker", "compose"]
    missing("no Docker Compose: install Debian's package docker-compose")


def _config(folder: Path, *profiles: str, without: str = "") -> "subprocess.CompletedProcess[str]":
    """What Docker Compose says of the file, with all secrets given but one."""
    (folder / "none.env").touch()
    given = {name: f"word{place}" for place, name in enumerate(sorted(SECRETS)) if name != without}
    environment = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}} | given
    chosen = [word for profile in profiles for word in ("--profile", profile)]
    command = [*_compose_program(), "--env-file", str(folder / "none.env"), "--file", str(COMPOSE), *chosen, "config"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_docker_compose_reads_the_file_as_we_do(services: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    done = _config(tmp_path, "tools", "flower")
    assert done.returncode == 0, done.stderr
    read = yaml.safe_load(done.stdout)["services"]
    assert set(read) == set(services)
    assert read["web"]["environment"]["DATABASE_URL"] == "postgres://papertide:word1@postgres:5432/papertide"
    assert read["web"]["environment"]["ELASTICSEARCH_CA_FILE"] == "/ca/ca.crt"
    profiles = {name: service["profiles"] for name, service in services.items() if "profiles" in service}
    assert profiles == {"manage": ["tools"], "flower": ["flower"]}  # not started by `up`


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_no_secret_has_a_default(name: str, tmp_path: Path) -> None:
    text = COMPOSE.read_text()
    uses = [match for match in VARIABLE.finditer(text) if match["name"] == name]
    assert uses
    assert {match["how"] for match in uses} == {":?"}
    with pytest.raises(KeyError, match=f"{name} is missing in .env"):
        interpolated(text, dict.fromkeys(SECRETS - {name}, "given"))
    done = _config(tmp_path, without=name)
    assert done.returncode != 0
    assert name in done.stderr


def test_nothing_looks_like_a_password_but_the_variables() -> None:
    text = COMPOSE.read_text()
    named = re.findall(r"^\s*[\w.-]*(?:PASSWORD|SECRET|_KEY|AUTH)\w*: *(\S.*)$", text, re.MULTILINE)
    assert named
    assert all(value.startswith("${") for value in named)


def test_the_example_names_each_variable_and_gives_none() -> None:
    lines = [line for line in (ROOT / ".env.example").read_text().splitlines() if "=" in line and " " not in line]
    assert all(line.endswith("=") for line in lines)
    named = {line.strip("#=") for line in lines}
    demanded = {line.strip("=") for line in lines if not line.startswith("#")}
    assert demanded == SECRETS
    used = {match["name"] for match in VARIABLE.finditer(COMPOSE.read_text())}
    handed_on = {option.name for option in OPTIONS}
    assert named <= used | handed_on
    for name in (".gitignore", ".dockerignore"):
        ignored = (ROOT / name).read_text().splitlines()
        assert ".env" in ignored or ignored[1] == "*"


def test_every_option_of_the_site_is_handed_on_and_no_other(services: dict[str, dict[str, Any]]) -> None:
    known = {option.name for option in OPTIONS}
    for name in OURS:
        given = set(services[name]["environment"]) - FOREIGN
        assert given == known - NOT_HANDED_ON, name


def test_every_image_is_pinned(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        image, _, tag = service["image"].rpartition(":")
        assert image, name
        assert re.match(r"\d+(\.\d+)*", tag), service["image"]
    assert services["elasticsearch"]["image"] == services["certs"]["image"]
    froms = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert len(set(froms)) == 1  # the environment is copied from stage to stage: the same Python, the same libraries
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", froms[0])


def test_the_image_has_the_tools_of_the_database_that_runs(services: dict[str, dict[str, Any]]) -> None:
    major = re.match(r"postgres:(\d+)", services["postgres"]["image"])
    assert major
    assert f"postgresql-client-{major[1]}" in (ROOT / "Dockerfile").read_text()


def test_every_service_has_limits_a_restart_policy_and_a_health_check(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert service["mem_limit"], name
        assert float(service["cpus"]) > 0, name
        assert service["logging"]["options"]["max-size"], name
        if name in ONCE:
            assert service["restart"] == "no", name
        else:
            assert service["restart"] == "unless-stopped", name
            assert {"test", "interval", "timeout", "retries"} <= set(service["healthcheck"]), name


def test_what_runs_once_is_waited_for_to_its_end(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            assert (how["condition"] == "service_completed_successfully") == (needed in ONCE), (name, needed)


def test_the_site_starts_without_redis_and_without_elasticsearch(services: dict[str, dict[str, Any]]) -> None:
    def needs(name: str) -> set[str]:
        direct = set(services[name].get("depends_on", {}))
        return direct | {further for needed in direct for further in needs(needed)}

    for name in ("web", "network", "worker", "beat"):
        assert needs(name) == {"migrate", "postgres", "certs"}


def test_nothing_has_more_rights_than_it_needs(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in service, name
        if name == "certs":
            assert service["network_mode"] == "none"
            assert service["cap_add"] == ["CHOWN"]
        elif name == "flower":
            assert service["user"] == "10001:10001"
            assert service["read_only"]
            assert service["ports"] == ["127.0.0.1:5555:5555"]
        elif name not in OURS:
            assert service["user"] not in ("0", "root"), name
            assert service["networks"] == ["inside"], name
            assert "ports" not in service, name
    for name in OURS:
        assert services[name]["read_only"], name
        assert "user" not in services[name], name  # the image's own
    assert services["web"]["ports"] == ["127.0.0.1:8000:8000"]


def test_the_networks_of_the_servers_lead_nowhere(compose: dict[str, Any]) -> None:
    assert compose["networks"]["inside"]["internal"] is True


def test_beat_and_network_cannot_be_scaled_and_workers_can(services: dict[str, dict[str, Any]]) -> None:
    for name in ("beat", "network"):
        assert services[name]["container_name"] == f"papertide-{name}"
    assert not {"-B", "--beat"} & {*services["worker"]["command"], *services["network"]["command"]}
    assert not {"container_name", "ports"} & set(services["worker"])
    # A DATA_DIR that workers share would let one of them encode at a time.
    assert not [volume for volume in services["worker"]["volumes"] if volume.endswith(":/data")]


def _queues(command: list[str]) -> list[str]:
    place = next(place for place, word in enumerate(command) if word in ("-Q", "--queues"))
    return command[place + 1].split(",")


def test_each_queue_has_its_worker_and_arxivs_one_process(services: dict[str, dict[str, Any]]) -> None:
    network = services["network"]["command"]
    assert _queues(network) == ["network"]
    assert network[network.index("--concurrency") + 1] == "1"
    assert {*_queues(network), *_queues(services["worker"]["command"])} == set(QUEUES)
    for name, workers in (("Procfile", 1), ("Procfile.institute", 2)):
        commands = re.findall(r"^worker\d?: (.*)$", (ROOT / name).read_text(), re.MULTILINE)
        assert len(commands) == workers
        taken = [queue for command in commands for queue in _queues(command.split())]
        assert sorted(taken) == sorted(QUEUES)
        assert sum("-B" in command.split() for command in commands) == 1


def test_flower_does_not_start_without_a_password(services: dict[str, dict[str, Any]]) -> None:
    [script] = services["flower"]["command"]
    run = ["sh", "-euc", script.replace("$$", "$").replace("exec celery flower", "echo $FLOWER_BASIC_AUTH")]
    given = {"PATH": os.environ["PATH"], "FLOWER_USER": "operator", "FLOWER_PASSWORD": ""}
    done = subprocess.run(run, env=given, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "FLOWER_PASSWORD is missing in .env\n")
    done = subprocess.run(run, env=given | {"FLOWER_PASSWORD": "pass"}, capture_output=True, text=True, check=False)
    assert done.stdout == "operator:pass\n"


def test_volumes_are_declared_and_all_used(compose: dict[str, Any]) -> None:
    mounted = {
        volume.split(":")[0] for service in compose["services"].values() for volume in service.get("volumes", [])
    }
    assert mounted == set(compose["volumes"])


def faults(text: str) -> list[str]:
    """What BuildKit's own parser and the usual rules have against a Dockerfile."""
    try:
        import dockerfile
    except ImportError:
        pytest.skip("no package dockerfile for this kind of processor")
    try:
        steps = dockerfile.parse_string(text)
    except dockerfile.GoParseError as error:
        return [str(error)]
    found = []
    stages: set[str] = set()
    for step in steps:
        line = " ".join(step.value)
        if step.cmd == "FROM" and step.value[0] not in stages and not re.search(r":[^:]*\d|@sha256:", step.value[0]):
            found.append(f"{step.start_line}: the base image has no version")
        if step.cmd == "FROM" and len(step.value) == 3:
            stages.add(step.value[2])
        if step.cmd == "ADD":
            found.append(f"{step.start_line}: COPY says what it does")
        if step.cmd == "WORKDIR" and not step.value[0].startswith("/"):
            found.append(f"{step.start_line}: the folder is not absolute")
        if step.cmd in ("CMD", "ENTRYPOINT", "HEALTHCHECK") and not step.json:
            found.append(f"{step.start_line}: a shell would stand between the signal and the program")
        if step.cmd == "RUN" and re.search(r"\bsudo\b|^cd |\| *(ba)?sh\b", line):
            found.append(f"{step.start_line}: sudo, cd, or a pipe into a shell")
        if "apt-get install" in line and not all(
            part in line for part in ("--yes", "--no-install-recommends", "rm -rf /var/lib/apt/lists/")
        ):
            found.append(f"{step.start_line}: apt-get asks, brings more than is named, or leaves its lists behind")
        if step.cmd in ("ARG", "ENV") and re.search(r"PASSWORD|SECRET|TOKEN", line):
            found.append(f"{step.start_line}: a secret would stay in the image")
    for name in ("CMD", "HEALTHCHECK"):
        if [step.cmd for step in steps].count(name) != 1:
            found.append(f"not one {name}")
    return found


def test_the_dockerfile_is_read_by_buildkits_parser_and_keeps_the_rules() -> None:
    assert faults((ROOT / "Dockerfile").read_text()) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("FROM python\n", "no version"),
        ("FROM a:1\nADD x /x\n", "COPY"),
        ("FROM a:1\nWORKDIR x\n", "absolute"),
        ("FROM a:1\nCMD run it\n", "a shell would stand"),
        ("FROM a:1\nRUN cd /x\n", "sudo, cd"),
        ("FROM a:1\nRUN apt-get install --yes x\n", "apt-get asks"),
        ("FROM a:1\nENV PASSWORD=x\n", "a secret"),
    ],
)
def test_the_rules_catch_what_they_are_for(text: str, said: str) -> None:
    assert any(said in fault for fault in faults(text))


def test_the_image_runs_as_nobody_and_holds_all_that_the_site_needs() -> None:
    last = (ROOT / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    assert re.findall(r"^USER (\S+)", last, re.MULTILINE) == ["10001:10001"]
    assert "HEALTHCHECK" in last
    assert "VOLUME /data" in last
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    apps = {app for app in settings.INSTALLED_APPS if (ROOT / app).is_dir()}
    assert {"papers", "search", "workers", "api"} <= apps
    assert apps | {"config", "static", "templates", "manage.py", "scripts/healthcheck.py"} <= allowed
    assert all((ROOT / name).exists() for name in allowed - {"locale"})  # which is there with the first translation
    assert not {"tests", "data", ".git", ".env"} & allowed


class Answering(BaseHTTPRequestHandler):
    """Says 400 to everything, as a site does that does not know the host name."""

    def do_HEAD(self) -> None:
        """One answer."""
        self.send_error(400)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def answering() -> Iterator[int]:
    """The port of a server that answers."""
    server = HTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def _health(port: int) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-I", "-S", str(ROOT / "scripts" / "healthcheck.py"), str(port)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


def test_a_server_that_answers_is_healthy(answering: int) -> None:
    assert _health(answering).returncode == 0


def test_a_server_that_does_not_answer_is_not_healthy() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        done = _health(closed.getsockname()[1])
    assert done.returncode == 1
    assert "no answer on port" in done.stderr
    assert "Traceback" not in done.stderr
