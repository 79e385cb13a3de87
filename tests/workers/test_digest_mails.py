"""What a mail to a reader says: what is in it, how it looks to mail programs, and what cannot be smuggled into it."""

import re
from datetime import date, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from lxml import html
from pytest_django import Settings

from papers.models import Digest, Paper, Subscription, Visitor
from tests.papers.factories import PaperFactory, day_list
from tests.papers.pages import paper
from tests.papers.readers import make_reader
from tests.workers.digest_world import DUE, SITE, delivery_of, digest_of, parsed, parts, subscribe, told_papers
from tests.workers.smtp import mail_server
from workers.digests import rendering
from workers.digests.composing import Mail, compose

pytestmark = pytest.mark.django_db
HOSTILE = 'A <script>alert(1)</script> & "x" <img src=http://evil.example/p.gif onerror=alert(1)>'
NEW_LINES = "x\r\nBcc: eve@example.org\r\n\r\n<b>body</b>\u2028\x0b"


@pytest.fixture(autouse=True)
def _site(settings: Settings) -> None:
    settings.SITE_URL = SITE
    settings.EMAIL_HOST = "127.0.0.1"
    settings.DEFAULT_FROM_EMAIL = "tide@papers.example.org"


@pytest.fixture
def ada() -> Visitor:
    return make_reader("ada@example.org").visitor


def mail_for(visitor: Visitor, **more: Any) -> Mail:
    mail = compose(digest_of(visitor, **more), visitor.delivery)
    assert mail is not None
    return mail


