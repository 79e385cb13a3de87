"""Notes of a reader: written, previewed, changed in two windows, deleted; Markdown that can do no harm."""

import pytest
from django.test import Client
from django.urls import reverse
from lxml import html

from papers import markdown
from papers.library import notes
from papers.models import Note, Paper, Reader
from papers.visitors import TooManyError
from tests.papers.pages import page_of, paper
from tests.papers.readers import make_reader, signed_in

pytestmark = pytest.mark.django_db
HX = {"HX-Request": "true"}


@pytest.fixture
def reader() -> Reader:
    return make_reader()


@pytest.fixture
def client(reader: Reader) -> Client:
    return signed_in(reader)


@pytest.fixture
def tides() -> Paper:
    return paper("2511.00001", title="On tides")


def write(client: Client, of: Paper, text: str, before: str = "", do: str = "save", **headers: str):
    address = reverse("keep-note", args=[of.arxiv_id])
    return client.post(address, {"text": text, "before": before, "do": do}, headers=headers or None)


def test_a_note_is_written_without_scripts_and_stands_on_the_paper_s_page(client: Client, tides: Paper) -> None:
    page = page_of(client, tides.get_absolute_url())
    [form] = page.xpath("//form[@data-guard]")
    fields = dict(form.form_values())
    assert fields["next"] == tides.get_absolute_url()
    response = client.post(form.action, fields | {"text": "**Read** this.\r\n\r\nIt says $x^2$."})
    assert response.status_code == 303
    assert response["Location"] == f"{tides.get_absolute_url()}#note-{tides.pk}"
    assert Note.objects.get().text == "**Read** this.\n\nIt says $x^2$."
    [written] = page_of(client, tides.get_absolute_url()).xpath("//div[@class='written']")
    assert written.xpath("string(.//strong)") == "Read"
    assert written.xpath(".//math/@alttext") == ["x^2"]


def test_a_script_gets_the_piece_alone_and_a_word_to_say(client: Client, tides: Paper) -> None:
    response = write(client, tides, "short", **HX)
    assert response.status_code == 200
    assert b"<html" not in response.content
    assert b"short" in response.content
    assert "Saved" in response["HX-Trigger-After-Swap"]


def test_a_preview_keeps_nothing(client: Client, tides: Paper) -> None:
    response = write(client, tides, "*soon*", do="preview")
    page = html.fromstring(response.content.decode())
    assert page.xpath("//div[@class='preview']//em/text()") == ["soon"]
    assert page.xpath("//textarea[@name='text']/text()") == ["\n*soon*"] or page.xpath(
        "//textarea[@name='text']/text()"
    ) == ["*soon*"]
    assert not Note.objects.exists()


def test_two_windows_lose_no_text(client: Client, tides: Paper) -> None:
    write(client, tides, "first")
    before = notes.stamp(Note.objects.get())
    write(client, tides, "from one window", before)
    response = write(client, tides, "from the other", before)
    assert response.status_code == 409
    assert Note.objects.get().text == "from one window"
    page = html.fromstring(response.content.decode())
    assert page.xpath("string(//div[@class='written other'])").strip() == "from one window"
    [form] = page.xpath("//form[@data-guard]")
    fields = dict(form.form_values())
    assert fields["text"].strip() == "from the other"
    client.post(form.action, fields | {"do": "join"})
    assert Note.objects.get().text == "from one window\n\nfrom the other"


def test_a_note_that_was_deleted_elsewhere_takes_no_text_along(client: Client, tides: Paper) -> None:
    write(client, tides, "first")
    before = notes.stamp(Note.objects.get())
    write(client, tides, "", before, do="delete")
    response = write(client, tides, "second", before)
    assert response.status_code == 409
    assert "second" in response.content.decode()
    again = dict(html.fromstring(response.content.decode()).xpath("//form[@data-guard]")[0].form_values())
    assert write(client, tides, again["text"], again["before"]).status_code == 303
    assert Note.objects.get().text == "second"


def test_a_changed_note_is_not_deleted_unseen(client: Client, tides: Paper) -> None:
    write(client, tides, "first")
    before = notes.stamp(Note.objects.get())
    write(client, tides, "second", before)
    assert write(client, tides, "first", before, do="delete").status_code == 409
    assert Note.objects.get().text == "second"


def test_the_same_text_twice_is_no_conflict(client: Client, tides: Paper) -> None:
    write(client, tides, "same")
    assert write(client, tides, "same").status_code == 303
    assert Note.objects.count() == 1


def test_deleting_can_be_undone_with_the_text_as_it_was(client: Client, tides: Paper) -> None:
    text = '  indented\n\n"quoted" <b>\n</textarea>'
    write(client, tides, text)
    response = write(client, tides, "", notes.stamp(Note.objects.get()), do="delete")
    assert not Note.objects.exists()
    [form] = html.fromstring(response.content.decode()).xpath("//form[@class='undo-line']")
    fields = dict(form.form_values())
    client.post(form.action, fields | {"do": "save"})
    assert Note.objects.get().text == text


