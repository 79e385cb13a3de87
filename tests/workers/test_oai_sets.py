"""The names of OAI-PMH's sets for a site's categories: as few as may be, and no more papers than wanted."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from papers.categories import ALIASES, CATEGORIES, subcategories
from workers.sources.oai_sets import oai_sets


@pytest.mark.parametrize(
    ("categories", "sets"),
    [
        (["cs.AI"], ["cs:cs:AI"]),
        (["hep-th", "math-ph"], ["physics:hep-th", "physics:math-ph"]),
        (["astro-ph.CO"], ["physics:astro-ph:CO"]),
        (["physics.plasm-ph"], ["physics:physics:plasm-ph"]),
        (["nlin.CD"], ["physics:nlin:CD"]),
        (["math.AG", "q-bio.NC", "math.AG"], ["math:math:AG", "q-bio:q-bio:NC"]),
        (["math.NA"], ["math:math:NA"]),
        (["math.NA", *subcategories("cs")], ["cs"]),  # cs.NA is the same
        ([*subcategories("econ"), "hep-th"], ["econ", "physics:hep-th"]),
        (subcategories("astro-ph"), ["physics:astro-ph"]),
        (["astro-ph"], ["physics:astro-ph"]),
        (["q-bio"], ["q-bio"]),
        (subcategories("physics"), ["physics:physics"]),
        (["cmp-lg", "cs.CL"], ["cs:cs:CL"]),
        (CATEGORIES, ["cs", "econ", "eess", "math", "physics", "q-bio", "q-fin", "stat"]),
        ([], []),
    ],
)
def test_the_fewest_sets(categories: list[str], sets: list[str]) -> None:
    assert sorted(oai_sets(categories)) == sets


def _held(name: str) -> set[str]:
    """The current categories in a set, by its name alone."""
    group, _, rest = name.partition(":")
    archive, _, part = rest.partition(":")
    of_group = {"Physics"} if group == "physics" else {CATEGORIES[code].group for code in subcategories(group)[:1]}
    if part:
        return {f"{archive}.{part}"}
    if archive:
        return set(subcategories(archive))
    shared = {ALIASES[alias] for alias in ALIASES if alias.startswith(f"{group}.")}
    return shared | {code for code, category in CATEGORIES.items() if category.group in of_group}


CURRENT = [code for code in CATEGORIES if not CATEGORIES[code].historic]


@settings(deadline=None)
@given(wanted=st.sets(st.sampled_from(CURRENT)), archives=st.sets(st.sampled_from(["cs", "math", "nlin", "stat"])))
def test_sets_hold_what_is_wanted_and_nothing_else(wanted: set[str], archives: set[str]) -> None:
    wanted |= {code for archive in archives for code in subcategories(archive)}
    held = [_held(name) & set(CURRENT) for name in oai_sets(wanted)]
    assert set().union(*held) == wanted
    for number, one in enumerate(held):
        assert one - set().union(*held[:number], *held[number + 1 :])  # none is there for nothing
