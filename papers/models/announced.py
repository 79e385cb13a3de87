"""What arXiv announced, day by day, and the ids that are asked of it."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from papers.models.paper import Paper


class Kind(models.IntegerChoices):
    """How a paper stands in an announcement list; in arXiv's order."""

    NEW = 0, _("new")
    CROSS = 1, _("cross-list")
    REPLACE = 2, _("replaced")
    REPLACE_CROSS = 3, _("replaced, cross-list")


class DayList(models.Model):
    """The announcement list of one category and day. Where there is one, `?date=` shows it and nothing else."""

    day = models.DateField(help_text="The announcement day, by US Eastern time.")
    category = models.CharField(max_length=32)
    fetched = models.DateTimeField(null=True, help_text="When the feed was read; empty where only others told of it.")
    built = models.DateTimeField(null=True, help_text="When arXiv made the feed, as the feed says.")
    lines = models.PositiveIntegerField(default=0, help_text="Papers in the feed.")

    class Meta:
        ordering = ["-day", "category"]
        constraints = [models.UniqueConstraint(fields=["category", "day"], name="one_list_a_day")]
        indexes = [models.Index(fields=["day"], name="list_of_day")]

    def __str__(self) -> str:
        return f"{self.category} {self.day}"


class Announcement(models.Model):
    """One paper in the list of one category and day, and which sources told of it there."""

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="announcements")
    day = models.DateField()
    category = models.CharField(max_length=32)
    kind = models.PositiveSmallIntegerField(choices=Kind.choices)
    position = models.PositiveIntegerField(
        null=True, help_text="From 1 in arXiv's order; empty where no feed named it."
    )
    version = models.PositiveSmallIntegerField(null=True, help_text="The version that was announced.")
    by_rss = models.BooleanField(default=False)
    by_oai = models.BooleanField(default=False)
    by_api = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "category", "paper"], name="announced_once_a_day")]

    def __str__(self) -> str:
        return f"{self.category} {self.day} {self.paper_id}"


class WantedPaper(models.Model):
    """An id that is asked of arXiv: a reader opened its address, or a check found that it is missing."""

    class Reason(models.TextChoices):
        """Who wants it; readers come first."""

        READER = "reader", "a reader opened it"
        NAMED = "named", "a source named it"
        HOLE = "hole", "a hole in the ids of a day"

    class State(models.TextChoices):
        """What became of it."""

        OPEN = "open", "asked for"
        HERE = "here", "here"
        ABSENT = "absent", "not at arXiv"

    arxiv_id = models.CharField(max_length=32, unique=True)
    reason = models.CharField(max_length=8, choices=Reason.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    day = models.DateField(null=True, help_text="The announcement day that misses it.")
    asked = models.DateTimeField(default=timezone.now)
    closed = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(default=timezone.now, help_text="When it is tried (again).")
    note = models.TextField(blank=True, help_text="Who named it, or why it could not be had.")

    class Meta:
        indexes = [models.Index(fields=["state", "not_before"], name="wanted_next")]

    def __str__(self) -> str:
        return f"{self.arxiv_id} {self.state}"