class TestWhatItTells:
    def test_each_paper_stands_once_under_the_first_subscription_that_it_matches(self, ada: Visitor) -> None:
        one, two, three = (paper(f"2511.0000{number}", "cs.CL cs.LG") for number in (1, 2, 3))
        day_list("cs.CL", "2025-11-21", new=[one, two])
        day_list("cs.LG", "2025-11-21", new=[two, three])
        delivery_of(ada)
        subscribe(ada, "cs.CL")
        subscribe(ada, "cs.LG", name="learning")
        mail = mail_for(ada)
        assert told_papers(mail.papers) == ["2511.00001", "2511.00002", "2511.00003"]
        text, page = parts(parsed(mail.message))
        assert page.count(f"{SITE}/arxiv/2511.00002&quot;") == 0
        links = html.fromstring(page).xpath("//h3/a/@href")
        assert links == [f"{SITE}/arxiv/{row.arxiv_id}" for row in (one, two, three)]
        assert text.count(f"{SITE}/arxiv/2511.00002\n") == 1
        headings = [heading.text_content() for heading in html.fromstring(page).xpath("//h2")]
        assert headings == ["cs.CL", "learning"]

    def test_it_says_why_a_paper_is_there_and_of_which_other_subscriptions_it_is(self, ada: Visitor) -> None:
        day_list("cs.CL", "2025-11-21", new=[both := paper("2511.00001", "cs.CL cs.LG")])
        day_list("cs.LG", "2025-11-21", cross=[both])
        delivery_of(ada)
        subscribe(ada, "cs.CL")
        subscribe(ada, "cs.LG", name="learning")
        text, page = parts(parsed(mail_for(ada).message))
        assert "Why is this here: cs.CL; also: learning" in html.fromstring(page).text_content()
        assert "Why is this here: cs.CL; also: learning" in text

    def test_what_an_earlier_mail_told_is_not_told_again_whichever_rhythm_it_had(self, ada: Visitor) -> None:
        one, two, three = (paper(f"2511.0000{number}") for number in (1, 2, 3))
        day_list("cs.CL", "2025-11-20", new=[one, two, three])
        delivery_of(ada)
        subscribe(ada, "cs.CL")
        digest_of(ada, DUE - timedelta(days=1), state=Digest.State.SENT, papers=[[one.pk, 0]])
        digest_of(ada, DUE - timedelta(hours=1), "weekly", state=Digest.State.UNSURE, papers=[[two.pk, 0]])
        assert told_papers(mail_for(ada).papers) == ["2511.00003"]

    def test_a_refused_mail_told_nothing(self, ada: Visitor) -> None:
        day_list("cs.CL", "2025-11-20", new=[one := paper("2511.00001")])
        delivery_of(ada)
        subscribe(ada, "cs.CL")
        digest_of(ada, DUE - timedelta(days=1), state=Digest.State.FAILED, papers=[[one.pk, 0]])
        assert told_papers(mail_for(ada).papers) == ["2511.00001"]

    def test_another_readers_mails_do_not_count(self, ada: Visitor) -> None:
        day_list("cs.CL", "2025-11-20", new=[one := paper("2511.00001")])
        delivery_of(ada)
        subscribe(ada, "cs.CL")
        other = make_reader("bea@example.org").visitor
        digest_of(other, DUE, state=Digest.State.SENT, papers=[[one.pk, 0]])
        assert told_papers(mail_for(ada).papers) == ["2511.00001"]

    def test_a_day_that_arrives_late_is_told_by_the_next_mail(self, ada: Visitor) -> None:
        one, late = paper("2511.00001"), paper("2511.00002")
        day_list("cs.CL", "2025-11-21", new=[one])
        delivery_of(ada)
        subscribe(ada, "cs.CL")
        first = mail_for(ada)
        Digest.objects.update(state=Digest.State.SENT, papers=first.papers)
        day_list("cs.CL", "2025-11-20", new=[late])
        assert told_papers(mail_for(ada, due=DUE + timedelta(days=1)).papers) == ["2511.00002"]

    def test_a_new_version_is_told_where_replacements_are_wanted_though_the_first_was(self, ada: Visitor) -> None:
        one = paper("2511.00001", version=2)
        day_list("cs.CL", "2025-11-20", replace=[one])
        delivery_of(ada)
        subscribe(ada, "cs.CL", replacements=True)
        digest_of(ada, DUE - timedelta(days=2), state=Digest.State.SENT, papers=[[one.pk, 0]])
        assert mail_for(ada).papers == [[one.pk, 2]]
        Digest.objects.filter(due=DUE).update(state=Digest.State.SENT, papers=[[one.pk, 2]])
        assert compose(digest_of(ada, DUE + timedelta(days=1)), ada.delivery) is None

    def test_days_before_a_subscription_was_made_are_not_told(self, ada: Visitor) -> None:
        day_list("cs.CL", "2025-11-19", new=[paper("2511.00001")])
        day_list("cs.CL", "2025-11-20", new=[paper("2511.00002")])
        delivery_of(ada)
        subscribe(ada, "cs.CL", since=date(2025, 11, 19))
        assert told_papers(mail_for(ada).papers) == ["2511.00002"]

    @pytest.mark.parametrize("change", [{"paused": True}, {"rhythm": "weekly"}, {"rhythm": ""}])
    def test_what_is_paused_or_of_another_rhythm_is_not_in_it(self, ada: Visitor, change: dict[str, Any]) -> None:
        day_list("cs.CL", "2025-11-20", new=[paper("2511.00001")])
        delivery_of(ada)
        subscribe(ada, "cs.CL")
        assert compose(digest_of(ada), ada.delivery) is not None
        Subscription.objects.update(**change)
        Digest.objects.all().delete()
        assert compose(digest_of(ada), ada.delivery) is None

    def test_nothing_new_or_no_verified_address_is_no_mail(self, ada: Visitor) -> None:
        day_list("cs.CL", "2025-11-20", new=[paper("2511.00001")])
        delivery_of(ada)
        assert compose(digest_of(ada), ada.delivery) is None
        unverified = make_reader("bea@example.org", verified=False).visitor
        delivery_of(unverified)
        subscribe(unverified, "cs.CL")
        assert compose(digest_of(unverified), unverified.delivery) is None

    def test_what_arxiv_removed_is_left_out(self, ada: Visitor) -> None:
        day_list("cs.CL", "2025-11-20", new=[paper("2511.00001", removed=True), paper("2511.00002")])
        delivery_of(ada)
        subscribe(ada, "cs.CL")
        assert told_papers(mail_for(ada).papers) == ["2511.00002"]


