"""What search keeps in the database: full sentence vectors and what was fitted on the corpus."""

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

    class Meta:
        get_latest_by = "id"

    def __str__(self) -> str:
        return f"fit-{self.pk} {self.model}"
