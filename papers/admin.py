"""Admin pages for papers, announcement lists and what is asked for. Texts are arXiv's: looked at, not edited."""

from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from allauth.socialaccount.models import SocialApp, SocialToken
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from papers import wanted
from papers.identifiers import parse_id
from papers.ingest import mark_for_index
from papers.models import Announcement, DayList, IndexMark, Paper, Reader, WantedPaper

MOST = 10_000  # rows that can be paged through; beyond, one searches

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Model]
else:
    ModelAdmin = admin.ModelAdmin


class ShortPaginator(Paginator):
    """Counts no further than MOST: a count of three million rows takes seconds."""

    @cached_property
    def count(self) -> int:
        """How many rows can be paged through."""
        rows = self.object_list
        return rows.order_by()[:MOST].count() if isinstance(rows, QuerySet) else len(rows)


class Looked(ModelAdmin):
    """Rows that are looked at. What can be done with them are its actions, for those who may change them."""

    paginator = ShortPaginator
    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: there is nothing to type."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Whether somebody may use the actions."""
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")


@admin.register(Paper)
class PaperAdmin(Looked):
    """Papers, found by their ids."""

    list_display = ("arxiv_id", "plain_title", "primary_category", "version", "published", "withdrawn", "removed")
    ordering = ("-published", "-id")
    search_fields = ("arxiv_id",)
    search_help_text = "One or more arXiv ids"
    sortable_by = ()
    actions = ("index_again", "fetch_again")

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> "tuple[QuerySet[Any], bool]":
        """By exact id, which an index finds."""
        names = search_term.replace(",", " ").split()
        if not names:
            return queryset, False
        parsed = [parse_id(name) for name in names]
        return queryset.filter(arxiv_id__in=[found.base for found in parsed if found]), False

    @admin.action(description="Index again", permissions=["act"])
    def index_again(self, request: HttpRequest, queryset: "QuerySet[Any]") -> None:
        """Mark them for the index."""
        papers = list(queryset.values_list("pk", flat=True))
        with transaction.atomic():
            mark_for_index(papers)
        self.message_user(request, f"{len(papers)} papers are marked; a worker indexes them within a minute.")

    @admin.action(description="Fetch again from arXiv", permissions=["act"])
    def fetch_again(self, request: HttpRequest, queryset: "QuerySet[Any]") -> None:
        """Ask arXiv for them as a reader does who opens an unknown one."""
        names = list(queryset.values_list("arxiv_id", flat=True))
        refused = [name for name in names if wanted.ask(name) is None]
        self.message_user(request, f"ArXiv is asked for {len(names) - len(refused)} papers.")
        if refused:
            text = f"{len(refused)} were left out: {wanted.MOST_OPEN} requests are open already."
            self.message_user(request, text, messages.WARNING)


@admin.register(DayList)
class DayListAdmin(Looked):
    """Announcement lists by day."""

    list_display = ("day", "category", "lines", "fetched", "built")
    list_filter = ("day",)
    search_fields = ("=category", "day")
    search_help_text = "A category, or a day such as 2026-11-20"
    ordering = ("-day", "-category")


@admin.register(Announcement)
class AnnouncementAdmin(Looked):
    """Papers in announcement lists."""

    list_display = ("day", "category", "position", "kind", "paper", "version", "by_rss", "by_oai", "by_api")
    list_filter = ("day",)
    list_select_related = ("paper",)
    search_fields = ("day",)
    search_help_text = "A day, a category, an arXiv id, each once: 2026-11-20 cs.CL"
    ordering = ("-day", "-category", "-paper")
    sortable_by = ()
    raw_id_fields = ("paper",)

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> "tuple[QuerySet[Any], bool]":
        """By what an index finds: the day, the category of a day, a paper."""
        for word in search_term.split():
            found = parse_id(word)
            if found:
                queryset = queryset.filter(paper__arxiv_id=found.base)
            elif word[:1].isdigit():
                try:
                    queryset = queryset.filter(day=date.fromisoformat(word))
                except ValueError:
                    return queryset.none(), False
            else:
                queryset = queryset.filter(category__iexact=word)
        return queryset, False


@admin.register(IndexMark)
class IndexMarkAdmin(Looked):
    """Papers that could not be indexed, with what was said of them."""

    list_display = ("paper", "reason", "rests_until", "run")
    list_select_related = ("paper",)
    ordering = ("paper",)
    sortable_by = ()
    actions = ("try_again",)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        """Those alone: the others only wait for their turn."""
        return super().get_queryset(request).filter(rests_until__isnull=False)

    @admin.action(description="Try again now", permissions=["act"])
    def try_again(self, request: HttpRequest, queryset: "QuerySet[Any]") -> None:
        """They rest no longer."""
        marks = list(queryset.values_list("pk", flat=True))
        IndexMark.objects.filter(pk__in=marks).update(rests_until=None, reason="")
        self.message_user(request, f"{len(marks)} papers are tried again within a minute.")


@admin.register(WantedPaper)
class WantedPaperAdmin(Looked):
    """Ids that arXiv is asked for."""

    list_display = ("arxiv_id", "state", "reason", "day", "asked", "tries", "not_before", "note")
    list_filter = ("state", "reason")
    search_fields = ("arxiv_id__startswith",)
    ordering = ("-id",)
    actions = ("ask_again",)

    @admin.action(description="Ask again", permissions=["act"])
    def ask_again(self, request: HttpRequest, queryset: "QuerySet[Any]") -> None:
        """As if they had never been asked for."""
        names = list(queryset.values_list("pk", flat=True))
        now = timezone.now()
        WantedPaper.objects.filter(pk__in=names).update(
            state=WantedPaper.State.OPEN, closed=None, tries=0, not_before=now, note=""
        )
        wanted.asked.send(sender=WantedPaper)
        self.message_user(request, f"ArXiv is asked for {len(names)} papers.")


admin.site.register(Reader, UserAdmin)
# The institute stands in the settings alone, and no tokens of it are kept.
admin.site.unregister((SocialApp, SocialToken))
