from datetime import date

import pytest

from papers.identifiers import ArxivId, month_of, parse_id


@pytest.mark.parametrize(
    ("text", "base", "version"),
    [
        ("2401.00001", "2401.00001", None),
        ("0704.0001v2", "0704.0001", 2),
        ("1412.9999", "1412.9999", None),
        ("1501.00001v12", "1501.00001", 12),
        ("  2401.00001 \n", "2401.00001", None),
        ("arXiv:2401.00001", "2401.00001", None),
        ("ARXIV: 2401.00001V3", "2401.00001", 3),
        ("arXiv:2401.00001v1 [cs.CL]", "2401.00001", 1),
        ("hep-th/9108020v1", "hep-th/9108020", 1),
        ("HEP-TH/9108020", "hep-th/9108020", None),
        ("math.GT/0309136", "math/0309136", None),
        ("math/0309136v2", "math/0309136", 2),
        ("cond-mat.str-el/0309136", "cond-mat/0309136", None),
        ("alg-geom/9202001", "alg-geom/9202001", None),
        ("cs/0703001", "cs/0703001", None),
        ("https://arxiv.org/abs/2401.00001", "2401.00001", None),
        ("http://www.arxiv.org/abs/2401.00001v2", "2401.00001", 2),
        ("https://export.arxiv.org/pdf/2401.00001v2.pdf", "2401.00001", 2),
        ("https://arxiv.org/pdf/hep-th/9108020", "hep-th/9108020", None),
        ("https://arxiv.org/html/2401.00001v1/", "2401.00001", 1),
        ("https://arxiv.org/format/2401.00001?download=1", "2401.00001", None),
        ("https://arxiv.org/ps/2401.00001#page=2", "2401.00001", None),
        ("arxiv.org/abs/2401.00001", "2401.00001", None),
        ("oai:arXiv.org:2203.01250v3", "2203.01250", 3),
        ("oai:arXiv.org:hep-th/9108020", "hep-th/9108020", None),
        ("https://doi.org/10.48550/arXiv.2401.00001", "2401.00001", None),
    ],
)
def test_every_written_form_is_read(text, base, version):
    assert parse_id(text) == ArxivId(base, version)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "arXiv",
        "2401.0001",  # four digits after 2014
        "1412.00001",  # five digits before 2015
        "0808.05394",
        "0703.0001",  # the new scheme begins in April 2007
        "0000.0000",
        "2413.00001",
        "2400.00001",
        "9912.0001",
        "2401.00001v0",
        "2401.00001v",
        "2401.00001.pdf",
        "2401.00001?x=1",
        "hep-th/9113001",
        "hep-th/9106001",  # before the first archive
        "hep-th/0704001",  # after the last month of the old scheme
        "stat/0601001",  # an archive that never had old ids
        "foo-bar/9901001",
        "math/030913",
        "hep-th/9108020 extra",
        "https://example.org/abs/2401.00001",
        "https://arxiv.org/list/cs.CL/new",
        "٢٤٠١.٠٠٠٠١",
        "2401.00001 " * 100,
    ],
)
def test_what_is_no_id_is_none(text):
    assert parse_id(text) is None


@pytest.mark.parametrize("text", ["2401.00001", "0704.0001v2", "hep-th/9108020v1", "math/0309136"])
def test_writing_and_reading_agree(text):
    assert str(parse_id(text)) == text


@pytest.mark.parametrize(
    ("base", "first"),
    [
        ("2401.00001", date(2024, 1, 1)),
        ("0704.0001", date(2007, 4, 1)),
        ("hep-th/9108020", date(1991, 8, 1)),
        ("math/0001001", date(2000, 1, 1)),
        ("cs/0703001", date(2007, 3, 1)),
    ],
)
def test_month_of(base, first):
    assert month_of(base) == first


@pytest.mark.parametrize("base", ["", "x", "2401.00001v1", "hep-th/9113001", "2413.00001", "/", ".", "24010.0001"])
def test_month_of_refuses_what_is_no_bare_id(base):
    with pytest.raises(ValueError, match="not an arXiv id"):
        month_of(base)
