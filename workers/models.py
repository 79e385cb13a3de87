"""The record of every pull."""

from django.db import models


class SourceRun(models.Model):
    """One run of one source: what was asked, what came, what went wrong."""

    source = models.CharField(max_length=32)
    window = models.TextField(help_text="What was asked for: categories, dates or ids.")
    started = models.DateTimeField(auto_now_add=True)
    finished = models.DateTimeField(null=True)
    seen = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        get_latest_by = "id"

    def __str__(self) -> str:
        return f"{self.source} {self.started:%Y-%m-%d %H:%M} {self.window}"
