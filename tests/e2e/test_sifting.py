"""A list is sifted in a real browser, on real papers: cards, marks, order, folds, filter, keys, boxes; and without
scripts, as far as it goes."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.axe import assert_accessible
from tests.e2e.real import RealSite
from tests.e2e.watching import Look, Windows, assert_fits, layout_shift

WIDTHS = (1280, 390)
Sift = Callable[..., Page]


@pytest.fixture(params=WIDTHS, ids=["desktop", "phone"])
def width(request: pytest.FixtureRequest) -> int:
    """How wide the window is."""
    found: int = request.param
    return found


@pytest.fixture
def sift(open_page: Windows, real_site: RealSite, width: int) -> Sift:
    """Opens the list of all the site's days, longer than a page."""

    def opened(more: str = "", **look: object) -> Page:
        days = f"/?from={real_site.days[-1]}&to={real_site.days[0]}"
        return open_page(days + more, width=width, **look)  # type: ignore[arg-type]

    return opened


def cards(page: Page) -> Locator:
    """The list's own cards."""
    return page.locator("#main .cards > section > .card")


def open_menu(page: Page) -> None:
    page.locator(".menu summary").click()


# Cards


def test_a_card_has_its_links_and_no_foreign_frame_before_a_click(sift: Sift) -> None:
    card = cards(sift()).first
    for name in ("arXiv:", "PDF", "Related", "BibTeX"):
        expect(card.get_by_role("link", name=name)).to_be_visible()
    expect(card.get_by_role("button", name="Copy")).to_be_visible()
    expect(card.get_by_role("button", name="Star")).to_have_attribute("aria-pressed", "false")
    assert card.page.locator("iframe").count() == 0


def test_bibtex_opens_below_its_card_and_closing_gives_the_focus_back(sift: Sift) -> None:
    page = sift()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    card = cards(page).nth(1)
    link = card.get_by_role("link", name="BibTeX")
    link.click()
    entry = card.locator(".below pre")
    expect(entry).to_contain_text(card.get_attribute("data-paper") or "?")
    expect(link).to_have_attribute("aria-expanded", "true")
    card.locator(".below").get_by_role("button", name="Copy").click()
    expect(page.locator(".toast")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").startswith("@")
    assert_accessible(page, within=".below")
    card.locator(".below").get_by_role("button", name="Close").click()
    expect(card.locator(".below")).to_have_count(0)
    expect(link).to_be_focused()


def test_relatives_open_in_place_compact_and_can_be_starred(sift: Sift) -> None:
    page = sift()
    card = cards(page).first
    card.get_by_role("link", name="Related").first.click()
    inner = card.locator(".below .card")
    expect(inner.first).to_be_visible()
    expect(inner.first.locator(".abstract p")).to_be_hidden()
    inner.first.get_by_role("button", name="Star").click()
    expect(inner.first.get_by_role("button", name="Star")).to_have_attribute("aria-pressed", "true")
    assert_fits(page)
    page.keyboard.press("Escape")
    expect(card.locator(".below")).to_have_count(0)


def test_a_pdf_opens_in_a_frame_only_after_a_plain_click(open_page: Windows, sift: Sift, width: int) -> None:
    context = open_page.context(Look(width))
    context.add_init_script("Object.defineProperty(Navigator.prototype, 'pdfViewerEnabled', {get: () => true})")
    context.route("https://arxiv.org/**", lambda route: route.fulfill(body="a paper", content_type="text/html"))
    open_page.watch.forgiven.append("foreign request: https://arxiv.org/pdf/")
    page = sift()
    card = cards(page).nth(1)
    link = card.get_by_role("link", name="PDF")
    with page.expect_request(lambda asked: "opened=" in (asked.post_data or "")):
        if width < 640:  # too narrow for a frame: the link is a link
            link.click()
            page.wait_for_url("https://arxiv.org/pdf/*")
            return
        link.click()
    frame = card.locator(".below iframe")
    expect(frame).to_have_attribute("src", f"https://arxiv.org/pdf/{card.get_attribute('data-paper')}")
    expect(card.get_by_role("link", name="Open on its own")).to_have_attribute("target", "_blank")
    expect(card).to_have_class(re.compile("is-seen"))
    with context.expect_page() as other:
        cards(page).nth(2).get_by_role("link", name="PDF").click(modifiers=["ControlOrMeta"])
    other.value.close()
    expect(cards(page).nth(2).locator(".below")).to_have_count(0)


def test_a_cards_line_is_copied(sift: Sift) -> None:
    page = sift()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    card = cards(page).first
    card.get_by_role("button", name="Copy").click()
    expect(page.locator(".toast")).to_have_text("Copied")
    assert f"arXiv:{card.get_attribute('data-paper')}" in page.evaluate("navigator.clipboard.readText()")


def test_a_star_is_kept_without_a_reload_and_taking_it_back_can_be_undone(sift: Sift) -> None:
    page = sift()
    page.evaluate("window.same = true")
    star = cards(page).first.get_by_role("button", name="Star")
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true")
    expect(star).to_be_focused()
    star.click()
    expect(star).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="Undo").click()
    expect(star).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("window.same")
    page.reload(wait_until="networkidle")
    expect(star).to_have_attribute("aria-pressed", "true")


