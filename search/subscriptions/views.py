"""The page of a reader's subscriptions."""

from django.http import HttpRequest, HttpResponse

from papers.accounts.who import account_needed


@account_needed
def subscriptions_page(request: HttpRequest) -> HttpResponse:
    """The subscriptions."""
    return HttpResponse("subscriptions")
