"""Papers: what arXiv said, the categories to browse by, earlier texts, what waits for the index."""

from hashlib import blake2b

from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property

from papers import tex


class Paper(models.Model):
    """One paper under its arXiv id, in the newest version seen here.

    `title`, `abstract` and `authors` hold the text as arXiv serves it, TeX included; `papers.tex.to_text` makes the
    text that is shown and indexed.
    """

    arxiv_id = models.CharField(max_length=32, unique=True, help_text="Without version: 2401.00001, hep-th/9108020.")
    version = models.PositiveSmallIntegerField(null=True, help_text="The newest version seen, where known.")
    title = models.TextField()
    abstract = models.TextField()
    is_summary = models.BooleanField(default=False, help_text="The abstract is our own summary.")
    authors = models.JSONField(default=list, help_text="Names in order, first name first.")
    categories = models.JSONField(default=list, help_text="Category codes, the primary one first.")
    published = models.DateTimeField(
        help_text="Submission of the first version (midnight UTC where only a day is known)."
    )
    updated = models.DateTimeField(null=True, help_text="Submission of the newest version, where there are several.")
    doi = models.TextField(blank=True)
    journal_ref = models.TextField(blank=True)
    comment = models.TextField(blank=True)
    license = models.TextField(blank=True)
    report_number = models.TextField(blank=True)
    withdrawn = models.BooleanField(default=False)
    removed = models.BooleanField(default=False, db_default=False, help_text="ArXiv has deleted its record.")
    keywords = models.JSONField(default=list, help_text="Keyphrases written by the indexer, best first.")

    class Meta:
        indexes = [models.Index(fields=["-published", "-id"], name="paper_newest")]

    def __str__(self) -> str:
        return f"{self.arxiv_id} {self.title[:60]}"

    def get_absolute_url(self) -> str:
        """The paper's own page."""
        return reverse("paper", args=[self.arxiv_id])

    @property
    def primary_category(self) -> str:
        """The category that arXiv files the paper under."""
        return self.categories[0] if self.categories else ""

    @cached_property
    def fingerprint(self) -> str:
        """A hash of all that pages show of the paper, under which pieces of them are kept."""
        shown = [getattr(self, name) for name in _SHOWN]
        return blake2b(repr(shown).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    @property
    def plain_title(self) -> str:
        """The title with TeX accents and markup as Unicode; formulas stay as they are."""
        return tex.to_text(self.title)

    @property
    def plain_abstract(self) -> str:
        """The abstract with TeX accents and markup as Unicode; formulas stay as they are."""
        return tex.to_text(self.abstract)

    @property
    def plain_journal_ref(self) -> str:
        """Where it was published, with TeX accents as Unicode."""
        return tex.to_text(self.journal_ref)

    @property
    def plain_authors(self) -> list[str]:
        """The authors' names with TeX accents as Unicode."""
        return [tex.to_text(name) for name in self.authors]


_SHOWN = tuple(field.attname for field in Paper._meta.concrete_fields)


class PaperCategory(models.Model):
    """One category of one paper, with the paper's time beside it, so that a listing is one walk of an index."""

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="category_links")
    category = models.CharField(max_length=32)
    published = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["paper", "category"], name="one_link_a_category")]
        indexes = [models.Index(fields=["category", "-published", "-paper"], name="category_newest")]

    def __str__(self) -> str:
        return f"{self.category} {self.paper_id}"


class IndexMark(models.Model):
    """A paper that waits for the index.

    The mark is set in the transaction that writes the paper and removed when the engine has confirmed the document,
    and only if `stamp` is still the one that was read before: a change in between sets a new stamp. Who works on
    marks, and how, is told in `search.marks`.
    """

    paper = models.OneToOneField(Paper, on_delete=models.CASCADE, primary_key=True, related_name="index_mark")
    stamp = models.BigIntegerField()
    claim = models.BigIntegerField(null=True, help_text="The token of the worker that has it in hand.")
    rests_until = models.DateTimeField(null=True, help_text="The engine refused the paper: not tried before then.")
    kept = models.BooleanField(
        default=False, db_default=False, help_text="In the serving index, and not yet in the one that is being made."
    )
    reason = models.TextField(blank=True, default="", db_default="", help_text="Why it rests.")
    run = models.CharField(max_length=16, blank=True, default="", db_default="", help_text="The run that brought it.")

    def __str__(self) -> str:
        return f"index {self.paper_id}"


class PaperVersion(models.Model):
    """What an earlier version of a paper said, kept when a later one took its place.

    Only what was seen here is known: between two rows there may be versions that nobody fetched.
    """

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="earlier")
    version = models.PositiveSmallIntegerField(help_text="0 where the number was not known.")
    title = models.TextField()
    abstract = models.TextField()
    authors = models.JSONField(default=list)
    submitted = models.DateTimeField(null=True, help_text="When this version was submitted, as far as known.")
    replaced = models.DateTimeField(default=timezone.now, help_text="When a later version took its place here.")

    class Meta:
        ordering = ["-version"]
        constraints = [models.UniqueConstraint(fields=["paper", "version"], name="one_text_a_version")]

    def __str__(self) -> str:
        return f"{self.paper_id} v{self.version}"
