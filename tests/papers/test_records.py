import json
import lzma
from datetime import UTC, datetime
from itertools import islice

import pytest

from papers.names import split_authors
from papers.records import (
    MAX_ABSTRACT,
    MAX_AUTHORS,
    MAX_NAME,
    MAX_TITLE,
    RecordError,
    from_json,
    is_withdrawn,
    parse_date,
)

PLAIN = {
    "id": "hep-th/9108020",
    "title": 'On a K\\"ahler\n  form',
    "abstract": "  We study\n$x$. ",
    "authors": ["J. A. Doe", " Ch.~Roe ", "Bal\\'azs"],
    "categories": ["hep-th", "math.MP", "53C55"],
    "published": "1991-08-26",
    "updated": None,
    "doi": "10.1007/BF0",
    "journal_ref": None,
    "comment": "20 pp",
}

VERSIONS = [
    {"version": "v1", "created": "Mon, 2 Apr 2007 19:18:42 GMT"},
    {"version": "v2", "created": "Tue, 24 Jul 2007 20:10:27 GMT"},
]

KAGGLE = {
    "id": "0704.0001",
    "submitter": "Jane Doe",
    "authors": "J. Doe and R. Roe (Somewhere)",
    "title": "Two\n  lines",
    "comments": "37 pages",
    "journal-ref": "J. X 1 (2007)",
    "doi": None,
    "report-no": "R-1",
    "categories": "cs.NA hep-ph",
    "license": "http://creativecommons.org/licenses/by/4.0/",
    "abstract": "  Text.\n",
    "versions": VERSIONS,
    "update_date": "2008-11-26",
    "authors_parsed": [
        ["Balázs", "C.", ""],
        ["Doe", "J.", "Jr.", "Somewhere"],
        ["ATLAS Collaboration", "", ""],
    ],
}


def test_a_plain_record():
    paper = from_json(PLAIN)
    assert (paper.arxiv_id, paper.version) == ("hep-th/9108020", None)
    assert paper.title == 'On a K\\"ahler form'
    assert paper.abstract == "We study $x$."
    assert paper.authors == ("J. A. Doe", "Ch. Roe", "Balázs")
    assert paper.categories == ("hep-th", "math-ph")
    assert (paper.published, paper.updated) == (datetime(1991, 8, 26, tzinfo=UTC), None)
    assert (paper.doi, paper.journal_ref, paper.comment) == ("10.1007/BF0", "", "20 pp")
    assert (paper.withdrawn, paper.is_summary) == (False, False)


def test_a_record_of_the_kaggle_snapshot():
    paper = from_json(KAGGLE)
    assert (paper.arxiv_id, paper.version) == ("0704.0001", 2)
    assert paper.title == "Two lines"
    assert paper.authors == ("C. Balázs", "J. Doe Jr.", "ATLAS Collaboration")
    assert paper.categories == ("math.NA", "hep-ph")
    assert paper.published == datetime(2007, 4, 2, 19, 18, 42, tzinfo=UTC)
    assert paper.updated == datetime(2007, 7, 24, 20, 10, 27, tzinfo=UTC)
    assert (paper.comment, paper.journal_ref, paper.report_number) == ("37 pages", "J. X 1 (2007)", "R-1")
    assert paper.license.endswith("/by/4.0/")


def test_the_kaggle_snapshot_with_one_version_and_no_parsed_names():
    kept = {key: value for key, value in KAGGLE.items() if key != "authors_parsed"}
    paper = from_json(kept | {"versions": VERSIONS[:1]})
    assert paper.authors == ("J. Doe", "R. Roe")
    assert (paper.version, paper.updated) == (1, None)


def test_a_summary_stands_in_for_the_abstract():
    record = {key: value for key, value in PLAIN.items() if key != "abstract"}
    paper = from_json(record | {"summary": "In short."})
    assert (paper.abstract, paper.is_summary) == ("In short.", True)
    assert from_json(PLAIN | {"summary": "In short."}).is_summary is False


def test_version_and_month_come_from_the_id():
    record = {key: value for key, value in PLAIN.items() if key != "published"}
    paper = from_json(record | {"id": "https://arxiv.org/abs/2402.00001v3"})
    assert (paper.arxiv_id, paper.version) == ("2402.00001", 3)
    assert paper.published == datetime(2024, 2, 1, tzinfo=UTC)


