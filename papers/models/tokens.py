"""Tokens by which programs of a reader use the API in her place."""

from django.db import models
from django.utils import timezone

from papers.models.readers import Reader


class ApiToken(models.Model):
    """One token of one reader: what it may do and until when. The token itself is known to her alone; here is its hash,
    by which it is found."""

    reader = models.ForeignKey(Reader, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=60, help_text="What the reader calls it.")
    hash = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the token, hexadecimal.")
    prefix = models.CharField(max_length=12, help_text="Its first letters, by which she tells it from others.")
    scopes = models.JSONField(default=list, help_text="What it may do: see papers.accounts.tokens.SCOPES.")
    created = models.DateTimeField(default=timezone.now)
    expires = models.DateTimeField()
    last_used = models.DateTimeField(null=True, help_text="To the hour.")
    revoked = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created", "-pk"]

    def __str__(self) -> str:
        return f"{self.reader_id} {self.prefix}"
