"""What the pages say about the arrival of papers."""

from django import template

from workers.status import notice

register = template.Library()


@register.simple_tag
def site_notice() -> str:
    """The sentence on top of every page while something is wrong; empty while all is well."""
    return notice()
