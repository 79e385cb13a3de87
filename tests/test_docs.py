"""The documentation says what the code does."""

import re
from pathlib import Path

import pytest

from config.options import markdown_table

ROOT = Path(__file__).resolve().parents[1]


def test_the_table_of_settings_is_the_one_in_the_code() -> None:
    assert markdown_table() in (ROOT / "docs" / "operations.md").read_text()


def test_every_target_of_the_makefile_is_explained_and_named_in_the_docs() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)
    explained = re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE)
    assert targets == explained


@pytest.mark.parametrize(
    "name", ["README.md", "CONTRIBUTING.md", *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))]
)
def test_links_and_named_files_exist(name: str) -> None:
    text = (ROOT / name).read_text()
    folder = (ROOT / name).parent
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (folder / target).exists(), target
    for target in re.findall(r"`((?:papers|search|workers|api|config|tests|scripts)/[\w/-]+\.\w+)`", text):
        assert (ROOT / target).exists(), target


def test_the_lock_names_every_dependency_and_no_cuda_package() -> None:
    lock = (ROOT / "requirements.lock").read_text().lower()
    project = (ROOT / "pyproject.toml").read_text()
    wanted = re.findall(r'^    "([a-zA-Z0-9_.-]+)', project.split("[tool.")[0], re.MULTILINE)
    assert len(wanted) > 20
    for package in wanted:
        assert re.search(rf"^{re.escape(package.lower())}==", lock, re.MULTILINE), package
    assert not re.search(r"^(nvidia|cuda|triton)", lock, re.MULTILINE)
