"""What readers subscribed to, when their mails are due, and which mails there were."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from papers.models.readers import Visitor


class Subscription(models.Model):
    """One thing that a reader follows: new papers that match it are on her morning page, in its feed, in her mails."""

    class Kind(models.TextChoices):
        """What it goes by."""

        CATEGORIES = "categories", _("categories")
        SEARCH = "search", _("search")
        TEXT = "text", _("papers like a text")
        STARS = "stars", _("papers like your stars")
        AUTHOR = "author", _("author")

    class Rhythm(models.TextChoices):
        """How often it is mailed."""

        NEVER = "", _("no mail")
        DAILY = "daily", _("daily")
        WEEKLY = "weekly", _("weekly")

    visitor = models.ForeignKey(Visitor, on_delete=models.CASCADE, related_name="subscriptions")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    text = models.TextField(
        max_length=5_000,
        blank=True,
        help_text="Categories as in an address (cs.AI+cs.LG-cs.CY), a query, a text, a name; empty for stars.",
    )
    name = models.CharField(max_length=120, blank=True, help_text="What the reader calls it.")
    threshold = models.FloatField(null=True, help_text="The least cosine to the text or the stars.")
    crosses = models.BooleanField(default=True, help_text="Whether cross-lists count.")
    replacements = models.BooleanField(default=False, help_text="Whether replacements count.")
    rhythm = models.CharField(max_length=8, choices=Rhythm.choices, blank=True, default=Rhythm.NEVER)
    paused = models.BooleanField(default=False)
    since = models.DateField(help_text="Mails tell of what was announced after this day.")
    key = models.CharField(
        max_length=32, help_text="A hash of what is asked, the same for all readers who ask the same."
    )
    vector = models.BinaryField(null=True, help_text="Of the text: float16, by the model beside it.")
    model = models.CharField(max_length=200, blank=True)
    secret = models.CharField(max_length=43, unique=True, help_text="Of its feed's address.")
    made = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["made", "pk"]
        constraints = [models.UniqueConstraint(fields=["visitor", "key"], name="subscribed_once")]
        indexes = [models.Index(fields=["key"], name="subscriptions_by_key")]

    def __str__(self) -> str:
        return f"{self.visitor_id} {self.kind} {self.text[:60]}"


class DayMatches(models.Model):
    """Which of a day's announced papers match a subscription's key, worked out once for all who ask the same."""

    key = models.CharField(max_length=32)
    day = models.DateField()
    stamp = models.CharField(max_length=64, help_text="The state of the day's lists that it was worked out for.")
    found = models.JSONField(
        default=list, help_text="[paper, kind, version or null, cosine or null] each, in the order of the list."
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "day"], name="matched_once_a_day")]
        indexes = [models.Index(fields=["day"], name="matches_of_day")]

    def __str__(self) -> str:
        return f"{self.key} {self.day}"


class Delivery(models.Model):
    """When and how one reader gets her mails; the address is her account's, verified."""

    visitor = models.OneToOneField(Visitor, on_delete=models.CASCADE, primary_key=True, related_name="delivery")
    zone = models.CharField(max_length=64, default="UTC", help_text="An IANA time zone.")
    hour = models.PositiveSmallIntegerField(default=7, help_text="0 to 23, in that zone.")
    weekday = models.PositiveSmallIntegerField(default=0, help_text="Of weekly mails; 0 is Monday.")
    language = models.CharField(max_length=10, default="en")
    paused = models.BooleanField(default=False)
    next_daily = models.DateTimeField(null=True, db_index=True)
    next_weekly = models.DateTimeField(null=True, db_index=True)
    bounces = models.PositiveSmallIntegerField(default=0, help_text="In a row.")
    stopped = models.DateTimeField(null=True, help_text="No mail is sent since then: the address refuses it.")
    reason = models.TextField(blank=True, help_text="What the refusing server said.")

    class Meta:
        verbose_name_plural = "deliveries"

    def __str__(self) -> str:
        return f"delivery {self.visitor_id}"


class Digest(models.Model):
    """One mail that was due to one reader, and what became of it."""

    class State(models.TextChoices):
        """How far it is."""

        DUE = "due", _("due")
        UNSURE = "unsure", _("perhaps not delivered")
        SENT = "sent", _("sent")
        EMPTY = "empty", _("nothing new")
        FAILED = "failed", _("refused")

    visitor = models.ForeignKey(Visitor, on_delete=models.CASCADE, related_name="digests")
    rhythm = models.CharField(max_length=8, choices=Subscription.Rhythm.choices)
    period = models.CharField(max_length=10, help_text="2026-11-24, or 2026-W48.")
    due = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.DUE)
    papers = models.JSONField(default=list, help_text="[paper, version or 0] each: 0 where it was announced first.")
    claim = models.BigIntegerField(null=True, help_text="The token of the worker that has it in hand.")
    claimed = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(default=timezone.now, help_text="When it is tried (again).")
    sent = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-due", "-pk"]
        constraints = [models.UniqueConstraint(fields=["visitor", "rhythm", "period"], name="one_digest_a_period")]
        indexes = [
            models.Index(fields=["not_before"], name="digests_due", condition=models.Q(state="due")),
            models.Index(fields=["due"], name="digests_by_due"),
        ]

    def __str__(self) -> str:
        return f"{self.visitor_id} {self.rhythm} {self.period}"
