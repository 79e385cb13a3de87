"""What is a reader's own is out of reach, address by address: for another reader, for who has no account, and for
whoever guesses, changes or makes up what an address or a form names. An address that is not listed here fails."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.core import signing
from django.core.mail import EmailMessage
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from pytest_django import Settings

from papers import visitors
from papers.accounts import tokens
from papers.library import lists, notes, tags
from papers.models import (
    ApiToken,
    Delivery,
    Digest,
    ListEntry,
    Mark,
    Note,
    Paper,
    Reader,
    ReadingList,
    SavedSearch,
    Subscription,
    Tag,
    Tagged,
    Tally,
    Visitor,
)
from search.subscriptions import keeping
from search.subscriptions.keeping import SubscriptionError
from search.subscriptions.packing import pack
from tests.papers.factories import day_list
from tests.papers.pages import paper
from tests.papers.readers import make_reader, signed_in, streamed
from workers.digests import due, unsubscribing
from workers.digests.unsubscribing import digest_token, unsubscribe_token

pytestmark = pytest.mark.django_db
MARK = "zqadas"  # stands in all that is hers, and nowhere else
TAG = "ofadas"  # her tag: a page says what its address holds
KINDS = ("bibtex", "ris", "csv")
TABLES: tuple[type[Model], ...] = (
    Reader, EmailAddress, SocialAccount, UserSession, Visitor, Mark, Tally, SavedSearch, Note, ReadingList, ListEntry,
    Tag, Tagged, Subscription, Delivery, Digest, ApiToken,
)  # fmt: skip


@dataclass(frozen=True)
class World:
    """Ada's, who keeps all that can be kept, and Bea's, who has as much of her own as lets her try."""

    ada: Visitor
    bea: Visitor
    tide: Paper
    shelf: ReadingList
    tag: Tag
    subscription: Subscription
    digest: Digest
    token: ApiToken
    device: UserSession
    hers: Client


@pytest.fixture
def world(settings: Settings) -> World:
    settings.SITE_URL, settings.EMAIL_HOST = "https://papers.example.org", "127.0.0.1"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    tide = paper("2511.00001", title="On tides")
    day_list("cs.CL", "2025-11-20", new=[tide])
    ada, bea = make_reader(f"{MARK}@example.org").visitor, make_reader("bea@example.org").visitor
    client = signed_in(ada.reader)  # type: ignore[arg-type]
    client.get("/account/sessions/")
    visitors.mark(ada, [tide.pk], "starred", True)
    visitors.mark(ada, [tide.pk], "opened", True)
    visitors.set_words(ada, f"{MARK} words")
    SavedSearch.objects.create(visitor=ada, text=MARK, sort="new", digest=1)
    notes.save(ada, tide, f"{MARK} note", "")
    shelf = lists.make(ada, f"{MARK} list")
    lists.describe(shelf, shelf.name, f"{MARK} about")
    lists.add(shelf, [tide.pk])
    lists.share(shelf)
    tags.add(ada, [tide], [TAG])
    asked = keeping.read("categories", "cs.CL")
    subscription = keeping.subscribe(ada, asked, name=f"{MARK} subscription", rhythm="daily")
    Delivery.objects.create(visitor=ada, reason=f"{MARK} reason")
    due = datetime(2025, 11, 21, 7, tzinfo=UTC)
    digest = Digest.objects.create(
        visitor=ada, rhythm="daily", period="2025-11-21", due=due, state="sent", papers=[[tide.pk, 0]]
    )
    keeping.subscribe(bea, asked, rhythm="daily")
    Delivery.objects.create(visitor=bea)
    device = UserSession.objects.get(user=ada.reader)
    assert ada.reader is not None
    assert bea.reader is not None
    token, _text = tokens.make(ada.reader, f"{MARK} token", tokens.SCOPES, 90)
    tokens.make(bea.reader, "token", tokens.SCOPES, 90)
    return World(ada, bea, tide, shelf, Tag.objects.get(), subscription, digest, token, device, client)


def rows() -> dict[str, list[dict[str, Any]]]:
    """All rows of what readers keep; without when somebody was here last."""
    found = {model.__name__: list(model._default_manager.order_by("pk").values()) for model in TABLES}
    for row in found["UserSession"]:
        del row["last_seen_at"]
    for row in found["Visitor"]:
        del row["visited"], row["visited_before"], row["active"]
    return found


def patterns(resolver: Any = None, before: str = "") -> Iterator[tuple[str, str | None, bool]]:
    """Every address of the site but the admin's and the API's (see tests/api/test_strangers.py): its pattern, its name,
    whether its view takes forms without a token."""
    for each in (resolver or get_resolver()).url_patterns:
        whole = before + str(each.pattern)
        if whole.startswith(("admin/", "api/")):
            continue
        if isinstance(each, URLResolver):
            yield from patterns(each, whole)
        elif isinstance(each, URLPattern):
            yield whole, each.name, bool(getattr(each.callback, "csrf_exempt", False))


# By what they are about: papers, days, authors, queries, which are everybody's.
PUBLIC = {
    "sitemap-papers-<int:section>.xml", "arxiv/<papers:ids>", "arxiv/<paper:arxiv_id>", "arxiv/<paper:arxiv_id>/feed",
    "arxiv/<str:spec>/feed", "arxiv/<path:spec>", "abs/<paper:arxiv_id>", "pdf/<paper:arxiv_id>",
    "pdf/<paper:arxiv_id>.pdf", "html/<paper:arxiv_id>", "list/<str:spec>/<str:which>", "author/<str:name>",
    "author/<str:name>/feed", "arxiv/<paper:arxiv_id>/related", "arxiv/<paper:arxiv_id>/related/feed",
    "arxiv/<paper:arxiv_id>/neighbourhood",
    *(f"{start}/{kind}" for kind in KINDS
      for start in ("arxiv/<papers:ids>", "arxiv/<paper:arxiv_id>", "arxiv/<str:spec>", "author/<str:name>")),
    "account/oidc/^(?P<provider_id>[^/]+)/login/", "account/oidc/^(?P<provider_id>[^/]+)/login/callback/",
}  # fmt: skip


def of_list(world: World) -> list[dict[str, str]]:
    return [
        {},
        {"do": "describe", "name": "Mine now", "about": "x"},
        {"do": "share"},
        {"do": "revoke"},
        {"do": "remove", "ids": world.tide.arxiv_id},
        {"do": "delete"},
    ]


def of_subscription(world: World) -> list[dict[str, str]]:
    form = {"kind": "categories", "text": "cs.LG", "options": "1", "name": "Mine now"}
    return [
        *({"do": do} for do in ("pause", "resume", "renew", "delete", "")),
        {"do": "rhythm", "rhythm": "weekly"},
        {"do": "show", **form},
        {"do": "change", **form},
    ]


# What carries a number or a name of one reader's: its address for Ada's, and the forms that it takes.
Own = tuple[Callable[[World], str], Callable[[World], list[dict[str, str]]]]
OWN: dict[str, Own] = {
    "account/sessions/<int:pk>/end": (lambda world: reverse("end-session", args=[world.device.pk]), lambda _: [{}]),
    "account/tokens/<int:pk>": (
        lambda world: reverse("api-token", args=[world.token.pk]),
        lambda _: [{"do": "rotate"}, {"do": "revoke"}, {}],
    ),
    "library/tags/<path:name>": (lambda world: reverse("tag", args=[world.tag.name]), lambda _: [{}]),
    "library/lists/<int:pk>": (lambda world: reverse("reading-list", args=[world.shelf.pk]), of_list),
    **{
        f"library/lists/<int:pk>/{kind}": (
            lambda world, kind=kind: reverse(f"reading-list-{kind}", args=[world.shelf.pk]),  # type: ignore[misc]
            lambda _: [{}],
        )
        for kind in KINDS
    },
    "subscriptions/<int:pk>": (lambda world: reverse("subscription", args=[world.subscription.pk]), of_subscription),
}

# What is under a paper's address and shows what its reader keeps of it.
OF_A_PAPER = {f"library/papers/<paper:arxiv_id>{piece}" for piece in ("", "/note", "/tags", "/lists")}

# What a secret leads to, whoever brings it: the secret, and the addresses.
SECRETS: dict[str, tuple[Callable[[World], str], tuple[str, ...]]] = {
    "shared/<str:secret>": (
        lambda world: world.shelf.secret or "",
        ("shared-list", "shared-list-feed", *(f"shared-list-{kind}" for kind in KINDS)),
    ),
    "subscriptions/feed/<str:secret>": (lambda world: world.subscription.secret, ("subscription-feed",)),
    "unsubscribe/<str:token>": (lambda world: unsubscribe_token(world.ada, world.subscription), ("unsubscribe",)),
    "digest/<str:token>": (lambda world: digest_token(world.digest), ("digest",)),
    r"account/^confirm-email/(?P<key>[-:\w]+)/$": (
        lambda world: EmailConfirmationHMAC(EmailAddress.objects.get(user=world.ada.reader)).key,
        ("account_confirm_email",),
    ),
}
OF_SECRETS = {
    *SECRETS,
    *(f"shared/<str:secret>/{what}" for what in ("feed", *KINDS)),
    # Django's own token, of the password's hash: see test_accounts.
    "account/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
}

# Without any name in the address: what is shown is of whoever asks.
GUARDED = {
    "account", "mail-address", "api-tokens", "account-data", "account-json", "account-bibtex", "library-history",
    "library-words", "library-import", "notes", "tags", "lists", "subscriptions", "subscribe", "subscriptions-opml",
    "delivery", "delivery-preview", "delivery-preview-html", "usersessions_list", "account_email",
    "account_change_password", "account_set_password", "account_reauthenticate",
}  # fmt: skip
POSTED = {
    "account-delete", "lists-add", "my-seen", "my-order", "subscription-undo", "delivery-again", "delivery-test",
}  # fmt: skip
OF_WHOEVER_ASKS = {
    "home", "home-feed", "help", "tools", "privacy", "library", *(f"library-{kind}" for kind in KINDS), "my", "marks",
    "classify", "words", "theme", "forget", "set_language", "choose", "search", "search-facets", "search-hints",
    "save-search", "search-suggestions", "search-feed",
    *(f"{start}-{kind}" for start in ("home", "search") for kind in KINDS),
    "account_login", "account_logout", "account_signup", "account_inactive", "account_reset_password",
    "account_reset_password_done", "account_reset_password_from_key_done", "account_email_verification_sent",
    "socialaccount_login_cancelled", "socialaccount_login_error", "socialaccount_signup", "socialaccount_connections",
}  # fmt: skip
OF_THE_SITE = {
    "opensearch", "robots", "web-manifest", "sitemap", "sitemap-pages", "sitemap-categories", "favicon", "status",
    "healthz", "readyz", "metrics", "mcp",
}  # fmt: skip
CLOSED = {  # 404 by papers.accounts.closed
    "account_request_reauthentication_code", "account_confirm_reauthentication_code", "account_confirm_login_code",
    *(f"account/social/{what}/" for what in ("login/cancelled", "login/error", "signup", "connections")),
}  # fmt: skip


def test_every_address_is_listed_here() -> None:
    found = list(patterns())
    with_a_name = {whole for whole, _name, _exempt in found if "<" in whole}
    assert with_a_name == PUBLIC | OWN.keys() | OF_A_PAPER | OF_SECRETS
    without = {name or whole for whole, name, _exempt in found if "<" not in whole}
    assert without == GUARDED | POSTED | OF_WHOEVER_ASKS | OF_THE_SITE | CLOSED


def test_only_the_link_of_a_mail_takes_a_form_without_its_token() -> None:
    # The import's token is looked for once the size is known: see below.
    # Nor do assistants, whose messages change nothing and are no forms.
    assert {name for _whole, name, exempt in patterns() if exempt} == {"unsubscribe", "library-import", "mcp"}


def strangers(world: World) -> dict[str, Client]:
    assert world.bea.reader is not None
    return {"another reader": signed_in(world.bea.reader), "nobody": Client()}


@pytest.mark.parametrize("pattern", OWN)
def test_what_a_number_or_a_name_leads_to_is_its_readers_alone(world: World, pattern: str) -> None:
    address, forms = OWN[pattern][0](world), OWN[pattern][1](world)
    for who, client in strangers(world).items():
        client.get(reverse("account"))  # so that her own device is known before the rows are looked at
        before = rows()
        refused = {404} if who == "another reader" else {302, 401}
        for extra in ({}, {"HX-Request": "true"}):
            answers = [client.get(address, headers=extra), client.head(address, headers=extra)]
            answers += [client.post(address, form, headers=extra) for form in forms]
            for answer in answers:
                assert answer.status_code in refused | {405}, (who, answer.status_code)
                assert MARK not in answer.content.decode()
                if answer.status_code == 302:
                    assert answer["Location"].startswith("/account/login/")
        assert rows() == before


@pytest.mark.parametrize("pattern", OWN)
def test_its_reader_herself_gets_there(world: World, pattern: str) -> None:
    """Else the test above would prove nothing."""
    address = OWN[pattern][0](world)
    if pattern.startswith("account/tokens"):
        assert world.hers.post(address, {"do": "revoke"}).status_code == 303
        return
    answer = world.hers.post(address) if pattern.endswith("/end") else world.hers.get(address)
    assert answer.status_code == (302 if pattern.endswith("/end") else 200)


@pytest.mark.parametrize("pattern", sorted(OF_A_PAPER))
def test_a_papers_page_shows_what_its_own_reader_keeps_of_it(world: World, pattern: str) -> None:
    address = f"/library/papers/{world.tide.arxiv_id}{pattern.partition('>')[2]}"
    bea, nobody = strangers(world).values()
    bea.get(reverse("account"))
    before = rows()
    stamp = notes.stamp(Note.objects.get())
    number = str(world.shelf.pk)
    forms: list[dict[str, Any]] = [
        {"text": "", "before": stamp, "do": "delete"},
        {"text": "x", "before": stamp},
        {"text": "x", "before": stamp, "do": "preview"},
        {"remove": TAG},
        {"in": [], "was": [number]},
        {"in": [number], "was": []},
    ]
    for form in [None, *forms]:
        for extra in ({}, {"HX-Request": "true"}):
            for client in (bea, nobody):
                answer = client.post(address, form, headers=extra) if form else client.get(address, headers=extra)
                assert answer.status_code < 500
                assert MARK not in answer.content.decode()
                assert form == {"remove": TAG} or TAG not in answer.content.decode()
                if client is nobody:
                    assert answer.status_code in {302, 401, 405}
                    assert rows() == before
    hers = {"Note": "visitor_id", "Mark": "visitor_id", "ReadingList": "visitor_id", "Tag": "visitor_id"}
    for table, field in hers.items():
        theirs = [[row for row in found[table] if row[field] == world.ada.pk] for found in (before, rows())]
        assert theirs[0] == theirs[1]
    assert ListEntry.objects.count() == len(before["ListEntry"])


def bent(secret: str) -> list[str]:
    """A secret as one would change, guess or break it."""
    last = "A" if secret[-1] != "A" else "B"
    return [
        secret[:-1], secret[:-1] + last, last + secret[1:], f"{secret}A", secret.swapcase(), secret[::-1], "A" * 43,
        "%" * 43, "_" * 43, "\0" * 43, secret[:-1] + "\0", f"{secret}\n", "é" * 43, "1", "None", "0" * 5_000,
    ]  # fmt: skip


@pytest.mark.parametrize("pattern", SECRETS)
def test_a_secret_leads_somewhere_only_as_it_is(world: World, pattern: str) -> None:
    find, names = SECRETS[pattern]
    secret = find(world)
    others = {other(world) for where, (other, _names) in SECRETS.items() if where != pattern}
    forged = signing.Signer(key="another site's", salt="papertide.digest").sign_object(world.digest.pk)
    clients = [*strangers(world).values(), world.hers]
    clients[0].get(reverse("account"))
    before = rows()
    for name in names:
        path = reverse(name, args=[secret])
        assert world.hers.get(path).status_code == 200
        # Of a whole path, for what no pattern would take.
        for wrong in [*bent(secret), *others, forged]:
            quoted = "".join(
                letter if letter.isalnum() or letter in "-_:." else f"%{ord(letter):02X}" for letter in wrong
            )
            if not wrong.isascii():
                quoted = "%C3%A9" * 43
            for client in clients:
                for answer in (client.get(path.replace(secret, quoted)), client.post(path.replace(secret, quoted))):
                    is_page_of_no_link = answer.status_code == 200 and name == "account_confirm_email"
                    assert answer.status_code in {404, 405} or is_page_of_no_link, (name, wrong, answer.status_code)
                    assert MARK not in answer.content.decode()
    assert rows() == before


def test_a_secret_taken_back_is_like_none(world: World) -> None:
    was, feed = world.shelf.secret, world.subscription.secret
    lists.share(world.shelf)
    keeping.renew_secret(world.subscription)
    for name, secret in (("shared-list", was), ("shared-list-csv", was), ("subscription-feed", feed)):
        assert Client().get(reverse(name, args=[secret])).status_code == 404
    lists.revoke(world.shelf)
    assert not ReadingList.objects.filter(secret__in=["", "None"]).exists()


@pytest.mark.parametrize("name", sorted(GUARDED | POSTED))
def test_who_has_no_account_is_asked_to_sign_in(world: World, name: str) -> None:
    before = rows()
    for method in ("get", "post"):
        for extra in ({}, {"HX-Request": "true"}):
            answer = getattr(Client(), method)(reverse(name), headers=extra)
            assert answer.status_code in {302, 401, 405}
            if answer.status_code == 302:
                assert answer["Location"].startswith("/account/login/")
    assert rows() == before


@pytest.mark.parametrize("name", sorted(GUARDED | OF_WHOEVER_ASKS))
def test_nothing_of_ada_is_on_a_page_of_anybody_else(world: World, name: str) -> None:
    world.hers.get(reverse(name))  # what is cached for one is not for all
    for client in strangers(world).values():
        for asked in ("", f"?q={MARK}", f"?list={world.shelf.pk}", f"?section={world.subscription.pk}"):
            answer = client.get(reverse(name) + asked)
            if "q=" in asked:
                continue  # it holds what was asked
            body = streamed(answer) if answer.streaming else answer.content.decode()
            assert MARK not in body
            assert TAG not in body
            assert answer.status_code < 500


@pytest.mark.parametrize("name", sorted((GUARDED | {"library", "my"}) - {"library-words"}))
def test_what_is_hers_is_kept_by_no_cache_on_the_way(world: World, name: str) -> None:
    answer = world.hers.get(reverse(name))
    assert "private" in answer.get("Cache-Control", "") or answer.status_code in {302, 404}


# A form that names what is another's, by each field that can.
NAMED: dict[str, Callable[[World], tuple[str, dict[str, Any]]]] = {
    "a list to add to": lambda w: ("/library/lists/add", {"list": w.shelf.pk, "ids": w.tide.arxiv_id}),
    "a list to import to": lambda w: (
        "/library/import",
        {"do": "take", "where": "list", "list": w.shelf.pk, "ids": w.tide.arxiv_id},
    ),
    "a tag to delete": lambda w: ("/library/tags", {"tag": w.tag.pk, "do": "delete"}),
    "a tag to rename": lambda w: ("/library/tags", {"tag": w.tag.pk, "name": "Mine now"}),
    "a tag to merge": lambda w: ("/library/tags", {"tag": w.tag.pk, "name": "Mine now", "do": "merge"}),
    "a subscription to take back": lambda w: ("/subscriptions/undo", {"pk": w.subscription.pk}),
    "a morning's section": lambda w: (
        "/my/seen",
        {"section": w.subscription.pk, f"held-{w.subscription.pk}": pack([w.tide.pk])},
    ),
    "a morning's undoing": lambda w: ("/my/seen", {"undo": pack([w.tide.pk])}),
    "stars to take back": lambda w: ("/marks", {"unstar": w.tide.arxiv_id, "unseen": w.tide.arxiv_id}),
    "history to forget": lambda w: ("/library/history", {"forget": w.tide.arxiv_id, "all": "1"}),
    "mails to take up again": lambda w: (
        reverse("unsubscribe", args=[unsubscribe_token(w.bea)]),
        {"do": "again", "what": unsubscribing.again_token(w.ada, [w.subscription])},
    ),
    "everything to forget": lambda w: ("/forget", {}),
    "an account to delete": lambda w: (
        "/account/data/delete",
        {"password": "tides-rise-twice-a-day", "reader": w.ada.pk},
    ),
}


@pytest.mark.parametrize("what", NAMED)
def test_a_form_that_names_what_is_anothers_changes_nothing_of_it(world: World, what: str) -> None:
    Subscription.objects.filter(pk=world.subscription.pk).update(rhythm="")
    address, form = NAMED[what](world)

    def of_ada() -> dict[str, list[dict[str, Any]]]:
        hers = {Visitor: "pk", Reader: "visitor", ApiToken: "reader__visitor",
                EmailAddress: "user__visitor", UserSession: "user__visitor",
                ListEntry: "reading_list__visitor", Tagged: "tag__visitor"}  # fmt: skip
        keys = {model.__name__: hers.get(model, "visitor") for model in TABLES if model not in {Tally, SocialAccount}}
        tables = {model.__name__: model for model in TABLES}
        found = rows()
        known = {
            name: set(tables[name]._default_manager.filter(**{key: world.ada.pk}).values_list("pk", flat=True))
            for name, key in keys.items()
        }
        return {
            name: [row for row in found[name] if row.get("id", row.get("visitor_id")) in known[name]] for name in keys
        }

    before = of_ada()
    assert all(before[name] for name in before)
    for client in strangers(world).values():
        assert client.post(address, form).status_code < 500
        assert client.post(address, form, headers={"HX-Request": "true", "Sec-Fetch-Mode": "cors"}).status_code < 500
    assert of_ada() == before
    assert Tally.objects.get(paper=world.tide).stars == 1


def test_no_form_is_taken_from_another_site(world: World) -> None:
    """Forms without the token, as another site would send them from a browser that is signed in."""
    assert world.ada.reader is not None
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.ada.reader)
    client.get(reverse("account"))
    before = rows()
    addresses = [own[0](world) for own in OWN.values()]
    addresses += [f"/library/papers/{world.tide.arxiv_id}/{piece}" for piece in ("note", "tags", "lists")]
    addresses += [reverse(name) for name in GUARDED | POSTED | OF_WHOEVER_ASKS]
    form = {"do": "delete", "new": "x", "star": world.tide.arxiv_id, "ids": world.tide.arxiv_id, "text": "2511.00001"}
    for address in addresses:
        for extra in ({}, {"Origin": "https://elsewhere.example"}):
            assert client.post(address, form, headers=extra).status_code in {403, 404, 405}, address
    assert rows() == before


def test_the_link_of_a_mail_does_nothing_but_with_mails(world: World) -> None:
    token = reverse("unsubscribe", args=[unsubscribe_token(world.ada)])
    stranger = Client(enforce_csrf_checks=True)
    before = rows()
    for do in ("end", "weekly", "pause", "resume", "again", "delete", "renew"):
        assert (
            stranger.post(token, {"do": do, "what": "x", "name": "y", "pk": world.subscription.pk}).status_code == 200
        )
    after = rows()
    mails = {"rhythm", "paused", "next_daily", "next_weekly"}
    for table in before:
        stay = [
            [{key: row[key] for key in row if key not in mails} for row in found[table]] for found in (before, after)
        ]
        assert stay[0] == stay[1]
    assert "sessionid" not in stranger.cookies


ELSEWHERE = (
    "https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "javascript:alert(1)",
    "https:elsewhere.example", "http:///elsewhere.example", "\thttps://elsewhere.example",
)  # fmt: skip


@pytest.mark.parametrize("target", ELSEWHERE)
def test_no_form_leads_to_another_site(world: World, target: str) -> None:
    id_ = world.tide.arxiv_id
    forms: list[tuple[str, dict[str, Any]]] = [
        ("/marks", {"star": id_}),
        ("/words", {"words": "x"}),
        ("/theme", {"theme": "dark"}),
        ("/language", {"language": "en"}),
        ("/search/save", {"q": "tides"}),
        ("/my/seen", {"undo": pack([world.tide.pk])}),
        ("/my/order", {"order": "arxiv"}),
        (f"/library/papers/{id_}/note", {"text": "x"}),
        (f"/library/papers/{id_}/tags", {"add": "x"}),
        (f"/library/papers/{id_}/lists", {"new": "x"}),
        ("/library/lists/add", {"ids": ""}),
        ("/account/logout/", {}),
    ]
    for address, form in forms:
        answer = world.hers.post(address, {**form, "next": target})
        assert "elsewhere" not in answer.get("Location", "")
        assert "alert" not in answer.get("Location", "")
        assert f'href="{target}' not in answer.content.decode()
    answer = Client().post(
        f"/account/login/?next={target}",
        {"login": "bea@example.org", "password": "tides-rise-twice-a-day", "next": target},
    )
    assert answer.status_code == 302
    assert "elsewhere" not in str(answer.url)  # type: ignore[attr-defined]


BROKEN = {
    "NUL": "a\0b",
    "half a letter": "\ud800",
    "ends of lines": "\u2028\u2029\x85\x7f\x1b[31m\u202e",
    "too long": "x" * 300_000,
    "numbers": "9" * 18,
}
FIELDS = (
    "text add remove new in was name about do tag list ids q words kind threshold rhythm order section undo pk zone "
    "language hour weekday forget day keep page where star viewed sort next what before level login password email "
    "password1 password2 oldpassword"
).split()
NO_MAIL = {"account-delete", "delivery-test", "account_reset_password"}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_what_nothing_can_keep_is_no_fault_of_the_site(world: World, text: str) -> None:
    """Every field of every form at once, each with what cannot be kept: nothing is answered by 500 (the client raises
    then), and what is right beside it does not help."""
    ways: dict[str, list[str]] = {
        f"/library/papers/{world.tide.arxiv_id}/note": ["save", "preview", "join", "delete"],
        f"/library/papers/{world.tide.arxiv_id}/tags": [""],
        f"/library/papers/{world.tide.arxiv_id}/lists": [""],
        reverse("reading-list", args=[world.shelf.pk]): ["describe", "remove"],
        reverse("subscription", args=[world.subscription.pk]): ["rhythm", "change"],
        **{reverse(name): [""] for name in {*GUARDED, *POSTED, "marks", "words", "my", "account_signup"} - NO_MAIL},
        "/library/tags": ["rename", "merge"],
        "/library/import": ["look", "take", "ask"],
        "/subscriptions/new": ["show", ""],
        "/search/save": ["", "forget"],
    }
    named = {"ids": world.tide.arxiv_id, "tag": str(world.tag.pk)}
    right: tuple[dict[str, str], ...] = (
        {},
        {"kind": "search", "where": "new", **named},
        {"kind": "author", "where": "tag", "add": "x", **named},
    )
    for address, dos in ways.items():
        for do in dos:
            for beside in right:
                form = {**dict.fromkeys(FIELDS, text), "do": do or text, **beside}
                assert _posted(world.hers, address, form) < 500
        if len(text) < 1_000 and text.isascii():
            assert world.hers.get(address, dict.fromkeys(FIELDS, text)).status_code < 500
    for name in ("tag", "shared-list", "subscription-feed", "unsubscribe", "digest", "author"):
        if text.isprintable() or "\0" in text:
            assert world.hers.get(reverse(name, args=[text[:200]])).status_code < 500


def _posted(client: Client, address: str, form: dict[str, str]) -> int:
    if "\ud800" not in form["password"]:
        return client.post(address, form).status_code
    parts = (
        f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text.encode("unicode_escape").decode()}\r\n'
        for name, text in form.items()
    )
    kind = "multipart/form-data; boundary=B; charset=unicode_escape"
    return client.generic("POST", address, f"{''.join(parts)}--B--\r\n", kind).status_code


def test_a_mails_links_lead_to_the_site_whatever_name_it_was_asked_by(
    world: World, settings: Settings, mailoutbox: list[EmailMessage]
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    Client().post("/account/password/reset/", {"email": "bea@example.org"}, headers={"Host": "elsewhere.example"})
    [mail] = mailoutbox
    assert "https://papers.example.org/account/password/reset/key/" in mail.body
    assert "elsewhere" not in f"{mail.message()}"


def test_a_name_that_is_not_the_sites_gets_no_page(world: World) -> None:
    for address in ("/", "/account/password/reset/", f"/shared/{world.shelf.secret}"):
        assert Client().get(address, headers={"Host": "elsewhere.example"}).status_code == 400


def test_a_form_marks_no_more_papers_than_a_page_holds(world: World) -> None:
    held = {f"held-{number}": pack(range(number * 15_000, (number + 1) * 15_000)) for number in range(4)}
    assert world.hers.post("/my/seen", held).status_code == 400
    assert not Mark.objects.exclude(seen=None).exists()
    del held["held-3"]
    assert world.hers.post("/my/seen", held).status_code == 200


def test_what_is_ended_in_another_window_stays_away_and_is_no_fault(world: World) -> None:
    row, delivery = world.subscription, Delivery.objects.get(visitor=world.ada)
    assert world.ada.reader is not None
    Reader.objects.filter(pk=world.ada.reader.pk).delete()
    keeping.change(row, paused=True)
    keeping.renew_secret(row)
    due.set_times(delivery)
    assert visitors.mark(world.ada, [world.tide.pk], "starred", True) == []
    assert notes.save(world.ada, world.tide, "x", "") is None
    tags.add(world.ada, [world.tide], ["x"])
    with pytest.raises(SubscriptionError):
        keeping.subscribe(world.ada, keeping.read("categories", "cs.LG"))
    left = [
        model.__name__
        for model in TABLES
        if model is not Tally and model._default_manager.exclude(**bea(model)).exists()
    ]
    assert left == []


def bea(model: type[Model]) -> dict[str, str]:
    """What makes a row the other reader's."""
    of = {
        Reader: "email",
        Visitor: "reader__email",
        ApiToken: "reader__email",
        EmailAddress: "email",
        UserSession: "user__email",
    }
    of |= {ListEntry: "reading_list__visitor__reader__email", Tagged: "tag__visitor__reader__email"}
    return {of.get(model, "user__email" if model is SocialAccount else "visitor__reader__email"): "bea@example.org"}