def test_a_categorys_plus_and_minus_are_reached_by_keyboard_and_move_nothing(
    open_page: Windows, real_site: RealSite, width: int
) -> None:
    page = open_page(f"/arxiv/cs.CL+cs.LG?date={real_site.days[0]}", width=width)
    other = cards(page).locator(".of:has(.steps)").first
    other.scroll_into_view_if_needed()
    before = other.bounding_box()
    other.locator(".category").focus()
    page.keyboard.press("Tab")
    step = other.locator(".steps a").first
    expect(step).to_be_focused()
    expect(other.locator(".steps")).to_have_css("opacity", "1")
    assert other.bounding_box() == before
    size = step.bounding_box()
    assert size
    assert min(size["width"], size["height"]) >= 24
    step.press("Enter")
    page.wait_for_url(re.compile("/arxiv/cs"))
    assert page.url != f"{open_page.site}/arxiv/cs.CL+cs.LG?date={real_site.days[0]}"


# Titles, folds, continuation


def test_titles_alone_are_shown_in_place_and_by_address(sift: Sift) -> None:
    page = sift()
    page.evaluate("window.same = true")
    page.get_by_role("link", name="Titles").click()
    expect(cards(page).first.locator(".authors")).to_be_hidden()
    expect(cards(page).first.locator(".abstract p")).to_be_hidden()
    expect(page).to_have_url(re.compile("titles=1"))
    assert page.evaluate("window.same")
    assert_fits(page)
    cards(page).nth(1).locator("summary").first.click()
    expect(cards(page).nth(1).locator(".authors")).to_be_visible()
    page.get_by_role("link", name="Titles").click()
    expect(cards(page).first.locator(".abstract p")).to_be_visible()
    expect(page).not_to_have_url(re.compile("titles=1"))


def test_titles_alone_are_shown_without_scripts(sift: Sift) -> None:
    page = sift(script=False)
    page.get_by_role("link", name="Titles").click()
    expect(cards(page).first.locator(".title")).to_be_visible()
    expect(cards(page).first.locator(".authors")).to_be_hidden()
    cards(page).first.locator("summary").first.click()
    expect(cards(page).first.locator(".abstract p")).to_be_visible()
    expect(page.get_by_role("button", name="Filter")).to_be_hidden()


def test_all_abstracts_fold_and_what_comes_later_is_folded_too(sift: Sift) -> None:
    page = sift()
    first = cards(page).count()
    page.get_by_role("button", name="Fold").click()
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    expect(cards(page).nth(first)).to_be_attached()
    expect(page.locator("#main .card .abstract[open]")).to_have_count(0)
    page.get_by_role("button", name="Fold").click()
    expect(page.locator("#main .card .abstract:not([open])")).to_have_count(0)


def test_what_is_read_stays_where_it_is_when_all_folds(sift: Sift) -> None:
    page = sift()
    read = cards(page).nth(5)
    read.evaluate("card => card.scrollIntoView({block: 'start'})")
    before = read.bounding_box()
    for key in "aatt":
        page.keyboard.press(key)
        expect(page.locator(".bar.is-turning")).to_have_count(0)
        page.wait_for_timeout(100)
        after = read.bounding_box()
        assert before
        assert after
        assert abs(before["y"] - after["y"]) < 2, key


