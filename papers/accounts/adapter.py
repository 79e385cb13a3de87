"""What allauth asks of the site: who may sign up, what an account is called, whom a limit counts, how mail goes out."""

import secrets
from smtplib import SMTPException
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.account.stages import EmailVerificationStage
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from django.conf import settings
from django.forms import ValidationError
from django.http import HttpRequest
from django.shortcuts import render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from papers.clients import client_address
from papers.models import Reader
from papers.views.errors import too_many

log = structlog.get_logger()

NOWHERE: Final = "0.0.0.0"  # noqa: S104 (no address to listen on: the readers of a proxy have no known one)
WAIT: Final = 300  # seconds that somebody is asked to wait who tried too many passwords


class Accounts(DefaultAccountAdapter):
    """Accounts of this site."""

    error_messages: Final = DefaultAccountAdapter.error_messages | {
        "account_inactive": _("This account is closed."),
        "duplicate_email": _("This is the address of your account already."),
        "email_password_mismatch": _("Address and password do not belong together."),
        "username_password_mismatch": _("Name and password do not belong together."),
        "email_taken": _("There is an account with this address already."),
        "enter_current_password": _("This is not your current password."),
        "incorrect_password": _("This is not your password."),
        "invalid_password_reset": _("This link is not valid any more."),
        "max_email_addresses": _("An account has no more than %d addresses."),
        "too_many_login_attempts": _("Too many passwords were tried. Wait five minutes and try again."),
        "rate_limited": _("This was asked too often. Wait a moment and try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Whether readers may sign up by themselves."""
        return bool(settings.SIGNUP_OPEN)

    def generate_unique_username(self, txts: list[str | None], regex: str | None = None) -> str:
        """A name that nobody chooses: readers go by their addresses, only administrators by a name."""
        return secrets.token_hex(8)

    def is_safe_url(self, url: str | None) -> bool:
        """Whether `next` leads to this site, not to another that it trusts for something else."""
        return url_has_allowed_host_and_scheme(url, {self.request.get_host()}, require_https=self.request.is_secure())

    def get_client_ip(self, request: HttpRequest) -> str:
        """The connection's address; behind a proxy all readers share NOWHERE, and limits by address are the site's."""
        return client_address(request) or NOWHERE

    def get_login_stages(self) -> list[str]:
        """A verified address, or to be staff: no code, no phone."""
        return ["papers.accounts.adapter.Verified"]

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Before an address changes, the password is asked again of those who have one."""
        user = self.request.user
        return isinstance(user, Reader) and user.has_usable_password()

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Answer 429 to who tries too many passwords, for one account or from one address."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            raise ImmediateHttpResponse(too_many(request, WAIT)) from None

    def get_email_verification_redirect_url(self, email_address: EmailAddress) -> str:
        """To the account's page; who is not signed in, to the door."""
        if settings.SINGLE_USER or self.request.user.is_authenticated:
            return resolve_url("account")
        return resolve_url("account_login")

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """To the account's page."""
        return resolve_url("account")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send one mail, none where the site has no server for it. Where the server does not take it, the page says
        so."""
        if not settings.EMAIL_HOST:
            return
        context = self._at_the_site(context)
        try:
            super().send_mail(template_prefix, email, context)
        except (OSError, SMTPException) as error:
            log.warning("a mail to a reader could not be sent", kind=template_prefix, error=str(error))
            raise ImmediateHttpResponse(render(self.request, "account/mail_failed.html", status=503)) from error

    def _at_the_site(self, context: dict[str, Any]) -> dict[str, Any]:
        """Links of a mail, and the `host` that it says it is of, are those of SITE_URL, where it is set, and not of the
        name by which the request came: that one may be made up by whoever asks for another's new password."""
        came_by = self.request.build_absolute_uri("/")[:-1]
        site = settings.SITE_URL or came_by
        links = {name: str(link).removeprefix(came_by) for name, link in context.items() if name.endswith("_url")}
        host = urlsplit(site).netloc
        return context | {name: f"{site}{path}" for name, path in links.items()} | {"host": host}


class Verified(EmailVerificationStage):
    """The step of a sign-in that waits for a verified address; administrators made by a command need none."""

    def handle(self) -> tuple[Any, bool]:
        """The answer that ends the sign-in here, or None, and whether it goes on."""
        if self.login.user and self.login.user.is_staff:
            return None, True
        response, goes_on = super().handle()
        return response, goes_on


class Institutes(DefaultSocialAccountAdapter):
    """Sign-in by an institute's OpenID Connect."""

    error_messages: Final = DefaultSocialAccountAdapter.error_messages | {
        "email_taken": _(
            "There is an account with this address already. Sign in to it first, then connect your account at %s."
        ),
        "disconnect_last": _("Without a password, this is your only way in. Give the account a password first."),
        "connected_other": _("That account is connected to another account here."),
        "no_password": _("Without a password, this is your only way in. Give the account a password first."),
    }

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Whoever the institute knows may have an account, also where sign-up is closed."""
        return True

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """The one of the settings; none from the database."""
        apps = settings.SOCIALACCOUNT_PROVIDERS.get("openid_connect", {}).get("APPS", [])
        found = [SocialApp(provider="openid_connect", **app) for app in apps]
        return [
            app
            for app in found
            if provider in {None, app.provider, app.provider_id} and client_id in {None, app.client_id}
        ]

    def authenticate_by_email(self, sociallogin: SocialLogin) -> tuple[Reader, str] | None:
        """The account here whose verified address the institute has verified, too.

        An address that was never verified here may be anybody's: who signed up with it could wait in the account for
        its owner. So it joins nothing, and such an account in which nobody ever was makes room.
        """
        for address in [row.email.lower() for row in sociallogin.email_addresses if row.verified]:
            found = EmailAddress.objects.filter(email=address, verified=True).select_related("user").first()
            if found is not None:
                return found.user, found.email
            waiting = Reader.objects.filter(emailaddress__email=address, last_login=None, is_staff=False)
            waiting.exclude(emailaddress__verified=True).delete()
        return None
