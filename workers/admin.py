"""Admin pages for what the workers did and could not do, with what an operator can do about it."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.text import Truncator
from django.views.decorators.http import require_POST

from papers.admin import Looked
from workers import alarms
from workers.models import Alarm, ParkedMessage, Run


class StateFilter(admin.SimpleListFilter):
    """Runs by what became of them."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The words of `Run.state`."""
        return [(state, state) for state in ("open", "parked", "failed", "done")]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        """The runs in the state that was chosen."""
        finished = queryset.filter(parked=False, finished__isnull=False)
        states = {
            "open": queryset.filter(parked=False, finished=None),
            "parked": queryset.filter(parked=True),
            "failed": finished.exclude(error=""),
            "done": finished.filter(error=""),
        }
        return states.get(self.value() or "", queryset)


@admin.register(Run)
class RunAdmin(Looked):
    """Runs, newest first."""

    list_display = ("started", "run_id", "job", "state", "seen", "new", "tries", "asked_for", "said")
    list_filter = (StateFilter, "job")
    search_fields = ("run_id__startswith", "key__startswith", "window")
    search_help_text = "A run id, a key such as “announce 2026-11-20”, or a word of what was asked for"
    ordering = ("-id",)
    actions = ("run_again", "give_up")
    change_form_template = "workers/admin_run.html"

    @admin.display(description="asked for")
    def asked_for(self, run: Run) -> str:
        """What was asked for, in the width of a column."""
        return Truncator(run.window).chars(60)

    @admin.display(description="error")
    def said(self, run: Run) -> str:
        """What went wrong, in the width of a column."""
        return Truncator(run.error).chars(100)

    @admin.action(description="Run again", permissions=["act"])
    def run_again(self, request: HttpRequest, queryset: "QuerySet[Any]") -> None:
        """Open them again and wake who does them."""
        runs = [run for run in queryset if _again(run)]
        self.message_user(request, f"{len(runs)} runs are open again.")

    @admin.action(description="Give up", permissions=["act"])
    def give_up(self, request: HttpRequest, queryset: "QuerySet[Any]") -> None:
        """End them, whatever is left to be done; a worker that is at one finishes its page."""
        from workers import jobs

        given_up = sum(jobs.give_up(run) for run in queryset)
        self.message_user(request, f"{given_up} runs were given up.")

    def get_urls(self) -> list[URLPattern]:
        """With the address of the button."""
        button = self.admin_site.admin_view(require_POST(self.button))
        return [path("<int:number>/again/", button, name="workers_run_again"), *super().get_urls()]

    def button(self, request: HttpRequest, number: int) -> HttpResponse:
        """The button of one run's page."""
        if not self.has_act_permission(request):
            raise PermissionDenied
        run = get_object_or_404(Run, pk=number)
        if _again(run):
            self.message_user(request, f"Run {run.run_id} is open again.")
        else:
            self.message_user(request, f"Nobody knows how to do “{run.job}”.", messages.ERROR)
        return redirect(reverse(f"{self.admin_site.name}:workers_run_change", args=[number]))

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """With the button, for those who may press it."""
        return super().render_change_form(
            request, context | {"may_run_again": self.has_act_permission(request)}, *args, **kwargs
        )


def _again(run: Run) -> bool:
    # Here: this module is read at the start of every process, and Celery and the sources cost it half a second.
    from workers import jobs
    from workers.tasks import arrive, wake

    if run.job not in jobs.JOBS:
        return False
    jobs.again(run)
    wake(arrive, jobs.JOBS[run.job].queue)
    return True


@admin.register(Alarm)
class AlarmAdmin(Looked):
    """Alarms, open and closed."""

    list_display = ("raised", "kind", "text", "day", "closed", "mailed")
    list_filter = (("closed", admin.EmptyFieldListFilter), "kind")
    search_fields = ("key", "text")
    ordering = ("-raised", "-id")
    actions = ("close",)

    @admin.action(description="Close", permissions=["act"])
    def close(self, request: HttpRequest, queryset: "QuerySet[Any]") -> None:
        """Until the next check, which opens those again whose reason lasts."""
        keys = list(queryset.filter(closed=None).values_list("key", flat=True))
        for key in keys:
            alarms.close(key)
        self.message_user(
            request, f"{len(keys)} alarms are closed. One whose reason lasts is opened again within a minute."
        )


@admin.register(ParkedMessage)
class ParkedMessageAdmin(Looked):
    """Messages that no worker could take."""

    list_display = ("parked", "task", "queue", "reason", "again")
    list_filter = (("again", admin.EmptyFieldListFilter),)
    search_fields = ("task", "reason")
    ordering = ("-id",)
    actions = ("send_again", "forget")

    @admin.action(description="Forget", permissions=["act"])
    def forget(self, request: HttpRequest, queryset: "QuerySet[Any]") -> None:
        """Throw them away: what there is to do does not stand in messages."""
        number, _ = queryset.delete()
        self.message_user(request, f"{number} messages are forgotten.")

    @admin.action(description="Send again", permissions=["act"])
    def send_again(self, request: HttpRequest, queryset: "QuerySet[Any]") -> None:
        """Put them into their queues once more."""
        import workers.tasks  # noqa: F401 -- so that this process knows the tasks that messages name
        from workers import parking

        rows = list(queryset)
        sent = sum(parking.send_again(row) for row in rows)
        self.message_user(request, f"{sent} messages were sent again.")
        if sent < len(rows):
            text = f"{len(rows) - sent} could not be: they cannot be read, or the broker is away."
            self.message_user(request, text, messages.WARNING)
