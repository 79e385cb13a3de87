"""Is a page accessible, as far as a program can tell? axe-core in the page, by the rules of WCAG 2.0 to 2.2, A and AA.

axe-core (MPL-2.0) comes inside the package axe-playwright-python and is evaluated through the browser's debugger, so
that the page's own Content-Security-Policy stays in force.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import Page

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa")
SHOWN = 4  # elements a rule
# Timers, by which axe-core goes from step to step, do not run in a page that was opened without scripts.
_AT_ONCE = """
() => {
  if (!matchMedia("(scripting: none)").matches) return;
  window.setTimeout = (step, delay = 0, ...given) => {
    if (delay < 50) Promise.resolve().then(() => step(...given)); // the longer ones are time limits
    return 0;
  };
}
"""


def assert_accessible(page: Page, *, within: str | None = None, without: Sequence[str] = ()) -> None:
    """Raises AssertionError with one paragraph a broken rule: what is wrong, where, how to mend it.

    within: a selector, else the whole page. without: selectors that are left out, each with a reason beside the call.
    """
    found = violations(page, within=within, without=without)
    assert not found, f"{page.url} breaks {len(found)} rules of accessibility:\n\n" + "\n\n".join(map(_told, found))


def violations(page: Page, *, within: str | None = None, without: Sequence[str] = ()) -> list[dict[str, Any]]:
    """axe-core's violations, as it gives them. Raises AssertionError where axe-core looked at nothing."""
    context = {"include": [[within]] if within else [["html"]], "exclude": [[each] for each in without]}
    options = {
        "runOnly": {"type": "tag", "values": list(TAGS)},
        "rules": {"target-size": {"enabled": True}},  # is off unless it is asked for
        "resultTypes": ["violations"],
        "preload": False,  # style sheets again, for the rule about turned screens alone
    }
    # Cards that are not drawn yet have no places, and axe-core takes their controls for hidden by each other.
    page.evaluate("for (const card of document.querySelectorAll('.card')) card.style.contentVisibility = 'visible'")
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(_AT_ONCE)
        page.evaluate(_script())
    result = page.evaluate("([context, options]) => axe.run(context, options)", [context, options])
    assert result["passes"], f"axe-core found nothing to look at on {page.url}"
    found: list[dict[str, Any]] = result["violations"]
    return found


@cache
def _script() -> str:
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


def _told(rule: dict[str, Any]) -> str:
    nodes = rule["nodes"]
    lines = [f"{rule['id']} ({rule['impact']}): {rule['help']}, {len(nodes)} times"]
    for node in nodes[:SHOWN]:
        why = " ".join(node["failureSummary"].split())
        lines.append(f"  {' '.join(map(str, node['target']))}\n    {node['html'][:200]}\n    {why[:300]}")
    return "\n".join(lines)
