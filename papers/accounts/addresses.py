"""Whether readers can be sent mails, and where to: an address as far as she has shown that it is hers."""

from allauth.account.models import EmailAddress
from django.conf import settings

from papers.models import Reader


def mail_address(reader: Reader) -> str | None:
    """The account's main address if it was verified, else None; one database query."""
    found = EmailAddress.objects.filter(user=reader, primary=True, verified=True).first()
    return str(found.email) if found else None


def mails_offered() -> bool:
    """Whether the site can send mails to readers: it has a mail server, and knows its own address for links."""
    return bool(settings.EMAIL_HOST and settings.SITE_URL)
