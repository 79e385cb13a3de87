"""allauth's forms in this site's words, and the ones that are our own."""

from typing import Any

from allauth.account import forms
from allauth.account.adapter import get_adapter
from allauth.account.fields import EmailField
from allauth.socialaccount import forms as social
from django import forms as django_forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from papers.models import Reader

_LABELS = {
    "login": _("Mail address"),
    "email": _("Mail address"),
    "password": _("Password"),
    "oldpassword": _("Current password"),
}
LONGEST_ADDRESS = 254
_TWICE = _("The two passwords are not the same.")


class _Plain:
    """Labels of our own above the fields, nothing in them: what stands in a field goes when one types."""

    fields: dict[str, django_forms.Field]
    new = False  # whether `password1` is a new one in the place of another

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        labels = _LABELS | {
            "password1": _("New password") if self.new else _("Password"),
            "password2": _("The password once more"),
        }
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = labels.get(name, field.label)
            if name in {"password", "oldpassword"}:
                field.help_text = ""
            if name == "email":  # allauth would cut a longer one, and write to what is left of it
                field.validators = [*field.validators, MaxLengthValidator(LONGEST_ADDRESS)]
                field.widget.attrs["maxlength"] = LONGEST_ADDRESS

    def add_error(self, field: str | None, error: Any) -> None:
        """Two different passwords are said in our words."""
        if field == "password2" and not isinstance(error, ValidationError):
            error = _TWICE
        super().add_error(field, error)  # type: ignore[misc]


class SignIn(_Plain, forms.LoginForm):
    """Address (or an administrator's name) and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs |= {
            "autocomplete": "username",
            "autocapitalize": "off",
            "maxlength": LONGEST_ADDRESS,
        }


class SignUp(_Plain, forms.SignupForm):
    """Address and password."""


class ChangeAddress(_Plain, forms.AddEmailForm):
    """The new address."""


class ChangePassword(_Plain, forms.ChangePasswordForm):
    """The current password and a new one."""

    new = True


class SetPassword(_Plain, forms.SetPasswordForm):
    """A password for an account that has none."""

    new = True


class AskReset(_Plain, forms.ResetPasswordForm):
    """The address that the link is sent to."""


class Reset(_Plain, forms.ResetPasswordKeyForm):
    """The new password."""

    new = True


class AskAgain(_Plain, forms.ReauthenticateForm):
    """The password, before something that it guards."""


class SignUpByInstitute(_Plain, social.SignupForm):
    """The address, where the institute told none or one that is taken."""


class GiveAddress(_Plain, django_forms.Form):
    """The one reader's address."""

    email = EmailField(max_length=LONGEST_ADDRESS)


class Farewell(django_forms.Form):
    """What is asked before everything is deleted: the password; without one the address; of a site's one reader only
    that she means it."""

    def __init__(self, request: HttpRequest, reader: Reader, data: Any = None) -> None:
        super().__init__(data)
        self.request, self.reader = request, reader
        if settings.SINGLE_USER:
            self.fields["sure"] = django_forms.BooleanField(label=_("Yes, delete all of it"))
        elif reader.has_usable_password():
            widget = django_forms.PasswordInput(attrs={"autocomplete": "current-password"})
            self.fields["password"] = django_forms.CharField(label=_("Password"), strip=False, widget=widget)
        else:
            self.fields["address"] = django_forms.CharField(label=_("Your mail address, typed once more"))

    def clean_password(self) -> str:
        """Tried passwords are counted as at the door. Raises ValidationError for a wrong one."""
        password = str(self.cleaned_data["password"])
        if not get_adapter(self.request).reauthenticate(self.reader, password):
            raise ValidationError(_("This is not your password."))
        return password

    def clean_address(self) -> str:
        """Raises ValidationError where it is not the account's."""
        address = str(self.cleaned_data["address"]).strip()
        if address.lower() != (self.reader.email or self.reader.username).lower():
            raise ValidationError(_("This is not the address of your account."))
        return address