def test_a_text_that_is_too_long_comes_back(client: Client, tides: Paper) -> None:
    response = write(client, tides, "x" * (notes.LONGEST + 1))
    assert response.status_code == 400
    assert "x" * (notes.LONGEST + 1) in response.content.decode()
    assert not Note.objects.exists()
    assert write(client, tides, "x\r\n" * (notes.LONGEST // 2)).status_code == 303


def test_there_is_a_limit(reader: Reader, client: Client, tides: Paper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notes, "MOST", 1)
    write(client, tides, "one")
    other = paper("2511.00002")
    with pytest.raises(TooManyError):
        notes.save(reader.visitor, other, "two", "")
    response = write(client, other, "two")
    assert response.status_code == 409
    assert "two" in response.content.decode()


def test_all_notes_of_a_reader_have_so_many_letters(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notes, "MOST_LETTERS", 10)
    first, second = paper("2511.00001"), paper("2511.00002")
    note = notes.save(reader.visitor, first, "sixsix", "")
    with pytest.raises(TooManyError):
        notes.save(reader.visitor, second, "fives", "")
    assert notes.save(reader.visitor, second, "four", "") is not None
    with pytest.raises(TooManyError):
        notes.save(reader.visitor, first, "seven77", notes.stamp(note))
    assert notes.save(reader.visitor, first, "less", notes.stamp(note)) is not None


def test_notes_are_their_writer_s_alone(client: Client, tides: Paper) -> None:
    write(client, tides, "secret thoughts")
    eve = signed_in(make_reader("eve@example.org"))
    for address in (tides.get_absolute_url(), reverse("keep", args=[tides.arxiv_id]), reverse("notes"), "/"):
        assert "secret thoughts" not in eve.get(address).content.decode(), address
    before = notes.stamp(Note.objects.get())
    assert write(eve, tides, "", before, do="delete").status_code in {200, 303}
    assert Note.objects.get().text == "secret thoughts"
    anybody = Client()
    assert anybody.get(reverse("notes")).status_code == 302
    assert write(anybody, tides, "x", **HX).status_code == 401
    assert Note.objects.count() == 1


def test_all_notes_are_listed_by_their_beginnings(client: Client, tides: Paper) -> None:
    write(client, tides, "# Waves\n" + "long " * 100)
    write(client, paper("2511.00002", title="Gone", removed=True), "kept")
    page = page_of(client, reverse("notes"))
    assert page.xpath("//h2/a/text()") == ["Gone", "On tides"]
    gone, waves = page.xpath("//p[@class='excerpt']/text()")
    assert gone == "kept"
    assert waves.startswith("Waves long long")
    assert waves.endswith("…")
    assert page_of(client, reverse("notes") + "?page=3", 404) is not None


def test_a_note_on_no_paper_is_nowhere(client: Client) -> None:
    assert client.post("/library/papers/2511.09999/note", {"text": "x"}).status_code == 404


INJECTIONS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](  JaVaScRiPt:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](vbscript:x)",
    "[x](//evil.example/)",
    "[x](/forget)",
    "<javascript:alert(1)>",
    "![x](https://evil.example/pixel.png)",
    '[x](https://e.org/"onmouseover="alert(1))',
    "[x]: javascript:alert(1)\n[x]",
    "```\n</code></pre><script>alert(1)</script>\n```",
    "``` <script>\nx\n```",
    "$\\text{<script>alert(1)</script>}$",
    "$\\href{javascript:alert(1)}{x}$",
    "\ue0000\ue001 &#xe000;0&#xe001;",
    '$x onmouseover=alert(1) $ [x](https://e.org "&#xe000;0&#xe001;") `&#xe000;0&#xe001;`',
    "<!-- --><style>*{}</style><iframe src=//x></iframe>",
    "</textarea><script>alert(1)</script>",
    "<svg onload=alert(1)><math><mi xlink:href=javascript:alert(1)>",
)


@pytest.mark.parametrize("text", INJECTIONS)
def test_markdown_does_no_harm(client: Client, tides: Paper, text: str) -> None:
    piece = html.fragment_fromstring(str(markdown.to_html(text)), create_parent="div")
    for element in piece.iter():
        assert element.tag not in {"script", "img", "style", "iframe", "svg", "object", "form", "input"}
        assert not [name for name in element.attrib if name.startswith("on") or name in {"style", "src", "id"}]
    for link in piece.xpath(".//@href"):
        assert link.startswith(("http://", "https://"))
    assert set(piece.xpath(".//a/@rel")) <= {"nofollow noopener external ugc"}
    write(client, tides, text)
    for address in (tides.get_absolute_url(), reverse("notes"), reverse("keep", args=[tides.arxiv_id])):
        page = client.get(address).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_headings_follow_the_page_s_own() -> None:
    text = "# A\n#### B\n## C\n# D\n" + "".join("#" * level + " x\n" for level in range(1, 7))
    found = [element.tag for element in html.fragment_fromstring(str(markdown.to_html(text, below=3)), "div")]
    assert found == ["h4", "h5", "h5", "h4", "h4", "h5", "h6", "h6", "h6", "h6"]


def test_deep_nesting_ends() -> None:
    for text in (">" * 20_000, "[" * 20_000, "- " * 10_000, "*a _b " * 3_000, "$" * 20_000, "![" * 10_000):
        assert len(markdown.to_html(text)) < 200_000
