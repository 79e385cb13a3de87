"""What pages about accounts ask of the site's settings."""

from django.conf import settings
from django.http import HttpRequest


def accounts(request: HttpRequest) -> dict[str, object]:
    """For every template: whether there is one reader only, whether one may sign up, whether mail is sent, and what the
    institute that one may sign in by is called (empty: none)."""
    apps = settings.SOCIALACCOUNT_PROVIDERS.get("openid_connect", {}).get("APPS", [])
    return {
        "single_user": settings.SINGLE_USER,
        "signup_open": settings.SIGNUP_OPEN,
        "sends_mail": bool(settings.EMAIL_HOST),
        "institute": apps[0]["name"] if apps else "",
    }
