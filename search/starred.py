"""The order `sort:stars`: what this site's readers starred first.

Stars are in the database and matches in the index. So the site's most starred papers are put to the index as a
condition, and the best matches to the database for their stars; both together are the list.
"""

from dataclasses import replace

import numpy as np

from papers.models import Tally
from search.engines.base import Engine, Ids, Order
from search.plan import Plan
from search.query import And, Field, Word, join
from search.query_tree import Or
from search.ranking import CANDIDATES

MOST_STARRED = 500  # papers of the site that are found wherever they match, however far down


def by_stars(engine: Engine, plan: Plan, minimum: int) -> Ids:
    """The papers that hold `minimum` free words of a plan, most stars first, CANDIDATES at most; equal ones by
    relevance, without words newest first.

    Beyond the first CANDIDATES matches only the MOST_STARRED papers of the site are known by their stars. Raises
    EngineError.
    """
    wanted = plan.lexical(minimum)
    order: Order = "score" if wanted.units else "new"
    ids = engine.lexical(wanted, CANDIDATES, 0, order).ids
    first = Tally.objects.filter(stars__gt=0).order_by("-stars", "-paper")[:MOST_STARRED]
    named = join(Or, map(Word, first.values_list("paper__arxiv_id", flat=True)))
    if named is not None and len(ids) == CANDIDATES:
        among = replace(wanted, binding=join(And, [wanted.binding, Field("id", named)]))
        ids = np.concatenate([ids, engine.lexical(among, MOST_STARRED, 0, order).ids])
    places = list(dict.fromkeys(ids.tolist()))
    stars = dict(Tally.objects.filter(paper__in=places, stars__gt=0).values_list("paper_id", "stars"))
    return np.array(sorted(places, key=lambda place: -stars.get(place, 0))[:CANDIDATES], np.int64)
