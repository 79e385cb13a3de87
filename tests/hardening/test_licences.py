"""The licences of what the site runs on."""

import re

import pytest

from scripts import licences


def test_nothing_that_the_site_runs_on_is_under_the_gpl_and_all_licences_are_told() -> None:
    found = licences.runtime()
    assert {"django", "tantivy", "torch", "vine", "psycopg-pool"} <= found.keys()  # straight, and by others' needs
    assert not {name: text for name, text in found.items() if licences.is_forbidden(text)}
    assert "not told" not in found.values()


def test_the_page_tells_what_is_installed() -> None:
    table = licences.PAGE.read_text().partition("## Tools")[0]
    told = dict(re.findall(r"^\| ([a-z0-9-]+) \| (.+) \|$", table, re.MULTILINE))
    # Of another platform or another Python there may be more in it than here.
    assert licences.runtime().items() <= told.items(), "run `python -m scripts.licences`"


@pytest.mark.parametrize(
    ("text", "forbidden"),
    [
        ("MIT", False),
        ("LGPL-3.0-only", False),
        ("GNU Lesser General Public License v3 (LGPLv3)", False),
        ("MIT OR GPL-2.0-or-later", False),
        ("GPL-3.0-only", True),
        ("AGPL-3.0", True),
        ("GNU General Public License v3 (GPLv3)", True),
        ("GNU Affero General Public License v3", True),
    ],
)
def test_which_licences_are_forbidden(text: str, forbidden: bool) -> None:
    assert licences.is_forbidden(text) is forbidden