class TestHowItIsRead:
    def test_it_is_text_and_html_of_the_same_papers(self, ada: Visitor) -> None:
        one = paper(
            "2511.00001",
            title=r"Bounds of $O(n^{2}\log n)$ and $\mathbb{R}^d$",
            authors=[f"Ada Moon {number}" for number in range(8)],
        )
        day_list("cs.CL", "2025-11-21", new=[one])
        delivery_of(ada)
        subscribe(ada, "cs.CL")
        mail = parsed(mail_for(ada).message)
        assert mail.get_content_type() == "multipart/alternative"
        assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
        text, page = parts(mail)
        shown = html.fromstring(page).text_content()
        for said in ("Bounds of O(n² log n) and ℝᵈ", "Ada Moon 4 and 3 others", "We measure tides", "arXiv:2511.00001"):
            assert said in shown
            assert said in text
        assert "Ada Moon 5" not in text + shown
        links = html.fromstring(page).xpath("//div/div//a/@href")
        assert links[1:4] == [
            "https://arxiv.org/abs/2511.00001",
            "https://arxiv.org/pdf/2511.00001",
            f"{SITE}/arxiv/2511.00001/related",
        ]

    def test_nothing_is_loaded_and_every_link_is_absolute(self, ada: Visitor) -> None:
        day_list("cs.CL", "2025-11-21", new=[paper("2511.00001")])
        delivery_of(ada)
        subscribe(ada, "cs.CL")
        page = parts(parsed(mail_for(ada).message))[1]
        tree = html.fromstring(page)
        assert not tree.xpath("//img | //script | //link | //iframe | //object | //form | //*[@src] | //*[@background]")
        assert "url(" not in page
        assert "@import" not in page
        links = [link for link in tree.xpath("//a/@href") if not link.startswith("#")]
        assert len(links) > 6
        assert all(link.startswith((f"{SITE}/", "https://arxiv.org/")) for link in links)

    def test_subject_and_dates_are_in_the_readers_language_and_by_her_clock(self, ada: Visitor) -> None:
        day_list("cs.CL", "2025-11-20", new=[paper("2511.00001"), paper("2511.00002")])
        delivery_of(ada, language="zh-hans", zone="Pacific/Auckland")
        subscribe(ada, "cs.CL", name="潮汐")
        due = DUE.replace(hour=18)  # the next day in Auckland
        mail = parsed(mail_for(ada, due=due).message)
        assert "潮汐" in mail["Subject"]
        assert "22" in mail["Subject"]
        assert html.fromstring(parts(mail)[1]).get("lang") == "zh-Hans"

    def test_in_english_the_subject_counts_names_and_dates(self, ada: Visitor) -> None:
        day_list("cs.CL", "2025-11-20", new=[paper("2511.00001"), paper("2511.00002")])
        day_list("cs.LG", "2025-11-20", new=[paper("2511.00003", "cs.LG")])
        delivery_of(ada, zone="Europe/Berlin")
        subscribe(ada, "cs.CL")
        subscribe(ada, "cs.LG", name="learning")
        assert parsed(mail_for(ada).message)["Subject"] == "3 new papers: cs.CL, learning · 21 November"

    def test_contents_stand_on_top_where_there_are_several_subscriptions(self, ada: Visitor) -> None:
        day_list("cs.CL", "2025-11-20", new=[paper("2511.00001"), paper("2511.00002")])
        day_list("cs.LG", "2025-11-20", new=[paper("2511.00003", "cs.LG")])
        delivery_of(ada)
        subscribe(ada, "cs.CL")
        subscribe(ada, "cs.LG", name="learning")
        text, page = parts(parsed(mail_for(ada).message))
        tree = html.fromstring(page)
        listed = [item.text_content() for item in tree.xpath("//ul[1]/li")]
        assert listed == ["cs.CL (2)", "learning (1)"]
        targets = [link[1:] for link in tree.xpath("//ul[1]/li/a/@href")]
        assert targets == tree.xpath("//h2/@id")
        assert "1. cs.CL (2)\n2. learning (1)" in text

    def test_lines_of_the_text_are_short(self, ada: Visitor) -> None:
        day_list("cs.CL", "2025-11-20", new=[paper("2511.00001", abstract="Tides rise and fall. " * 40)])
        delivery_of(ada)
        subscribe(ada, "cs.CL")
        text = parts(parsed(mail_for(ada).message))[0]
        assert max(len(line) for line in text.splitlines() if "://" not in line) <= 78


