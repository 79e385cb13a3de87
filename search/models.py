"""What search keeps in the database: full sentence vectors and what was fitted on the corpus."""

from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator
from django.db import models

from papers.models import Paper


class PaperVector(models.Model):
    """The sentence vector of one paper by one model: float16, L2-normalised before rounding, little-endian bytes."""

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="vectors")
    model = models.CharField(max_length=200)
    text_hash = models.BigIntegerField(help_text="Of the text that was encoded, so that a changed paper is seen.")
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "paper"], name="one_vector_a_model")]

    def __str__(self) -> str:
        return f"{self.model} {self.paper_id}"


class Fit(models.Model):
    """What was learned from this site's papers at one moment: the whitening transform and the document frequencies.

    An index names the fit that it was made with, so that queries and index always use the same one.
    """

    model = models.CharField(max_length=200)
    papers = models.PositiveIntegerField(help_text="How many papers it was fitted on.")
    created = models.DateTimeField(auto_now_add=True)
    whitening = models.BinaryField(help_text="search.whitening.Transform.to_bytes()")
    frequencies = models.BinaryField(help_text="search.frequencies.FrequencyTable.to_bytes()")
    kept_back = models.TextField(blank=True, default="", db_default="", help_text="Why it is not used; empty: it is.")
    figures = models.JSONField(null=True, help_text="search.drift.Figures, where it was compared with the one before.")
    accepted = models.DateTimeField(null=True, help_text="When an operator took it into use all the same.")
    accepted_by = models.CharField(max_length=150, blank=True, default="", db_default="", help_text="Who did.")
    accepted_why = models.TextField(
        "why it is to be used all the same", blank=True, default="", db_default="", help_text="In your own words."
    )

    class Meta:
        get_latest_by = "id"

    def __str__(self) -> str:
        return f"fit-{self.pk} {self.model}"

    @property
    def is_kept_back(self) -> bool:
        """Whether no index may be made with it."""
        return bool(self.kept_back) and self.accepted is None


class FitLimits(models.Model):
    """How far a new fit may stray from the one before it. Rows are added and never changed: the newest is in force, and
    all together tell who changed what, when and why. The defaults are measured (docs/operations.md, “Drift”)."""

    least_overlap = models.FloatField(
        "least overlap",
        default=0.65,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text="The least share of the nearest 10 papers that must stay, from 0 to 1.",
    )
    most_loss = models.FloatField(
        "greatest loss",
        default=0.02,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text="By how much less often known papers may be found, from 0 to 1: 0.02 are two of a hundred.",
    )
    why = models.TextField("reason", validators=[MaxLengthValidator(2000)], help_text="Why the limits are changed.")
    set_by = models.CharField(max_length=150, editable=False)
    set_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        get_latest_by = "id"
        verbose_name_plural = "fit limits"

    def __str__(self) -> str:
        return f"overlap {self.least_overlap:g}, loss {self.most_loss:g}, {self.set_at:%Y-%m-%d}"
