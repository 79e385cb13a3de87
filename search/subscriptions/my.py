"""The morning page: everything new for one reader since her last visit, by subscription."""

from django.http import HttpRequest, HttpResponse

from papers.accounts.who import account_needed


@account_needed
def my_page(request: HttpRequest) -> HttpResponse:
    """What is new."""
    return HttpResponse("my")