class TestLongMails:
    def papers_of_a_day(self, count: int, category: str = "cs.CL") -> list[Paper]:
        abstract = "It is measured how tides rise and fall where rivers meet the sea, and what follows. " * 20
        title = "On the rise and fall of tides where a river meets the sea, and what can be learned of it"
        made: list[Paper] = PaperFactory.create_batch(count, categories=[category], abstract=abstract, title=title)
        day_list(category, "2025-11-20", new=made)
        return made

    def test_a_mail_stays_below_what_gmail_cuts_and_counts_the_rest(self, ada: Visitor) -> None:
        many = self.papers_of_a_day(730)
        delivery_of(ada)
        subscribe(ada, "cs.CL")
        mail = mail_for(ada)
        assert len(mail.papers) == len(many)
        text, page = parts(parsed(mail.message))
        assert len(page.encode()) < 100_000
        tree = html.fromstring(page)
        in_full, titles = len(tree.xpath("//h3")), len(tree.xpath("//ul/li"))
        assert 30 <= in_full <= rendering.MOST_IN_FULL
        assert titles > 50
        rest = len(many) - in_full - titles
        assert f"… and {rest} more on your page" in tree.text_content()
        assert f"… and {rest} more on this page" in text

    def test_no_subscription_is_crowded_out_by_a_large_one_before_it(self, ada: Visitor) -> None:
        self.papers_of_a_day(700)
        few = self.papers_of_a_day(3, "cs.LG")
        delivery_of(ada)
        subscribe(ada, "cs.CL")
        subscribe(ada, "cs.LG")
        tree = html.fromstring(parts(parsed(mail_for(ada).message))[1])
        shown = tree.xpath("//h3/a/@href")
        assert all(f"{SITE}/arxiv/{one.arxiv_id}" in shown for one in few)


class TestHeaders:
    @pytest.fixture
    def mail(self, ada: Visitor) -> EmailMessage:
        day_list("cs.CL", "2025-11-20", new=[paper("2511.00001")])
        delivery_of(ada)
        subscribe(ada, "cs.CL")
        return parsed(mail_for(ada).message)

    def test_a_list_and_the_way_out_of_it_are_named(self, mail: EmailMessage) -> None:
        assert re.fullmatch(r"Papertide <digest\.papers\.example\.org>", mail["List-Id"])  # RFC 2919
        assert re.fullmatch(rf"<{SITE}/unsubscribe/[\w:-]+>", mail["List-Unsubscribe"].strip())  # RFC 2369
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"  # RFC 8058
        assert mail["Precedence"] == "bulk"
        assert mail["Auto-Submitted"] == "auto-generated"
        assert mail["To"] == "ada@example.org"
        assert mail["From"] == "tide@papers.example.org"
        assert mail["Date"].datetime is not None

    def test_each_stands_there_once(self, mail: EmailMessage) -> None:
        assert len(mail.keys()) == len({name.lower() for name in mail})

    def test_a_digest_keeps_its_message_id(self, mail: EmailMessage, ada: Visitor) -> None:
        digest = Digest.objects.get()
        assert mail["Message-ID"] == f"<digest-{digest.pk}.2025-11-21@papers.example.org>"
        again = compose(digest, ada.delivery)
        assert again is not None
        assert parsed(again.message)["Message-ID"] == mail["Message-ID"]

    def test_without_https_no_click_is_promised(self, ada: Visitor, settings: Settings) -> None:
        settings.SITE_URL = "http://127.0.0.1:8000"
        day_list("cs.CL", "2025-11-20", new=[paper("2511.00001")])
        delivery_of(ada)
        subscribe(ada, "cs.CL")
        assert parsed(mail_for(ada).message)["List-Unsubscribe-Post"] is None


