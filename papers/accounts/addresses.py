"""A reader's mail address, as far as she has shown that it is hers."""

from allauth.account.models import EmailAddress

from papers.models import Reader


def mail_address(reader: Reader) -> str | None:
    """The account's main address if it was verified, else None; one database query."""
    found = EmailAddress.objects.filter(user=reader, primary=True, verified=True).first()
    return str(found.email) if found else None
