"""BibTeX, RIS, CSV, meta tags and JSON-LD of single papers, as independent programs read them."""

import csv
import io
import itertools
import json
import lzma
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pybtex.database
import pytest
import rispy
from bibtexparser.entrypoint import parse_string
from django.template import Context, Template
from pybtex.database import Person as Read
from pylatexenc.latex2text import LatexNodes2Text

from papers import citations
from papers.bibtex import bibtex, keys
from papers.journals import read_journal
from papers.models import Paper
from papers.people import read_person
from papers.records import from_json
from papers.ris import ris
from papers.spreadsheet import as_csv
from papers.tex import fold

REAL = 2_000


def made(arxiv_id: str = "1706.03762", **fields: Any) -> Paper:
    defaults: dict[str, Any] = {
        "title": "Tides at Rest",
        "abstract": "We measure tides.",
        "authors": ["Ada Moon"],
        "categories": ["cs.CL"],
        "published": datetime(2017, 6, 12, tzinfo=UTC),
        "keywords": [],
    }
    return Paper(arxiv_id=arxiv_id, **defaults | fields)


def entry(paper: Paper) -> Any:
    """The one entry as pybtex reads it; bibtexparser must read it as well."""
    text = bibtex([paper])
    library = parse_string(text)
    assert not library.failed_blocks
    assert len(library.entries) == 1
    [found] = pybtex.database.parse_string(text, "bibtex").entries.values()
    return found


def record(paper: Paper) -> dict[str, Any]:
    [found] = rispy.loads(ris([paper]))
    return dict(found)


def plain(latex: str) -> str:
    text: str = LatexNodes2Text(math_mode="verbatim").latex_to_text(latex.replace("~", " "))
    return text


@pytest.mark.parametrize(
    ("name", "given", "particle", "family", "suffix"),
    [
        ("Ashish Vaswani", "Ashish", "", "Vaswani", ""),
        ("Jan van der Berg", "Jan", "van der", "Berg", ""),
        ("Jan Van den Berg", "Jan", "Van den", "Berg", ""),
        ("Juan de la Cruz", "Juan", "de la", "Cruz", ""),
        ("Rob R. de Ruyter van Steveninck", "Rob R.", "de", "Ruyter van Steveninck", ""),
        ("Santiago Ramón y Cajal", "Santiago", "", "Ramón y Cajal", ""),
        ("Hal Daumé III", "Hal", "", "Daumé", "III"),
        ("A. A. Alves Jr", "A. A.", "", "Alves", "Jr"),
        ("Jr. Gates S. James", "S. James", "", "Gates", "Jr."),
        ("Smith, John, Jr.", "John", "", "Smith", "Jr."),
        ("Song, Yang", "Yang", "", "Song", ""),
        ("Berg, Jan van der", "Jan", "van der", "Berg", ""),
        ("Song Y.", "Y.", "", "Song", ""),
        ("Minh Van Nguyen", "Minh Van", "", "Nguyen", ""),
        ('Kurt G\\"odel', "Kurt", "", "Gödel", ""),
        ("王小明", "", "", "王小明", ""),
        ("Plato", "", "", "Plato", ""),
    ],
)
def test_a_name_is_taken_apart(name: str, given: str, particle: str, family: str, suffix: str) -> None:
    person = read_person(name)
    assert (person.given, person.particle, person.family, person.suffix) == (given, particle, family, suffix)
    assert not person.collective


@pytest.mark.parametrize("name", ["ATLAS Collaboration", "for the NEMO Collaboration", "Google, Inc.", "The Team", ":"])
def test_a_collective_stays_whole(name: str) -> None:
    person = read_person(name)
    assert person.collective
    assert person.inverted == (name.strip(":") or ":")