def test_the_list_goes_on_by_itself_and_nothing_jumps(sift: Sift) -> None:
    page = sift()
    first = cards(page).count()
    cards(page).nth(first - 1).focus()
    cards(page).nth(first - 1).scroll_into_view_if_needed()
    expect(cards(page).nth(first)).to_be_attached()
    expect(page.locator(".tally")).to_contain_text(re.compile(rf"{cards(page).count()} of [\d,]+ shown"))
    expect(cards(page).nth(first - 1)).to_be_focused()
    ids = page.locator("#main .card").evaluate_all("cards => cards.map((card) => card.dataset.paper)")
    assert len(ids) == len(set(ids))


def test_a_list_goes_on_after_the_site_was_away(sift: Sift, open_page: Windows) -> None:
    open_page.watch.forgiven += ["net::ERR_FAILED", "htmx:"]
    page = sift()
    first = cards(page).count()
    page.route(re.compile(r"[?&]part=(?!calendar)"), lambda route: route.abort("failed"), times=1)
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    expect(page.locator(".toast")).to_contain_text("did not answer")
    expect(cards(page)).to_have_count(first)
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")  # cards that are drawn have another height
    expect(cards(page).nth(first)).to_be_attached(timeout=10_000)


def test_back_leads_to_the_place_in_a_list_that_had_gone_on(sift: Sift) -> None:
    page = sift()
    for _ in range(2):
        count = cards(page).count()
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        expect(cards(page).nth(count)).to_be_attached()
    last = cards(page).nth(count + 5)
    last.evaluate("card => card.scrollIntoView({block: 'start', behavior: 'instant'})")
    page.wait_for_timeout(300)
    paper, before = last.get_attribute("data-paper"), last.bounding_box()
    last.locator(".title a").click()
    page.wait_for_url(re.compile(r"/arxiv/[\d.]+$"))
    page.go_back(wait_until="networkidle")
    again = page.locator(f"#main .card[data-paper='{paper}']")
    expect(again).to_be_in_viewport()
    page.wait_for_timeout(300)
    after = again.bounding_box()
    assert before
    assert after
    assert abs(before["y"] - after["y"]) < 60


def test_nothing_moves_when_scripts_start(sift: Sift) -> None:
    shift, moved = layout_shift(sift())
    assert shift < 0.01, moved


# Marks


def test_what_is_scrolled_past_is_marked_once_the_site_knows_the_browser(sift: Sift) -> None:
    page = sift()
    pass_by(page, 2)
    expect(page.locator(".card.is-seen")).to_have_count(0)  # nothing is kept of who only looks
    page.evaluate("scrollTo(0, 0)")
    open_menu(page)
    page.get_by_label("Mark as seen what I scroll past").check()
    page.keyboard.press("Escape")
    with page.expect_response(lambda answer: answer.url.endswith("/marks")) as kept:
        pass_by(page, 2)
    assert kept.value.status == 204
    expect(cards(page).first).to_have_class(re.compile("is-seen"))
    expect(page.locator(".tally")).to_contain_text("seen")
    page.reload(wait_until="networkidle")
    expect(cards(page).first).to_have_class(re.compile("is-seen"))
    first = cards(page).first.get_attribute("data-paper")
    page.get_by_role("link", name="Hide seen").click()
    page.wait_for_url(re.compile("unseen=1"))
    expect(cards(page).first).not_to_have_attribute("data-paper", first or "")


def pass_by(page: Page, count: int) -> None:
    """Look at the first cards for a second and a half, and scroll past them."""
    for number in range(count):
        cards(page).nth(number).evaluate("card => card.scrollIntoView({block: 'start'})")
        page.wait_for_timeout(1300)
    cards(page).nth(count + 1).evaluate("card => card.scrollIntoView({block: 'start'})")
    page.wait_for_timeout(400)


def test_all_on_the_page_are_marked_as_seen_and_taken_back(sift: Sift) -> None:
    page = sift()
    open_menu(page)
    page.get_by_role("button", name="Mark these as seen").click()
    expect(page.locator("#main .card:not(.is-seen)")).to_have_count(0)
    expect(page.locator(".tally")).to_contain_text(f"{cards(page).count()} seen")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#main .card.is-seen")).to_have_count(0)


