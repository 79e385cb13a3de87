"""Papers are brought in from BibTeX and lists of ids: what is read, what is kept where, and what hostile files do."""

import time
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from lxml import html

from papers import wanted
from papers.library import reading
from papers.models import ListEntry, Mark, Paper, ReadingList, Tagged, Visitor, WantedPaper
from tests.papers.factories import PaperFactory
from tests.papers.readers import make_reader, signed_in

ADDRESS = "/library/import"
FILE = r"""
% made by hand
@string{arx = "arXiv"}
@article{one, title = {A {Title}}, eprint = {2401.00001v3}, archivePrefix = {arXiv}, primaryClass = {cs.CL}}
@misc{two, url = "https://arxiv.org/abs/hep-th/9108020", note={see arXiv:2401.99999}}
@article(three, doi = {10.48550/arXiv.2401.00003},)
@article{four, journal = {arXiv preprint arXiv:2401.00004}, year = 2024}
@online{five, howpublished = {\url{http://arxiv.org/pdf/2401.00005.pdf}}}
@misc{six, note = {Available as arXiv:2401.00006 [cs.LG].}}
@book{seven, title = {The {\"O}resund tides}, eprint = {1234567}, eprinttype = {jstor}}
@comment{@misc{not, eprint = {2401.00009}}}
@misc{one, eprint = {2401.00007}}
@article{eight, eprint = {2401.00008}, title = {a brace too few},
@misc{nine, eprint = {2401.00001}}
"""
IDS = ["2401.00001", "hep-th/9108020", *(f"2401.0000{number}" for number in (3, 4, 5, 6, 7, 8))]


@pytest.fixture
def visitor(db: None) -> Visitor:
    found: Visitor = make_reader().visitor
    return found


@pytest.fixture
def reader(visitor: Visitor) -> Client:
    assert visitor.reader is not None
    return signed_in(visitor.reader)


def page(response: Any, status: int = 200) -> Any:
    assert response.status_code == status
    return html.fromstring(response.content.decode())


def upload(client: Client, data: bytes, name: str = "mine.bib") -> Any:
    return client.post(ADDRESS, {"file": SimpleUploadedFile(name, data)})


def ids_of(preview: Any) -> list[str]:
    found: list[str] = preview.xpath("//input[@name='ids']/@value")[0].split()
    return found


def test_every_way_in_which_bibtex_names_a_paper_is_read() -> None:
    read = reading.read(FILE)
    assert read.bibtex
    assert sorted(read.ids) == sorted(IDS)
    assert read.unread == ["The Öresund tides"]


def test_a_text_of_ids_and_addresses_is_read() -> None:
    text = """arXiv:2401.00001v2 [cs.CL], (2401.00002); https://arxiv.org/pdf/2401.00003v1.pdf
    - math.GT/0309136 10.48550/arXiv.2401.00004 nonsense
    doi:10.48550/arXiv.2401.00005"""
    read = reading.read(text)
    assert read.ids == ["2401.00001", "2401.00002", "2401.00003", "math/0309136", "2401.00004", "2401.00005"]
    assert read.unread == ["nonsense"]
    assert not read.bibtex


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_files_are_read_in_the_encodings_that_there_are(encoding: str) -> None:
    data = "@misc{a, title={Gezeiten für Anfänger}, eprint={2401.00001}}\n".encode(encoding)
    assert reading.read(reading.decoded(data)).ids == ["2401.00001"]