@pytest.mark.parametrize(
    ("name", "last", "von", "first", "lineage"),
    [
        ("Jan van der Berg", "Berg", "van der", "Jan", ""),
        ("Laerte Sodré Jr.", "Sodr{\\'e}", "", "Laerte", "Jr."),
        ("ATLAS Collaboration", "{ATLAS Collaboration}", "", "", ""),
        ("Institute of Rock and Sand Collaboration", "{Institute of Rock and Sand Collaboration}", "", "", ""),
        ("Seyed Hamid And Siamak", "Siamak", "", "{Seyed Hamid And}", ""),
        ("Łukasz Kaiser", "Kaiser", "", "{\\L}ukasz", ""),
        ("Иван Петров", "Петров", "", "Иван", ""),
        ("王小明", "王小明", "", "", ""),
    ],
)
def test_bibtex_takes_names_apart_as_we_do(name: str, last: str, von: str, first: str, lineage: str) -> None:
    [person] = entry(made(authors=[name])).persons["author"]
    parts: Read = person
    read = [" ".join(names) for names in (parts.last_names, parts.prelast_names)]
    given = " ".join([*parts.first_names, *parts.middle_names])
    assert [*read, given, " ".join(parts.lineage_names)] == [last, von, first, lineage]


def test_a_preprint_names_its_eprint_and_arxivs_own_doi() -> None:
    found = entry(made())
    assert found.type == "misc"
    fields = dict(found.fields)
    assert fields["eprint"] == "1706.03762"
    assert fields["archivePrefix"] == "arXiv"
    assert fields["primaryClass"] == "cs.CL"
    assert fields["doi"] == "10.48550/arXiv.1706.03762"
    assert (fields["year"], fields["month"]) == ("2017", "June")
    assert fields["url"] == "https://arxiv.org/abs/1706.03762"


def test_an_old_id_holds_its_archive_and_gets_no_class_beside_it() -> None:
    fields = dict(entry(made("hep-th/9108020", categories=["hep-th"])).fields)
    assert fields["eprint"] == "hep-th/9108020"
    assert "primaryClass" not in fields


def test_a_journal_makes_an_article_of_the_journals_year() -> None:
    found = entry(made(journal_ref="Phys.Rev.D77:011107,2008", doi="10.1103/PhysRevD.77.011107"))
    assert found.type == "article"
    fields = dict(found.fields)
    assert (fields["journal"], fields["volume"], fields["pages"], fields["year"]) == (
        "Phys. Rev. D",
        "77",
        "011107",
        "2008",
    )
    assert fields["doi"] == "10.1103/PhysRevD.77.011107"
    assert "month" not in fields  # that of the preprint


def test_what_is_no_common_reference_becomes_a_note() -> None:
    found = entry(made(journal_ref="In Proc. of the 4th Conference on Sand & Stone, 2017"))
    assert found.type == "misc"
    assert plain(found.fields["note"]) == "In Proc. of the 4th Conference on Sand & Stone, 2017"


@pytest.mark.parametrize(
    ("reference", "read"),
    [
        ("Phys. Rev. D 56, 6467 (1997)", ("Phys. Rev. D", "56", "", "6467", "1997")),
        ("J. Eur. Math. Soc. 14 (2012), 1135-1180", ("J. Eur. Math. Soc.", "14", "", "1135-1180", "2012")),
        ("J. Group Theory 17 (2014), no. 6, 1009--1034", ("J. Group Theory", "17", "6", "1009-1034", "2014")),
        ("Langmuir, 2012, 30(9):1279-90", ("Langmuir", "30", "9", "1279-90", "2012")),
        ("Phys.Rev.Lett.94:221805,2005", ("Phys. Rev. Lett.", "94", "", "221805", "2005")),
        ("European Physics Journal H (2013)", ("European Physics Journal H", "", "", "", "2013")),
    ],
)
def test_journal_references_of_the_common_shapes_are_read(reference: str, read: tuple[str, ...]) -> None:
    journal = read_journal(reference)
    assert journal is not None
    assert (journal.name, journal.volume, journal.number, journal.pages, journal.year) == read


@pytest.mark.parametrize(
    "reference", ["Ph.D. thesis, 2004", "to appear in Sand", "Proc. of A 12, 3 (2004)", "x" * 5000, ""]
)
def test_other_references_are_left_as_they_are(reference: str) -> None:
    assert read_journal(reference) is None


