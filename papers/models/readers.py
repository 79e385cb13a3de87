"""Who reads, and what she did with papers: her account or her browser, stars and marks, searches that she keeps."""

import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from papers.models.paper import Paper


class Reader(AbstractUser):
    """Somebody with an account; staff may use the admin pages."""


class Visitor(models.Model):
    """One reader as pages know her: by her account, or without one by a signed cookie of her browser.

    The cookie's row comes with the first star or mark; what it holds moves to the account's when she signs up or in.
    """

    class MyOrder(models.TextChoices):
        """How the morning page orders the papers of each subscription."""

        ARXIV = "arxiv", _("as announced")
        PREFERENCE = "preference", _("by preference ❤")

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False, help_text="What the cookie carries.")
    reader = models.OneToOneField(
        Reader, on_delete=models.CASCADE, null=True, related_name="visitor", help_text="Whose account it is."
    )
    words = models.CharField(max_length=500, blank=True, help_text="What she prefers, for the order by preference.")
    began = models.DateTimeField(default=timezone.now)
    active = models.DateTimeField(default=timezone.now, help_text="The last star or mark.")
    keeps_history = models.BooleanField(
        default=True, db_default=True, help_text="Whether it is kept which papers she opens."
    )
    my_order = models.CharField(
        max_length=12, choices=MyOrder.choices, default=MyOrder.ARXIV, db_default=MyOrder.ARXIV.value
    )
    visited = models.DateTimeField(null=True, help_text="When she last opened the morning page.")
    visited_before = models.DateTimeField(null=True, help_text="When her visit of the morning page before that was.")

    def __str__(self) -> str:
        return f"visitor {self.pk}"


class Mark(models.Model):
    """What one visitor did with one paper."""

    visitor = models.ForeignKey(Visitor, on_delete=models.CASCADE, related_name="marks")
    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="marks")
    starred = models.DateTimeField(null=True)
    seen = models.DateTimeField(null=True, help_text="When she sifted it.")
    opened = models.DateTimeField(null=True, help_text="When she first opened its full text from here.")
    viewed = models.DateTimeField(null=True, help_text="When she last opened its page or its full text.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["visitor", "paper"], name="one_mark_a_paper")]
        indexes = [
            models.Index(fields=["visitor", "-starred"], name="stars_of_visitor", condition=~models.Q(starred=None)),
            models.Index(fields=["visitor", "-viewed"], name="views_of_visitor", condition=~models.Q(viewed=None)),
        ]

    def __str__(self) -> str:
        return f"{self.visitor_id} {self.paper_id}"


class Tally(models.Model):
    """How many visitors starred and opened a paper; apart from the paper, whose row is large and written by others."""

    paper = models.OneToOneField(Paper, on_delete=models.CASCADE, primary_key=True, related_name="tally")
    stars = models.PositiveIntegerField(default=0)
    opened = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "tallies"
        indexes = [models.Index(fields=["-stars"], name="most_starred", condition=models.Q(stars__gt=0))]

    def __str__(self) -> str:
        return f"{self.paper_id}: {self.stars} stars"


class SavedSearch(models.Model):
    """A search that one visitor keeps."""

    visitor = models.ForeignKey(Visitor, on_delete=models.CASCADE, related_name="searches")
    text = models.CharField(max_length=2000, help_text="The query as it was read.")
    sort = models.CharField(max_length=16, help_text="The order: relevance, new, old or stars.")
    digest = models.BigIntegerField(help_text="Of text and order: the text itself may be longer than an index takes.")
    made = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-made", "-pk"]
        verbose_name_plural = "saved searches"
        constraints = [models.UniqueConstraint(fields=["visitor", "digest"], name="one_search_a_visitor")]

    def __str__(self) -> str:
        return f"{self.visitor_id} {self.text[:60]}"
