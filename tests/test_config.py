"""Settings from the environment, and what `make run` prepares."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from config.options import read_options
from config.settings import OPTION
from papers.categories import subcategories

ROOT = Path(__file__).resolve().parents[1]


def manage(folder: Path, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """One command in a process of its own, with these variables only."""
    environment = {key: value for key, value in os.environ.items() if key in {"PATH", "HOME"}}
    environment |= {"DATA_DIR": str(folder), **variables}
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_no_variable_is_needed_and_the_key_is_made_once(tmp_path: Path) -> None:
    assert manage(tmp_path, "check").returncode == 0
    key = (tmp_path / "secret-key").read_text()
    assert len(key) > 50
    assert (tmp_path / "secret-key").stat().st_mode & 0o777 == 0o600
    assert manage(tmp_path, "check").returncode == 0
    assert (tmp_path / "secret-key").read_text() == key


def test_production_settings_pass_the_deployment_check(tmp_path: Path) -> None:
    done = manage(
        tmp_path,
        *("check", "--deploy", "--fail-level", "WARNING"),
        PRODUCTION="1",
        SECRET_KEY="k3y-of-this-test-and-nothing-else-0123456789-abcdefghijklm",
        ALLOWED_HOSTS="papers.example.org",
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "secret-key").exists()


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"PRODUCTION": "1"}, "SECRET_KEY must be given"),
        ({"PORT": "eighty"}, "PORT='eighty' cannot be read"),
        ({"PULL_CATEGORIES": "cs.XX"}, "no such category: cs.XX"),
        ({"DEBUG": "perhaps"}, "DEBUG='perhaps' cannot be read"),
    ],
)
def test_a_wrong_variable_is_said_in_one_line(tmp_path: Path, variables: dict[str, str], message: str) -> None:
    done = manage(tmp_path, "check", **variables)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("ARXIV_DELAY", "-1", "0 or more"),
        ("ARXIV_DELAY", "nan", "0 or more"),
        ("ARXIV_DELAY", "inf", "0 or more"),
        ("WHITENING_BETA", "-0.1", "from 0 to 1"),
        ("WHITENING_GAMMA", "1.5", "from 0 to 1"),
        ("WHITENING_GAMMA", "nan", "from 0 to 1"),
        ("PULL_CATEGORIES", "", "such as"),
        ("PULL_CATEGORIES", " , ", "such as"),
        ("PULL_CATEGORIES", "cs.AI,cs.XX,math", "no such category: cs.XX"),
        ("LOG_LEVEL", "LOUD", "one of DEBUG, INFO"),
        ("LOG_LEVEL", "", "one of DEBUG, INFO"),
    ],
)
def test_a_value_out_of_range_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, text: str, reason: str) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(ImproperlyConfigured, match=rf"^{name}='.*' cannot be read: .*{reason}"):
        read_options()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("ARXIV_DELAY", "0", 0.0),
        ("WHITENING_GAMMA", "1", 1.0),
        ("LOG_LEVEL", "warning", "WARNING"),
        ("PULL_CATEGORIES", "CS.ai, hep-th,cs.SY,cs.AI", ("cs.AI", "hep-th", "eess.SY")),
        ("PULL_CATEGORIES", "math", subcategories("math")),
        ("PULL_CATEGORIES", "math.*,math.AG", subcategories("math")),
    ],
)
def test_a_value_is_read(monkeypatch: pytest.MonkeyPatch, name: str, text: str, value: object) -> None:
    monkeypatch.setenv(name, text)
    assert read_options()[name] == value


def test_an_unknown_engine_is_said_in_one_line(tmp_path: Path) -> None:
    done = manage(tmp_path, "whiten", "--show", SEARCH_ENGINE="sphinx")
    assert done.returncode == 1
    assert "SEARCH_ENGINE='sphinx' cannot be read: expected embedded or elasticsearch" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_busy_port_is_said_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setitem(OPTION, "PORT", port)
        with pytest.raises(CommandError, match=rf"Port {port} is taken .* PORT={port + 1} make run"):
            call_command("prepare")


def test_an_address_that_is_not_ours_is_said_clearly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPTION, "HOST", "192.0.2.1")
    with pytest.raises(CommandError, match="cannot be served on"):
        call_command("prepare")


def test_a_damaged_index_does_not_keep_the_site_from_its_start(tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "current").write_text("20260101T000000")
    (tmp_path / "index" / "20260101T000000").mkdir()
    (tmp_path / "index" / "20260101T000000" / "state.json").write_text("{}")
    done = manage(tmp_path, "check_search")
    assert done.returncode == 0
    assert "The indexer makes a new index" in done.stderr


def test_wrong_search_settings_stop_it(tmp_path: Path) -> None:
    done = manage(tmp_path, "check_search", SEARCH_ENGINE="elasticsearch", ELASTICSEARCH_URL="search.example.org")
    assert done.returncode == 1
    assert "is no address such as" in done.stderr
    assert "Traceback" not in done.stderr