@pytest.mark.parametrize(
    ("title", "latex"),
    [
        ("Attention Is All You Need", "Attention Is All You Need"),
        (
            "BERT: Pre-training of Deep Bidirectional Transformers",
            "{BERT}: Pre-training of Deep Bidirectional Transformers",
        ),
        ("A note on the Riemann zeta function", "A note on the {Riemann} zeta function"),
        ("Bounds for $SU(2)$ and $x_{1}$", "Bounds for {$SU(2)$} and {$x_{1}$}"),
        ("Sand & Stone, 50% off #1 a_b", "Sand {\\&} Stone, 50{\\%} off {\\#}1 a{\\_}b"),
        ("An open $W_{\\infty Algebra", "An open {\\$}W{\\_}{\\textbraceleft}{\\textbackslash}infty {Algebra}"),
        ("Odd }{ braces", "Odd {\\textbraceright}{\\textbraceleft} braces"),
        ('The Schr\\"odinger case', 'The {Schr{\\"o}dinger} case'),
        ("A C-RAN and a 3D view of MAVs", "A {C-RAN} and a {3D} view of {MAVs}"),
    ],
)
def test_a_title_keeps_formulas_and_telling_capitals(title: str, latex: str) -> None:
    assert entry(made(title=title)).fields["title"] == latex


def test_no_title_ends_its_entry_early() -> None:
    hostile = made(title="x}\n}\n@misc{evil, title={gotcha}\n", authors=["A } and {B", "@comment{ C"])
    library = parse_string(bibtex([hostile, made("2001.00001")]))
    assert len(library.entries) == 2
    assert not library.failed_blocks
    assert not library.comments
    assert len(pybtex.database.parse_string(bibtex([hostile]), "bibtex").entries) == 1


def test_keys_tell_author_year_and_word_and_clash_in_no_order() -> None:
    one = made("1706.03762", title="Attention Is All", authors=["Ashish Vaswani"])
    twin = made("1706.09999", title="On attention", authors=["Ada vaswani"])
    odd = made("hep-th/9108020", title="$x$", authors=["王小明"])
    assert keys([one]) == ["vaswani2017attention"]
    assert keys([one, twin]) == ["vaswani2017attention-1706.03762", "vaswani2017attention-1706.09999"]
    assert keys([twin, one]) == keys([one, twin])[::-1]
    assert keys([odd]) == ["arxiv2017"]


def test_ris_holds_no_line_that_text_brought() -> None:
    paper = made(title="One\r\nER  - \r\nTY  - JOUR", abstract="a\nAU  - Evil", authors=["Ada\nMoon"])
    text = ris([paper])
    assert text.count("\r\n") == text.count("\n")
    assert text.count("\r\nER  - ") == 1
    found = record(paper)
    assert found["authors"] == ["Moon, Ada"]
    assert found["title"] == "One ER - TY - JOUR"


def test_ris_tells_what_is_known_and_leaves_our_summaries_out() -> None:
    found = record(made(journal_ref="Phys. Rev. D 56, 6467 (1997)", doi="10.1234/x", keywords=["tide", "moon"]))
    assert found["type_of_reference"] == "JOUR"
    assert (found["alternate_title2"] if "alternate_title2" in found else found["journal_name"]) == "Phys. Rev. D"
    assert found["year"] == "1997"
    assert found["keywords"] == ["tide", "moon"]
    assert found["abstract"] == "We measure tides."
    assert found["accession_number"] == "arXiv:1706.03762"
    assert "abstract" not in record(made(is_summary=True))
    assert record(made())["type_of_reference"] == "UNPB"


def test_csv_is_read_back_and_holds_no_formula() -> None:
    paper = made(title='=HYPERLINK("http://x")', authors=["@A B", "C, D"], journal_ref="+1", keywords=["-x"])
    text = as_csv([paper], ["These are the first 1 of 2 papers."])
    assert text.startswith("\ufeffid,title")
    [row, remark] = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    assert row["title"] == '\'=HYPERLINK("http://x")'
    assert (row["authors"], row["journal"], row["keywords"]) == ("'@A B; C, D", "'+1", "'-x")
    assert row["id"] == "1706.03762"
    assert remark["id"].startswith("# These are")


def test_meta_tags_name_what_scholar_and_zotero_read() -> None:
    paper = made(
        authors=["Jan van der Berg", "ATLAS Collaboration"],
        journal_ref="Phys. Rev. D 56, 6467-6470 (1997)",
        doi="10.1103/x 10.1103/y",
        updated=datetime(2018, 1, 2, tzinfo=UTC),
    )
    tags = citations.metatags(paper)
    named = dict(tags)
    assert [content for name, content in tags if name == "citation_author"] == [
        "van der Berg, Jan",
        "ATLAS Collaboration",
    ]
    assert named["citation_date"] == "2017/06/12"
    assert named["citation_online_date"] == "2018/01/02"
    assert named["citation_doi"] == "10.1103/x"
    assert (named["citation_journal_title"], named["citation_firstpage"]) == ("Phys. Rev. D", "6467")
    assert named["citation_arxiv_id"] == "1706.03762"
    assert named["citation_pdf_url"] == "https://arxiv.org/pdf/1706.03762"
    assert "citation_doi" not in dict(citations.metatags(made()))