def test_all_on_the_page_are_marked_as_seen_without_scripts(sift: Sift) -> None:
    page = sift(script=False)
    open_menu(page)
    page.get_by_role("button", name="Mark these as seen").click()
    expect(page.locator("#main .card:not(.is-seen)")).to_have_count(0)
    open_menu(page)
    page.get_by_role("button", name="Mark these as not seen").click()
    expect(page.locator("#main .card.is-seen")).to_have_count(0)


# The filter


def shown(page: Page) -> list[str]:
    found: list[str] = page.locator("#main .card:not(.is-out, .is-dim)").evaluate_all(
        "cards => cards.map((card) => card.textContent.toLowerCase())"
    )
    return found


def test_the_filter_takes_words_in_and_out(sift: Sift) -> None:
    page = sift()
    page.get_by_role("button", name="Filter").click()
    form = page.get_by_role("search", name="Filter these papers")
    form.get_by_label("With", exact=True).fill("LANGUAGE módel")
    expect(page.locator(".matches")).to_have_text(re.compile(r"\d+ of \d+ match"))
    any_of = shown(page)
    assert any_of
    assert all("language" in text or "model" in text for text in any_of)
    form.get_by_label("How many of these words").select_option("all")
    expect(page.locator(".is-dim")).not_to_have_count(cards(page).count() - len(any_of))
    both = shown(page)
    assert both
    assert all("language" in text and "model" in text for text in both)
    form.get_by_label("Without").fill('"data"')
    page.wait_for_timeout(500)
    assert all(not re.search(r"(?<![^\W_])data(?![^\W_])", text) for text in shown(page))
    form.get_by_label("Only matching").check()
    expect(page.locator(".is-dim")).to_have_count(0)
    expect(page.locator("#main .card.is-out").first).to_be_hidden()
    assert_fits(page)
    form.get_by_role("button", name="Clear").click()
    expect(page.locator(".is-out, .is-dim")).to_have_count(0)


def test_words_are_coloured_and_the_document_stays_as_it_was(sift: Sift) -> None:
    page = sift()
    before = page.locator(".cards").evaluate("cards => cards.querySelectorAll('mark').length")
    page.get_by_role("button", name="Filter").click()
    page.get_by_label("Highlight").fill("the of")
    page.wait_for_timeout(600)
    assert page.evaluate("CSS.highlights.get('tint-2').size") > 0
    marked = page.evaluate(
        "[...CSS.highlights.get('tint-1')].map((range) => range.startContainer.data"
        ".slice(range.startOffset, range.endOffset).toLowerCase())"
    )
    assert set(marked) == {"the"}
    assert page.locator(".cards").evaluate("cards => cards.querySelectorAll('mark').length") == before


def test_the_filter_is_remembered_and_applied_to_what_comes_later(sift: Sift) -> None:
    page = sift()
    page.get_by_role("button", name="Filter").click()
    page.get_by_label("With", exact=True).fill("zzzzzz")
    expect(page.locator(".is-dim")).to_have_count(cards(page).count())
    page.reload(wait_until="networkidle")
    expect(page.get_by_role("search", name="Filter these papers")).to_be_visible()
    expect(page.get_by_label("With", exact=True)).not_to_be_focused()
    expect(page.locator(".matches")).to_have_text(re.compile(r"None of \d+ matches"))
    first = cards(page).count()
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    expect(cards(page).nth(first)).to_be_attached()
    expect(page.locator("#main .card:not(.is-dim)")).to_have_count(0)


def test_a_filter_is_not_carried_to_another_list(sift: Sift) -> None:
    page = sift()
    page.get_by_role("button", name="Filter").click()
    page.get_by_label("With", exact=True).fill("zzzzzz")
    expect(page.locator(".is-dim")).to_have_count(cards(page).count())
    page.goto(page.url.split("/?")[0] + "/arxiv/cs.LG", wait_until="networkidle")
    expect(page.get_by_role("search", name="Filter these papers")).to_be_hidden()
    expect(page.locator(".is-dim")).to_have_count(0)