def test_a_long_comment_is_cut():
    paper = from_json(PLAIN | {"comment": "x" * 10_000})
    assert len(paper.comment) == 5_000
    assert paper.comment.endswith("x…")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": None}, "no id"),
        ({"id": 704.0001}, "id is not text"),
        ({"id": "704.0001"}, "not an arXiv id: '704.0001'"),
        ({"title": None}, "no title"),
        ({"title": " \n"}, "no title"),
        ({"title": ["x"]}, "title is not text"),
        ({"title": "x" * (MAX_TITLE + 1)}, "title longer than 2,000 characters"),
        ({"abstract": ""}, "no abstract and no summary"),
        ({"abstract": 5}, "abstract is not text"),
        ({"abstract": None, "summary": 5}, "summary is not text"),
        ({"abstract": "x" * (MAX_ABSTRACT + 1)}, "abstract longer than 20,000 characters"),
        ({"authors": {"a": 1}}, "authors is not a list"),
        ({"authors": ["A", None]}, "authors holds something that is not text"),
        ({"authors_parsed": ["A"]}, "authors_parsed holds something that is not a list"),
        ({"authors_parsed": [["A", 1]]}, "authors_parsed holds something that is not text"),
        ({"authors": ["A"] * (MAX_AUTHORS + 1)}, "more than 20,000 authors"),
        ({"authors": ["A" * (MAX_NAME + 1)]}, "an author's name longer than 1,000 characters"),
        ({"categories": None}, "no known category"),
        ({"categories": ["I.2.7"]}, "no known category"),
        ({"categories": 5}, "categories is not a list"),
        ({"categories": [5]}, "categories holds something that is not text"),
        ({"published": "yesterday"}, "unreadable date in published: 'yesterday'"),
        ({"published": 2024}, "published is not text"),
        ({"updated": "2024-13-01"}, "unreadable date in updated: '2024-13-01'"),
        ({"versions": "v1"}, "versions is not a list"),
        ({"versions": ["v1"]}, "versions holds something that is not an object"),
        ({"versions": [{"created": "x"}]}, "unreadable date in created: 'x'"),
        ({"versions": [{"created": "2024-01-01"}] * 10_000}, "10000 versions"),
        ({"version": 0}, "version is not a number from 1"),
        ({"version": True}, "version is not a number from 1"),
        ({"comment": 1}, "comment is not text"),
        ({"report-no": []}, "report-no is not text"),
    ],
)
def test_what_is_wrong_is_said(change, reason):
    with pytest.raises(RecordError) as caught:
        from_json(PLAIN | change)
    assert str(caught.value) == reason


@pytest.mark.parametrize("obj", [None, [], "x", 1, [PLAIN]])
def test_what_is_no_object_is_said(obj):
    with pytest.raises(RecordError, match="not a JSON object"):
        from_json(obj)


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2024-02-29", datetime(2024, 2, 29, tzinfo=UTC)),
        ("2024-02", datetime(2024, 2, 1, tzinfo=UTC)),
        ("2024-02-29T12:00:00Z", datetime(2024, 2, 29, 12, tzinfo=UTC)),
        ("2024-02-29T12:00:00", datetime(2024, 2, 29, 12, tzinfo=UTC)),
        ("2024-02-29T22:00:00-05:00", datetime(2024, 3, 1, 3, tzinfo=UTC)),
        ("Thu, 29 Feb 2024 12:00:00 GMT", datetime(2024, 2, 29, 12, tzinfo=UTC)),
        ("Thu, 29 Feb 2024 12:00:00 -0500", datetime(2024, 2, 29, 17, tzinfo=UTC)),
        ("2023-02-29", None),
        ("2024-00", None),
        ("0001-01-01", None),
        ("0001-01-01T00:00:00+05:00", None),
        ("9999-12-31T23:59:59-05:00", None),
        ("1709208000", None),
        ("x" * 100, None),
        ("", None),
    ],
)
def test_dates(text, when):
    assert parse_date(text) == when


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("A. One, B. Two and C. Three", ["A. One", "B. Two", "C. Three"]),
        ("A. One, B. Two, Jr., and C. Three", ["A. One", "B. Two Jr.", "C. Three"]),
        ("A. One (1 and 2), B. Two (1) ((1) Here, (2) There)", ["A. One", "B. Two"]),
        ("A. One; B. Two & C. Three, et al.", ["A. One", "B. Two", "C. Three"]),
        ("Andy Anderson", ["Andy Anderson"]),
        ("A. One (open", ["A. One (open"]),
        ("", []),
    ],
)
def test_split_authors(text, names):
    assert split_authors(text) == names