def test_json_ld_is_honest_about_who_publishes_and_whose_text_it_is() -> None:
    preprint = citations.json_ld(made(license="http://creativecommons.org/licenses/by/4.0/"), "https://here/x")
    assert preprint["publisher"]["name"] == "arXiv"
    assert preprint["license"].startswith("http://creative")
    assert preprint["abstract"] == "We measure tides."
    published = citations.json_ld(made(journal_ref="Phys. Rev. D 56, 6467 (1997)", is_summary=True), "https://here/x")
    assert published["isPartOf"] == {"@type": "Periodical", "name": "Phys. Rev. D"}
    assert "publisher" not in published
    assert "abstract" not in published
    assert "license" not in citations.json_ld(made(license="javascript:alert(1)"), "")


def test_no_title_leaves_its_tag_or_its_script() -> None:
    title = '</script><script>alert(1)</script>"><img src=x onerror=alert(1)> & \u2028'
    paper = made(title=title, authors=['"><b>'])
    text = Template("{% load citation_tags %}{% citation_meta paper %}{% json_ld paper 'https://here/' %}").render(
        Context({"paper": paper})
    )
    assert text.count("<script") == text.count("</script>") == 1
    assert "<img" not in text
    assert "<b>" not in text
    [block] = re.findall(r'<script type="application/ld\+json">(.*)</script>', text)
    assert json.loads(block)["headline"] == paper.plain_title


def test_a_line_of_text_cites_a_paper() -> None:
    paper = made(authors=["A One", "B Two", "C Three"], doi="10.1234/x")
    line = "A One, B Two and C Three (2017). Tides at Rest. arXiv:1706.03762 [cs.CL]. https://doi.org/10.1234/x"
    assert citations.plain(paper) == line
    assert citations.plain(made(authors=[f"A{n} B" for n in range(11)])).startswith("A0 B et al. (2017).")
    assert citations.plain(made("hep-th/9108020", authors=[])).endswith("arXiv:hep-th/9108020.")


@pytest.fixture(scope="module")
def real(shared_data: Path) -> list[Paper]:
    with lzma.open(shared_data / "arxiv-364k.jsonl.xz", "rt") as lines:
        records = [from_json(json.loads(line)) for line in itertools.islice(lines, 0, REAL * 10, 10)]
    fields = ("title", "abstract", "categories", "published", "doi", "journal_ref")
    return [
        Paper(arxiv_id=one.arxiv_id, authors=list(one.authors), **{name: getattr(one, name) for name in fields})
        for one in records
    ]


def letters(text: str) -> str:
    return "".join(filter(str.isalnum, fold(text).replace("ˆ", "")))  # what the reader makes of a caret


def test_real_papers_survive_bibtex(real: list[Paper]) -> None:
    text = bibtex(real)
    assert len(parse_string(text).entries) == REAL
    entries = list(pybtex.database.parse_string(text, "bibtex").entries.values())
    assert len(entries) == REAL
    for paper, found in zip(real, entries, strict=True):
        wanted = [person for person in map(read_person, paper.authors) if person.family]
        people = found.persons.get("author", [])
        assert len(people) == len(wanted), paper.arxiv_id
        for person, read in zip(wanted, people, strict=True):
            family = plain(" ".join([*read.prelast_names, *read.last_names]))
            assert letters(family) == letters(person.last), paper.arxiv_id
            given = plain(" ".join([*read.first_names, *read.middle_names]))
            assert letters(given) == letters(person.given), paper.arxiv_id
        assert letters(plain(found.fields["title"])) == letters(paper.plain_title), paper.arxiv_id


def test_real_papers_survive_ris(real: list[Paper]) -> None:
    found = rispy.loads(ris(real))
    assert len(found) == REAL
    for paper, read in zip(real, found, strict=True):
        assert read["title"] == paper.plain_title
        assert len(read.get("authors", [])) == sum(bool(read_person(name).inverted) for name in paper.authors)
