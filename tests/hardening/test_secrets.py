"""No key or token of a known shape stands in the repository; detect-secrets knows the shapes."""

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.plugins.base import RegexBasedDetector

from scripts.licences import ROOT

# These tell by words such as "password", by chance or by an address what may be a secret; tests are full of such.
_GUESSING = {"KeywordDetector", "BasicAuthDetector", "IPPublicDetector"}
_KNOWN: Any = get_mapping_from_secret_type_to_class()
DETECTORS = [
    detector()
    for detector in _KNOWN.values()
    if issubclass(detector, RegexBasedDetector) and detector.__name__ not in _GUESSING
]


def found(text: str) -> Iterator[str]:
    """What kinds of secrets a text holds."""
    for detector in DETECTORS:
        if next(iter(detector.analyze_string(text)), None):
            yield detector.secret_type


def test_the_repository_holds_no_secret() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("no repository here")
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    told = {}
    for name in files.decode().strip("\0").split("\0"):
        path = ROOT / name
        if path.is_file() and b"\0" not in (content := path.read_bytes()):
            told[name] = list(found(content.decode("utf-8", "replace")))
    assert len(told) > 300
    assert not {name: kinds for name, kinds in told.items() if kinds}


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN RSA PRIVATE " + "KEY-----\n",
        "key = 'AKIA" + "IOSFODNN7EXAMPLE'",
        "ghp_" + "a1B2" * 9,
        "xoxb-" + "1234567890-1234567890-" + "a" * 24,
    ],
)
def test_a_secret_is_found(text: str) -> None:
    assert list(found(text))
