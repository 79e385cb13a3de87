"""What is to be done and what was done: runs, alarms, parked messages."""

import secrets

from django.db import models
from django.db.models import Q
from django.utils import timezone

COUNTED = ("seen", "new", "changed", "removed", "skipped")  # fields of a run


def _run_id() -> str:
    return secrets.token_hex(4)


def _by_hand() -> str:
    return f"by hand {secrets.token_hex(8)}"


class Run(models.Model):
    """One job: what was asked, how far it is, what came, what went wrong.

    A row is written before the job starts and says all that is needed to do it, so that a message is only a wake-up:
    whoever looks next takes up what is open, at `token`, where the last one was stopped.
    """

    run_id = models.CharField(max_length=16, default=_run_id, help_text="Stands in each line of the log.")
    key = models.CharField(
        max_length=80, unique=True, default=_by_hand, help_text="What the schedule calls it; each is there once."
    )
    job = models.CharField(max_length=16, default="newest")
    source = models.CharField(max_length=32, help_text="rss, oai, api, snapshot, or this site's own work.")
    window = models.TextField(help_text="What was asked for: categories, dates or ids.")
    arguments = models.JSONField(default=dict, help_text="The same for the program.")
    priority = models.PositiveSmallIntegerField(default=5, help_text="Lower numbers first.")
    started = models.DateTimeField(auto_now_add=True, help_text="When it was asked for.")
    not_before = models.DateTimeField(default=timezone.now)
    expires = models.DateTimeField(null=True, help_text="When it is worth nothing any more.")
    finished = models.DateTimeField(null=True)
    parked = models.BooleanField(default=False, help_text="It failed again and again and waits for an operator.")
    token = models.TextField(blank=True, help_text="Where to go on.")
    moment = models.DateTimeField(null=True, help_text="The source's own time of its first answer.")
    total = models.PositiveIntegerField(null=True, help_text="Records in the window, where the source tells.")
    tries = models.PositiveIntegerField(default=0, help_text="Failures in a row.")
    crashes = models.PositiveIntegerField(default=0, help_text="Starts since the last page that came to no end.")
    seen = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        get_latest_by = "id"
        indexes = [
            models.Index(fields=["finished"], name="run_finished"),
            models.Index(fields=["priority", "id"], name="run_open", condition=Q(finished=None, parked=False)),
        ]

    def __str__(self) -> str:
        return f"{self.job} {self.started:%Y-%m-%d %H:%M} {self.window[:80]}"

    @property
    def state(self) -> str:
        """One word for people: open, done, failed or parked."""
        if self.parked:
            return "parked"
        if self.finished is None:
            return "open"
        return "failed" if self.error else "done"


class Alarm(models.Model):
    """Something that an operator should know, once for each `key`, open until it is found to be well again."""

    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=16)
    day = models.DateField(null=True)
    text = models.TextField()
    raised = models.DateTimeField(default=timezone.now)
    closed = models.DateTimeField(null=True)
    mailed = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-raised", "-id"]

    def __str__(self) -> str:
        return self.text[:80]


class ParkedMessage(models.Model):
    """A message that no worker could take: kept to be looked at, and to be sent again."""

    queue = models.CharField(max_length=64, blank=True)
    task = models.CharField(max_length=200, blank=True)
    body = models.TextField(blank=True, help_text="The message, cut at 10,000 characters.")
    reason = models.TextField()
    parked = models.DateTimeField(default=timezone.now)
    again = models.DateTimeField(null=True, help_text="When it was sent again.")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.task or 'unreadable'} {self.parked:%Y-%m-%d %H:%M}"
