"""What a reader keeps of papers in her library beside stars: notes, lists, tags."""

from django.db import models
from django.utils import timezone

from papers.models.paper import Paper
from papers.models.readers import Visitor


class Note(models.Model):
    """What one reader wrote about one paper, in Markdown."""

    visitor = models.ForeignKey(Visitor, on_delete=models.CASCADE, related_name="notes")
    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="notes")
    text = models.TextField(max_length=20_000)
    written = models.DateTimeField(default=timezone.now)
    changed = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-changed", "-pk"]
        constraints = [models.UniqueConstraint(fields=["visitor", "paper"], name="one_note_a_paper")]

    def __str__(self) -> str:
        return f"{self.visitor_id} {self.paper_id}"


class ReadingList(models.Model):
    """A list of papers that one reader made; whoever knows its secret address may read it, while it has one."""

    visitor = models.ForeignKey(Visitor, on_delete=models.CASCADE, related_name="lists")
    name = models.CharField(max_length=120)
    about = models.TextField(max_length=2_000, blank=True, help_text="In Markdown.")
    secret = models.CharField(  # noqa: DJ001 (many have none, which must not count as the same)
        max_length=43, unique=True, null=True, help_text="Of its address for others."
    )
    made = models.DateTimeField(default=timezone.now)
    changed = models.DateTimeField(default=timezone.now)
    papers = models.ManyToManyField(Paper, through="ListEntry", related_name="reading_lists")

    class Meta:
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["visitor", "name"], name="one_list_a_name")]

    def __str__(self) -> str:
        return f"{self.visitor_id} {self.name}"


class ListEntry(models.Model):
    """One paper in a reader's list."""

    reading_list = models.ForeignKey(ReadingList, on_delete=models.CASCADE, related_name="entries")
    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="list_entries")
    added = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-added", "-pk"]
        constraints = [models.UniqueConstraint(fields=["reading_list", "paper"], name="once_in_a_list")]

    def __str__(self) -> str:
        return f"{self.reading_list_id} {self.paper_id}"


class Tag(models.Model):
    """A word that one reader puts on papers."""

    visitor = models.ForeignKey(Visitor, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=60)
    papers = models.ManyToManyField(Paper, through="Tagged", related_name="tags")

    class Meta:
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["visitor", "name"], name="one_tag_a_name")]

    def __str__(self) -> str:
        return f"{self.visitor_id} {self.name}"


class Tagged(models.Model):
    """One paper under one reader's tag."""

    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="uses")
    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="tag_uses")
    added = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tag", "paper"], name="tagged_once")]

    def __str__(self) -> str:
        return f"{self.tag_id} {self.paper_id}"