def test_days_without_a_match_are_not_shown_and_a_click_looks_further(sift: Sift) -> None:
    page = sift()
    page.get_by_role("button", name="Filter").click()
    page.get_by_label("Only matching").check()
    page.get_by_label("With", exact=True).fill("zzzzzz")
    expect(page.locator("#main .day:not(.is-empty)")).to_have_count(0)
    expect(page.locator("#main .day > h2").first).to_be_hidden()
    further = page.get_by_role("button", name="Look further")
    expect(further).to_be_visible()
    count = cards(page).count()
    page.get_by_label("With", exact=True).press("Escape")
    expect(page.get_by_role("search", name="Filter these papers")).to_be_hidden()
    page.get_by_role("button", name="Filter").click()
    further.click()
    expect(cards(page).nth(count)).to_be_attached()
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#main .day.is-empty")).to_have_count(0)


# Keys


@pytest.mark.parametrize("filtering", [False, True])
def test_what_is_open_can_be_closed_wherever_one_reads(sift: Sift, filtering: bool) -> None:
    page = sift()
    if filtering:
        page.get_by_role("button", name="Filter").click()
    card = cards(page).first
    card.focus()
    page.keyboard.press("r")
    expect(card.locator(".below .card").nth(3)).to_be_visible()
    page.wait_for_timeout(800)
    card.locator(".below .card").nth(3).evaluate("card => card.scrollIntoView({block: 'start', behavior: 'instant'})")
    close = card.locator(".below-close")
    assert close.evaluate(
        """button => {
          const { left, top, width, height } = button.getBoundingClientRect();
          return document.elementFromPoint(left + width / 2, top + height / 2) === button;
        }"""
    )
    close.click()
    expect(card.locator(".below")).to_have_count(0)


def test_u_takes_back_what_was_done_last(sift: Sift) -> None:
    page = sift()
    page.keyboard.press("j")
    card = cards(page).first
    star = card.get_by_role("button", name="Star")
    for pressed in ("true", "false"):
        page.keyboard.press("s")
        expect(star).to_have_attribute("aria-pressed", pressed)
    card.focus()
    page.keyboard.press("m")
    expect(card).to_have_class(re.compile("is-seen"))
    expect(card.locator("> .seen-word")).to_have_css("display", "block")
    page.get_by_role("button", name="Undo").press("Enter")
    expect(card).not_to_have_class(re.compile("is-seen"))
    expect(card.locator("> .seen-word")).to_have_css("display", "none")
    expect(card).to_be_focused()
    expect(star).to_have_attribute("aria-pressed", "false")


