"""The order within a query's text: `sort:new` added, changed or taken away."""

import re

# A quoted stretch is passed over, so that “sort:new” within a phrase is left as it is.
_SORT = re.compile(r'("[^"]*(?:"|$))|(?<!\S)sort:\S*\s*', re.IGNORECASE)


def with_sort(text: str, sort: str) -> str:
    """`text` ordered by `sort`; "relevance" is the order without any `sort:`."""
    bare = _SORT.sub(lambda found: found[1] or "", text).strip()
    if bare.count('"') % 2:
        bare += '"'  # an open phrase would swallow what is appended
    return bare if sort == "relevance" else f"{bare} sort:{sort}"
