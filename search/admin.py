"""Admin pages for what was fitted on the site's papers: what was kept back and why, and how far a fit may stray."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from papers.admin import Looked
from search import drift, fits
from search.models import Fit, FitLimits

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Model]
else:
    ModelForm = forms.ModelForm


class FitForm(ModelForm):
    """Asks why a fit that was kept back is to be used."""

    def clean_accepted_why(self) -> str:
        """A reason."""
        why: str = self.cleaned_data["accepted_why"].strip()
        if not why:
            raise ValidationError("Say why it is to be used all the same.")
        return why


@admin.register(Fit)
class FitAdmin(Looked):
    """Fits, newest first. One that was kept back can be accepted, with a reason."""

    list_display = ("__str__", "papers", "created", "overlap", "kept_back", "accepted", "accepted_by")
    list_filter = (("accepted", admin.EmptyFieldListFilter),)
    ordering = ("-id",)
    form = FitForm
    fields = ("model", "papers", "created", "figures", "kept_back", "accepted", "accepted_by", "accepted_why")

    @admin.display(description="overlap")
    def overlap(self, fit: Fit) -> str:
        """The share of neighbours that stayed."""
        return f"{fit.figures['overlap']:.0%}" if fit.figures else "–"

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """Without what only programs read."""
        return super().get_queryset(request).defer("whitening", "frequencies")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Of one that is kept back, those who may."""
        return isinstance(obj, Fit) and obj.is_kept_back and self.has_act_permission(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        """All but the reason."""
        return self.fields[:-1]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Accept it."""
        fits.accept(obj.pk, request.user.get_username(), obj.accepted_why)
        self.message_user(request, f"Workers make an index with fit-{obj.pk} from the next minute on.")


@admin.register(FitLimits)
class FitLimitsAdmin(Looked):
    """The limits in force and those before: who set them, when and why."""

    list_display = ("set_at", "least_overlap", "most_loss", "set_by", "why")
    ordering = ("-id",)
    fields = ("least_overlap", "most_loss", "why")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Those who may add rows; nobody changes one."""
        return request.user.has_perm("search.add_fitlimits")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Those in force."""
        now = drift.limits()
        return {"least_overlap": now.least_overlap, "most_loss": now.most_loss}

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """With the name of who set them."""
        obj.set_by = request.user.get_username()
        super().save_model(request, obj, form, change)
