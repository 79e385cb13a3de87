"""A new fit that loses against the one before is kept back, said, and used only when an operator says why."""

from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import Permission
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from papers.models import Paper, Reader
from search import drift, fits, whitening
from search.encoder import Encoder
from search.engines.base import Engine
from search.fits import FitError, accept, fit_corpus, newest_key
from search.models import Fit, FitLimits
from search.rebuilding import rebuild
from tests.papers.pages import page_of
from workers import arrival, completeness, mails, schedule
from workers.jobs import order
from workers.models import Alarm, Run

pytestmark = pytest.mark.django_db
MODEL = "all-MiniLM-L6-v2"
Figures = drift.Figures


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "INDEXED", 120)
    monkeypatch.setattr(drift, "SOUGHT", 10)
    fits.load.cache_clear()  # other tests had other fits of the same numbers


def broken_fit() -> Fit:
    """A fit of this site as it is where vectors have been damaged: its transform was learned from noise."""
    fit = fit_corpus(MODEL, kept_back=drift.UNCOMPARED)
    noise = np.random.default_rng(1).normal(size=(1000, 384))
    learned = whitening.fit([noise], model=MODEL, dimension=384, beta=0, gamma=0.25, fitted="")
    Fit.objects.filter(pk=fit.pk).update(whitening=learned.to_bytes())
    return Fit.objects.get(pk=fit.pk)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Figures(20_000, 0.80, 0.99, 0.99, 0.90, 0.90), ""),
        (Figures(20_000, 0.65, 0.99, 0.97, 0.90, 0.88), ""),
        (Figures(20_000, 0.64, 0.99, 0.99, 0.90, 0.90), "64% stay where 65% should"),
        (Figures(20_000, 0.80, 0.99, 0.96, 0.90, 0.90), "96.0% of known papers come first in the search, and 99.0%"),
        (Figures(20_000, 0.80, 0.99, 0.99, 0.90, 0.87), "87.0% of known papers are among the nearest 10, and 90.0%"),
        (Figures(20_000, 0.80, 0.90, 0.99, 0.80, 0.90), ""),
    ],
)
def test_the_limits_say_what_is_kept_back(found: Figures, said: str) -> None:
    reasons = drift.verdict(found, FitLimits())
    assert said in " ".join(reasons)
    assert bool(reasons) == bool(said)


def test_neighbours_are_counted_by_hand() -> None:
    rows = np.eye(384, dtype=np.float32)[:40]
    rows[:, 0] = np.linspace(0.9, 0.1, 40)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    found = drift.neighbours(whitening.rotation("m", 384), rows, 384)
    similar = rows @ rows.T
    np.fill_diagonal(similar, -1)
    for place, near in enumerate(found):
        assert set(near) == set(np.argsort(-similar[place])[:10])
    assert drift.overlap(found, found) == 1.0
    assert drift.overlap(np.array([[1, 2, 3, 4]]), np.array([[4, 3, 8, 9]])) == 0.5


def test_a_good_refit_serves_and_a_broken_one_waits_for_an_operator(
    shelf_site: list[Paper], engine: Engine, client: Client, settings: Settings
) -> None:
    settings.OPERATOR_EMAIL, settings.EMAIL_HOST = ("operator@example.org",), "127.0.0.1"
    order("refit", "the first", key="refit 1")
    arrival.work("embedding")
    good = Fit.objects.get()
    serving = f"fit-{good.pk}"
    assert engine.statistics(fresh=True).transform == serving
    assert good.figures is not None
    assert good.figures["pool"] == len(shelf_site)
    assert good.figures["known_after"] > 0.9

    again = drift.refit(MODEL)  # nothing came: the same fit once more
    assert again.figures is not None
    assert (again.kept_back, again.figures["overlap"]) == ("", 1.0)
    again.delete()

    run = order("refit", "the second", key="refit 2")
    bad = broken_fit()
    assert newest_key(MODEL) == serving  # until it has been compared
    arrival.work("embedding")
    run.refresh_from_db()
    bad.refresh_from_db()
    assert run.state == "done"
    assert bad.is_kept_back
    assert "of the nearest 10 papers" in bad.kept_back.lower()
    assert newest_key(MODEL) == engine.statistics(fresh=True).transform == serving
    rebuild()
    assert engine.statistics(fresh=True).transform == serving

    completeness.check()
    alarm = Alarm.objects.get(key="fit", closed=None)
    assert alarm.text == f"fit-{bad.pk} is kept back: {bad.kept_back}"
    mails.send_alarms()
    assert f"fit-{bad.pk} is kept back" in mail.outbox[-1].body
    page = page_of(client, "/status")
    told = {row.xpath("dt")[0].text_content(): row.xpath("dd")[0].text_content() for row in page.xpath("//dl/div")}
    assert told["Kept back"] == f"fit-{bad.pk}: {bad.kept_back}"
    assert f"fit-{bad.pk} is kept back" in page.xpath("//main")[0].text_content()

    accept(bad.pk, "ada", "The vectors are those of a new encoder.")
    assert schedule.plan()[-1].arguments == {"fit": bad.pk}
    arrival.work("embedding")
    assert engine.statistics(fresh=True).transform == f"fit-{bad.pk}" == newest_key(MODEL)
    completeness.check()
    assert not Alarm.objects.filter(key="fit", closed=None).exists()
    schedule.plan()
    assert Run.objects.filter(job="refit").count() == 3  # an index was made once


