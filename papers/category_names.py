"""arXiv's categories and archives as a reader's language calls them."""

from django.utils.translation import pgettext

from papers.categories import ARCHIVES, CATEGORIES, canonical

CONTEXT = "category"  # of the names in the catalogue, which `scripts/messages.py` puts there


def name_of(code: str) -> str:
    """The name of a category or archive in the language of the page; the code itself where it is unknown."""
    stored = canonical(code)
    name = CATEGORIES[stored].name if stored else ARCHIVES.get(code)
    return pgettext(CONTEXT, name) if name else code