@pytest.mark.parametrize(
    ("comment", "abstract", "title"),
    [
        ("This paper has been withdrawn", "", ""),
        ("This paper has been withdrawn by the author due to a crucial error in Lemma 3", "", ""),
        ("16 pages. Withdrawn because of an error", "", ""),
        ("paper withdrawn", "", ""),
        ("v2: withdrawn", "", ""),
        ("arXiv admin note: submission has been withdrawn by arXiv administrators", "", ""),
        ("The authors are withdrawing this paper to revise it", "", ""),
        ("We have decided to withdraw the manuscript", "", ""),
        ("", "This paper has been withdrawn by the authors.", ""),
        ("", "This submission has been withdrawn at the request of the author.", ""),
        ("", "[withdrawn] We show that x.", ""),
        ("", "Withdrawn due to an error.", ""),
        ("", "We show x. This paper has been withdrawn by the author due to a sign error.", ""),
        ("", "", "WITHDRAWN: On x"),
        ("", "", "On x (withdrawn)"),
    ],
)
def test_withdrawn_papers_are_known(comment, abstract, title):
    assert is_withdrawn(comment, abstract, title)


@pytest.mark.parametrize(
    ("comment", "abstract", "title"),
    [
        ("20 pages", "We study the drug that was withdrawn from the market.", ""),
        ("", "The plate is withdrawn from a bath. Customers have withdrawn money.", ""),
        ("", "We classify papers withdrawn from arXiv.", "On withdrawn papers"),
        ("", "The authors should withdraw their claims; such papers must be withdrawn.", ""),
        ("", "", "Guaranteed minimum withdrawal benefits"),
        ("", "", "Films on a plate withdrawn from a bath"),
        ("Replaces an earlier paper that was withdrawn", "", ""),
        ("v3: Theorem 2 withdrawn, rest unchanged", "", ""),
        ("Appendix withdrawn due to an error", "", ""),
        ("Accepted at a workshop but withdrawn due to travel", "", ""),
        ("This draft will be withdrawn when complete", "", ""),
    ],
)
def test_talk_of_withdrawal_is_no_withdrawal(comment, abstract, title):
    assert not is_withdrawn(comment, abstract, title)


def test_withdrawal_reaches_the_record():
    assert from_json(PLAIN | {"comment": "This paper has been withdrawn"}).withdrawn
    assert from_json(PLAIN | {"title": "WITHDRAWN"}).withdrawn


def test_real_records_are_all_taken_in(shared_data):
    with lzma.open(shared_data / "arxiv-364k.jsonl.xz", "rt", encoding="utf-8") as lines:
        papers = [from_json(json.loads(line)) for line in islice(lines, 10_000)]
    assert len({paper.arxiv_id for paper in papers}) == 10_000
    assert 20 < sum(paper.withdrawn for paper in papers) < 100


def test_a_name_is_the_same_from_a_list_and_from_one_string() -> None:
    names = ["Borne--Pons", r"J. Nu\~nez", r"Jos\'e~Garc\'ia"]
    record = {"id": "2401.00001", "title": "A title", "abstract": "What is said.", "categories": "cs.LG"}
    both = [from_json(record | {"authors": written}).authors for written in (names, ", ".join(names))]
    assert both == [("Borne–Pons", "J. Nuñez", "José García")] * 2


def test_a_record_that_our_own_code_stumbles_over_is_refused_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: str) -> bool:
        raise IndexError("out of range")

    monkeypatch.setattr("papers.records.is_withdrawn", stumble)
    record = {"id": "2401.00001", "title": "A title", "abstract": "What is said.", "categories": "cs.LG"}
    with pytest.raises(RecordError, match="IndexError: out of range"):
        from_json(record)