def test_a_refit_that_was_killed_before_it_was_compared_is_compared_by_the_next_try(
    shelf_site: list[Paper], engine: Engine
) -> None:
    run = order("refit", "again", key="refit 1")
    fit = fit_corpus(MODEL, kept_back=drift.UNCOMPARED)  # and then it was killed
    assert fits.kept_back() is None
    assert newest_key(MODEL) == f"prior:{MODEL}"
    arrival.work("embedding")
    run.refresh_from_db()
    assert (run.state, Fit.objects.count()) == ("done", 1)
    assert engine.statistics(fresh=True).transform == f"fit-{fit.pk}"


def test_a_site_of_few_papers_has_nothing_to_compare(shelf_site: list[Paper], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "FEWEST", len(shelf_site) + 1)
    fit = drift.refit(MODEL)
    assert (fit.figures, fit.kept_back) == (None, "")


def test_an_operator_accepts_by_command(shelf_site: list[Paper], capsys: pytest.CaptureFixture[str]) -> None:
    call_command("whiten", "--fit")
    told = capsys.readouterr().out
    good = Fit.objects.get()
    assert f"fit-{good.pk} on {len(shelf_site)} papers. Of {len(shelf_site)} papers" in told
    bad = drift.judge(broken_fit())
    call_command("whiten", "--show")
    assert f"kept back: fit-{bad.pk}: {bad.kept_back}" in capsys.readouterr().out
    for arguments, said in (
        (["--accept", str(good.pk), "--why", "x"], f"fit-{good.pk} is not kept back"),
        (["--accept", "999", "--why", "x"], "there is no fit-999"),
        (["--accept", str(bad.pk), "--why", " "], "say why"),
    ):
        with pytest.raises(CommandError, match=said):
            call_command("whiten", *arguments)
    call_command("whiten", "--accept", str(bad.pk), "--why", "a trial")
    assert "is accepted" in capsys.readouterr().out
    bad.refresh_from_db()
    assert (bad.is_kept_back, bad.accepted_why, bool(bad.accepted_by)) == (False, "a trial", True)
    with pytest.raises(FitError, match="not kept back"):
        accept(bad.pk, "ada", "again")


@pytest.fixture
def kept(encoder: Encoder) -> Fit:
    return Fit.objects.create(
        model=MODEL, papers=9, whitening=b"", frequencies=b"", kept_back="It loses.", figures={"overlap": 0.5}
    )


def test_an_operator_accepts_in_the_admin_and_says_why(admin_client: Client, kept: Fit) -> None:
    address = f"/admin/search/fit/{kept.pk}/change/"
    listed = admin_client.get("/admin/search/fit/").content.decode()
    assert "It loses." in listed
    assert "50%" in listed
    assert "It loses." in admin_client.get(address).content.decode()
    assert "Say why it is to be used" in admin_client.post(address, {"accepted_why": " "}).content.decode()
    kept.refresh_from_db()
    assert kept.is_kept_back
    answer: Any = admin_client.post(address, {"accepted_why": "A new field."}, follow=True)
    assert f"Workers make an index with fit-{kept.pk}" in answer.content.decode()
    kept.refresh_from_db()
    assert (kept.is_kept_back, kept.accepted_by, kept.accepted_why) == (False, "admin", "A new field.")
    assert admin_client.post(address, {"accepted_why": "Another."}).status_code == 403


def test_who_may_only_look_accepts_nothing(client: Client, kept: Fit) -> None:
    reader = Reader.objects.create_user("eve", password="x", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_fit"))
    client.force_login(reader)
    assert client.get(f"/admin/search/fit/{kept.pk}/change/").status_code == 200
    assert client.post(f"/admin/search/fit/{kept.pk}/change/", {"accepted_why": "x"}).status_code == 403
    assert client.get("/admin/search/fitlimits/add/").status_code == 403


def test_limits_are_added_with_name_and_reason_and_never_changed(admin_client: Client) -> None:
    page = admin_client.get("/admin/search/fitlimits/add/").content.decode()
    assert 'value="0.65"' in page
    address = "/admin/search/fitlimits/add/"
    for wrong in ({"least_overlap": "1.5"}, {"most_loss": "-1"}, {"most_loss": "nan"}, {"why": ""}):
        admin_client.post(address, {"least_overlap": "0.5", "most_loss": "0.1", "why": "ours moves"} | wrong)
        assert not FitLimits.objects.exists()
    admin_client.post(address, {"least_overlap": "0.5", "most_loss": "0.1", "why": "our field moves"})
    row = FitLimits.objects.get()
    assert (row.least_overlap, row.most_loss, row.set_by, row.why) == (0.5, 0.1, "admin", "our field moves")
    assert drift.limits() == row
    assert drift.verdict(Figures(20_000, 0.55, 0.99, 0.90, 0.90, 0.81), drift.limits()) == []
    assert "our field moves" in admin_client.get("/admin/search/fitlimits/").content.decode()
    assert admin_client.post(f"/admin/search/fitlimits/{row.pk}/change/", {"why": "x"}).status_code == 403
    assert 'value="0.5"' in admin_client.get(address).content.decode()
