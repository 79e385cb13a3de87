"""What the account's pages say of devices."""

from django import template
from django.utils.translation import gettext as _

register = template.Library()

# Browsers name those that they are like, too: the first that is found is the one that it is.
_BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "Firefox/": "Firefox",
    "FxiOS": "Firefox",
    "Chrom": "Chrome",
    "Safari/": "Safari",
}
_SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS": "macOS",
    "Linux": "Linux",
}


@register.filter
def device(agent: str) -> str:
    """A browser and its system in two words, as its User-Agent tells: `Firefox · Linux`; unknown ones by their own
    words, cut at 60 characters."""
    found = [next((name for sign, name in known.items() if sign in agent), "") for known in (_BROWSERS, _SYSTEMS)]
    return " · ".join(name for name in found if name) or agent[:60] or _("Unknown browser")