HOSTILE = {
    "braces": "@article{a, title=" + "{" * 900_000,
    "nested": "@article{a, title={" + "{" * 450_000 + "}" * 450_000 + "}}",
    "entries": "@a{" * 250_000,
    "lines": "@a{\n" * 200_000,
    "same key": "@misc{k,a=1}\n" * 70_000,
    "quotes": '@article{a,t="' + '"' * 900_000,
    "commas": "@article{a," + "a=1," * 200_000,
    "spaces": "@article{a,title=" + " " * 980_000,
    "addresses": "@misc{a,url={" + "arxiv.org/abs/" * 70_000 + "}}",
    "words": "x " * 490_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_answered_clearly_and_ends(name: str) -> None:
    began = time.process_time()
    read = reading.read(HOSTILE[name])
    assert not read.ids
    assert len(read.unread) <= reading.MOST_UNREAD
    assert all(len(line) <= reading.LONGEST_SHOWN for line in read.unread)
    assert time.process_time() - began < 60  # seconds; what is quadratic takes hours


def test_what_is_too_large_or_no_text_is_refused(reader: Client) -> None:
    assert "larger than 1 MB" in page(upload(reader, b"x" * 1_000_001), 413).text_content()
    assert "larger than 1 MB" in page(upload(reader, b"x" * 3_000_000), 413).text_content()
    assert "no text file" in page(upload(reader, b"PK\x03\x04\0\0\0"), 400).text_content()
    assert "No arXiv id" in page(upload(reader, b"@book{a, title={b}}"), 400).text_content()
    assert "Choose a file" in page(reader.post(ADDRESS, {"text": "  "}), 400).text_content()
    assert "No paper was named" in page(reader.post(ADDRESS, {"do": "take", "ids": "x"}), 400).text_content()


def test_of_too_many_the_first_are_taken_and_it_is_said(reader: Client) -> None:
    entries = "".join(f"@misc{{k{number}, eprint={{2401.{number:05}}}}}\n" for number in range(1, 2_102))
    preview = page(upload(reader, entries.encode()))
    assert "too many at a time: 101" in preview.text_content()
    [field, *_] = preview.xpath("//input[@name='ids']/@value")
    assert len(field.split()) == 2_000


def test_papers_are_shown_before_they_are_kept_as_stars(reader: Client, visitor: Visitor) -> None:
    papers = PaperFactory.create_batch(3)
    preview = page(reader.post(ADDRESS, {"text": " ".join(paper.arxiv_id for paper in papers)}))
    assert not Mark.objects.exists()
    assert papers[0].title in preview.text_content()
    response = reader.post(ADDRESS, {"do": "take", "where": "stars", "ids": " ".join(ids_of(preview))})
    assert (response.status_code, response.headers["Location"]) == (303, "/library")
    assert visitor.marks.filter(starred__isnull=False).count() == 3


def test_papers_go_into_lists_and_under_tags(reader: Client, visitor: Visitor) -> None:
    first, second = PaperFactory.create_batch(2)
    ids = f"{first.arxiv_id} {second.arxiv_id}"
    response = reader.post(ADDRESS, {"do": "take", "ids": ids, "where": "new", "new": "  Reading group  "})
    made = ReadingList.objects.get(visitor=visitor)
    assert (made.name, response.headers["Location"]) == ("Reading group", f"/library/lists/{made.pk}")
    assert set(made.papers.all()) == {first, second}
    other = ReadingList.objects.create(visitor=visitor, name="Other")
    reader.post(ADDRESS, {"do": "take", "ids": ids, "where": "list", "list": str(other.pk)})
    assert other.papers.count() == 2
    response = reader.post(ADDRESS, {"do": "take", "ids": ids, "where": "tag", "tag": "thesis"})
    assert response.headers["Location"] == "/library?tag=thesis"
    assert Tagged.objects.filter(tag__visitor=visitor, tag__name="thesis").count() == 2
    assert not Mark.objects.filter(starred__isnull=False).exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"where": "new", "new": " "},
        {"where": "new", "new": "x" * 121},
        {"where": "tag", "tag": ""},
        {"where": "tag", "tag": "x" * 61},
        {"where": "list", "list": "x"},
        {"where": "elsewhere"},
    ],
)
def test_a_place_that_makes_no_sense_keeps_nothing_and_says_so(reader: Client, fields: dict[str, str]) -> None:
    paper = PaperFactory.create()
    preview = page(reader.post(ADDRESS, {"do": "take", "ids": paper.arxiv_id, **fields}), 400)
    assert preview.xpath("//p[@role='alert']")
    assert paper.title in preview.text_content()
    assert not ListEntry.objects.exists()
    assert not Tagged.objects.exists()


def test_another_readers_list_takes_nothing(reader: Client) -> None:
    paper = PaperFactory.create()
    strange = ReadingList.objects.create(visitor=make_reader("ben@example.org").visitor, name="theirs")
    fields = {"do": "take", "ids": paper.arxiv_id, "where": "list", "list": str(strange.pk)}
    assert reader.post(ADDRESS, fields).status_code == 404
    assert not strange.papers.exists()


def test_what_is_not_here_is_told_asked_for_and_kept_once_it_came(
    reader: Client, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wanted, "MOST_OF_ADDRESS", 2)
    here = PaperFactory.create()
    missing = ["2401.00001", "2401.00002", "2401.00003"]
    preview = page(reader.post(ADDRESS, {"text": "\n".join([*missing, here.arxiv_id])}))
    ids = " ".join(ids_of(preview))
    assert not WantedPaper.objects.exists()
    asked = page(reader.post(ADDRESS, {"do": "ask", "ids": ids}))
    assert "2 papers are asked of arXiv" in asked.text_content()
    assert "can be asked in" in asked.text_content()
    assert set(WantedPaper.objects.values_list("arxiv_id", flat=True)) == set(missing[:2])
    rest = page(reader.post(ADDRESS, {"do": "take", "ids": ids}))
    assert "1 paper was kept" in rest.text_content()
    assert Mark.objects.get().paper == here
    PaperFactory.create(arxiv_id=missing[0])
    again = page(reader.post(ADDRESS, {"text": " ".join(missing)}))
    assert ids_of(again)[0] == missing[0]
    assert again.xpath("//input[@name='do' and @value='take']")


def test_a_removed_paper_is_told_and_not_kept(reader: Client) -> None:
    paper = PaperFactory.create(removed=True)
    preview = page(reader.post(ADDRESS, {"text": paper.arxiv_id}))
    assert "Removed by arXiv" in preview.text_content()
    reader.post(ADDRESS, {"do": "take", "ids": paper.arxiv_id})
    assert not Mark.objects.exists()


def test_markup_in_a_file_stays_text(reader: Client) -> None:
    data = b"@misc{<script>alert(1)</script>, note={x}}\n@misc{b, eprint={2401.00001}}"
    response = upload(reader, data)
    assert b"<script>alert" not in response.content
    assert b"&lt;script&gt;" in response.content


def test_an_import_needs_the_token_and_an_account(visitor: Visitor, client: Client) -> None:
    assert client.post(ADDRESS, {"text": "2401.00001"}).status_code == 302
    strict = Client(enforce_csrf_checks=True)
    assert visitor.reader is not None
    strict.force_login(visitor.reader)
    assert strict.post(ADDRESS, {"text": "2401.00001"}).status_code == 403
    [token] = page(strict.get(ADDRESS)).xpath("//form[@class='bring']/input[@name='csrfmiddlewaretoken']/@value")
    answer = strict.post(ADDRESS, {"text": "2401.00001", "csrfmiddlewaretoken": token})
    assert answer.status_code == 200
    assert not Paper.objects.exists()
