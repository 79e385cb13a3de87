"""Addresses of readers' mails on this site."""

from django import template
from django.urls import reverse

from papers.models import Digest
from workers.digests.unsubscribing import digest_token

register = template.Library()


@register.simple_tag
def digest_address(digest: Digest) -> str:
    """Where a mail is read in the browser."""
    return reverse("digest", args=[digest_token(digest)])