def test_papers_are_walked_and_handled_by_single_keys(sift: Sift) -> None:
    page = sift()
    page.keyboard.press("j")
    expect(cards(page).first).to_be_focused()
    page.keyboard.press("j")
    expect(cards(page).nth(1)).to_be_focused()
    top = cards(page).nth(1).bounding_box()
    bar = page.locator("#bar").bounding_box()
    assert top
    assert bar
    assert top["y"] >= bar["y"] + bar["height"] - 2  # the bar covers nothing of it
    page.keyboard.press("s")
    expect(cards(page).nth(1).get_by_role("button", name="Star")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("x")
    expect(cards(page).nth(1).locator(".abstract p")).to_be_hidden()
    page.keyboard.press("m")
    expect(cards(page).nth(1)).to_have_class(re.compile("is-seen"))
    page.keyboard.press("k")
    expect(cards(page).first).to_be_focused()
    page.keyboard.press("n")
    expect(cards(page).nth(2)).to_be_focused()
    page.keyboard.press("b")
    expect(cards(page).nth(2).locator(".below pre")).to_be_visible()
    expect(cards(page).nth(2).locator(".below")).to_be_focused()
    expect(cards(page).nth(2).locator(".below")).to_be_in_viewport(ratio=1)
    page.keyboard.press("Escape")
    expect(page.locator(".below")).to_have_count(0)
    page.keyboard.press("/")
    expect(page.get_by_label("Search arXiv’s papers")).to_be_focused()
    page.keyboard.type("jk?")
    expect(page.get_by_label("Search arXiv’s papers")).to_have_value("jk?")


def test_a_key_opens_the_paper_and_keys_can_be_switched_off(sift: Sift) -> None:
    page = sift()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard")
    expect(dialog).to_be_visible()
    assert_accessible(page, within="#keys")
    dialog.get_by_label("Single keys do these things").uncheck()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.keyboard.press("j")
    expect(cards(page).first).not_to_be_focused()
    cards(page).first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/arxiv/[\d.]+$"))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_hidden()


# The boxes of categories


def test_a_box_goes_from_in_to_out_to_off(open_page: Windows, width: int) -> None:
    page = open_page("/arxiv/cs.CL-cs.CV", width=width)
    picker = page.locator("#picker")
    expect(picker.get_by_label(re.compile("left out"))).to_have_attribute("value", "cs.CV")
    page.get_by_label("Find a category").fill("robot")
    box = picker.get_by_label(re.compile("cs.RO"))
    expect(picker.locator("li:not([hidden]) input")).to_have_count(1)
    box.press("Space")
    expect(box).to_have_attribute("name", "c")
    box.press("Space")
    expect(box).to_have_attribute("name", "x")
    assert box.evaluate("box => box.indeterminate")
    expect(picker.get_by_label(re.compile("cs.RO.*left out"))).to_be_attached()
    box.press("Space")
    expect(box).not_to_be_checked()
    box.press("Space")
    box.press("Space")
    picker.get_by_role("button", name="Show").click()
    page.wait_for_url(re.compile(r"/arxiv/cs\.CL-cs\.(CV-cs\.RO|RO-cs\.CV)"))


def test_boxes_say_what_the_address_says_after_a_step_back(open_page: Windows, width: int) -> None:
    page = open_page("/arxiv/cs.CL-cs.CV", width=width)
    picker = page.locator("#picker")
    picker.locator("[value='cs.CV']").evaluate("box => box.click()")
    picker.get_by_role("button", name="Show").click()
    page.wait_for_url(re.compile(r"/arxiv/cs\.CL$"))
    page.go_back(wait_until="networkidle")
    expect(picker.locator("[value='cs.CV']")).to_have_attribute("name", "x")
    expect(picker.locator("[value='cs.CV']")).to_have_attribute("data-state", "out")
    expect(picker.locator("[value='cs.CL']")).to_have_attribute("data-state", "in")


def test_the_month_is_turned_and_the_focus_stays(open_page: Windows, real_site: RealSite, width: int) -> None:
    page = open_page(f"/?date={real_site.days[0]}", width=width)
    link = page.locator("#month-before")
    month = page.locator("#month").text_content() or ""
    link.press("Enter")
    expect(page.locator("#month")).not_to_have_text(month)
    expect(page.locator("#calendar :focus")).to_have_count(1)


def test_categories_are_chosen_without_scripts(open_page: Windows, width: int) -> None:
    page = open_page("/arxiv/cs.CL-cs.CV", width=width, script=False)
    picker = page.locator("#picker")
    expect(picker.locator("[name=x]")).to_have_value("cs.CV")
    picker.get_by_label(re.compile("cs.LG")).check()
    picker.get_by_role("button", name="Show").click()
    page.wait_for_url(re.compile(r"/arxiv/cs\.CL\+cs\.LG-cs\.CV"))
    picker.locator("[name=x]").uncheck()
    picker.locator("[name=spec]").fill("-cs.AI")
    picker.get_by_role("button", name="Show").click()
    page.wait_for_url(re.compile(r"/arxiv/cs\.CL\+cs\.LG-cs\.AI"))


# All of it


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_list_is_accessible_with_all_that_opens(sift: Sift, scheme: str) -> None:
    page = sift(scheme=scheme)
    page.get_by_role("button", name="Filter").click()
    page.get_by_label("With", exact=True).fill("learning")
    cards(page).nth(1).get_by_role("link", name="Related").click()
    expect(cards(page).nth(1).locator(".below .card").first).to_be_visible()
    page.keyboard.press("m")
    assert_accessible(page, within=".toast")
    expect(page.locator(".toast")).to_be_empty(timeout=15_000)  # it lies over what it covers, for some seconds
    open_menu(page)
    # What is out of view has no size of its own yet; axe-core would find its links over one another.
    page.locator(".card").evaluate_all("cards => cards.forEach((card) => { card.style.contentVisibility = 'visible' })")
    assert_accessible(page)