class TestHostileTexts:
    def test_titles_authors_abstracts_and_names_are_inert(self, ada: Visitor) -> None:
        one = paper("2511.00001", title=HOSTILE, abstract=HOSTILE, authors=[HOSTILE, "Bea"])
        day_list("cs.CL", "2025-11-20", new=[one])
        day_list("cs.LG", "2025-11-20", new=[paper("2511.00002", "cs.LG")])
        delivery_of(ada)
        subscribe(ada, "cs.CL", name=HOSTILE[:100])
        subscribe(ada, "cs.LG")
        page = parts(parsed(mail_for(ada).message))[1]
        tree = html.fromstring(page)
        assert not tree.xpath("//script | //img | //*[@onerror]")
        assert tree.xpath("//h3/a")[0].text == HOSTILE

    def test_no_name_makes_a_header(self, ada: Visitor) -> None:
        day_list("cs.CL", "2025-11-20", new=[paper("2511.00001")])
        delivery_of(ada)
        made = subscribe(ada, "cs.CL")
        Subscription.objects.filter(pk=made.pk).update(name=NEW_LINES)
        mail = parsed(mail_for(ada).message)
        assert mail["Bcc"] is None
        assert mail["Subject"].strip().startswith("1 new paper: x Bcc: eve@example.org <b>body</b>")
        assert "eve@example.org" not in mail["To"]

    @pytest.mark.parametrize(
        "name", ["\u202etxt", "{% load x %}{{ settings.SECRET_KEY }}", "%s%(x)s", "$" * 99, "\\\\{"]
    )
    def test_odd_characters_break_nothing(self, ada: Visitor, name: str) -> None:
        day_list("cs.CL", "2025-11-20", new=[paper("2511.00001", title=f"T {name}", abstract=name, authors=[name])])
        delivery_of(ada)
        subscribe(ada, "cs.CL", name=name[:100])
        text, page = parts(parsed(mail_for(ada).message))
        assert "\u202e" not in text + page
        assert f"{SITE}/arxiv/2511.00001" in text
        assert html.fromstring(page).xpath("//h3/a")[0].text.startswith("T ")


def test_a_mail_arrives_as_it_was_made(ada: Visitor, settings: Settings) -> None:
    title = "Über Gezeiten 潮汐 " + "and long words " * 20
    day_list("cs.CL", "2025-11-20", new=[paper("2511.00001", title=title)])
    delivery_of(ada)
    subscribe(ada, "cs.CL", name="潮汐")
    mail = mail_for(ada).message
    with mail_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_PORT, settings.EMAIL_USE_TLS, settings.EMAIL_HOST_USER = server.port, False, ""
        mail.send()
    (arrived,) = server.mails
    assert arrived["Subject"] == "1 new paper: 潮汐 · 21 November"
    text, page = parts(arrived)
    assert title.strip() in html.fromstring(page).text_content()
    assert "潮汐" in text
    assert max(map(len, mail.message().as_bytes().splitlines())) <= 998  # RFC 5322
