"""Fits in the admin: progress that keeps itself up to date, and figures in words."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from search.models import NameReport, RecogniserFit

pytestmark = pytest.mark.django_db

Fit = RecogniserFit
LIST = "admin:search_recogniserfit_changelist"
DETAIL = "admin:search_recogniserfit_change"
PANEL = "admin:search_recogniserfit_panel"
FIGURES = {
    "known": 1491.0, "unknown": 230.0, "top1": 0.9123, "ece": 0.0312, "auroc": 0.8765,
    "false_names": 0.1234,
}  # fmt: skip


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def fit_of(status: Fit.Status, **fields: Any) -> Fit:
    return Fit.objects.create(
        encoder_id="fake", method="blend", status=status, started_at=timezone.now(), **fields
    )


def test_a_fit_that_runs_is_watched_until_it_is_done(admin_client: Client) -> None:
    fit = fit_of(Fit.Status.RUNNING, doing="Holding out photos", count=3, total=10)
    for name in (DETAIL, PANEL):
        page = text(admin_client.get(reverse(name, args=[fit.pk])))
        assert "blend: running" in page
        assert "Holding out photos, 3 of 10" in page
        assert f'hx-get="{reverse(PANEL, args=[fit.pk])}"' in page
        assert 'hx-trigger="every 2s"' in page
    Fit.objects.update(status=Fit.Status.DONE, photos=1200, shoe_models=71, figures=FIGURES)
    panel = text(admin_client.get(reverse(PANEL, args=[fit.pk])))
    assert "blend: done" in panel
    assert "1,200 photos of 71 models" in panel
    assert "hx-get" not in panel
    assert "<html" not in panel


def test_what_is_one_step_is_not_counted(admin_client: Client) -> None:
    fit = fit_of(Fit.Status.RUNNING, doing="Reading photos", count=0, total=1)
    assert "Reading photos</label>" in text(admin_client.get(reverse(PANEL, args=[fit.pk])))


def test_a_fit_that_waits_says_for_whom(admin_client: Client) -> None:
    fit = fit_of(Fit.Status.PENDING)
    panel = text(admin_client.get(reverse(PANEL, args=[fit.pk])))
    assert "waits for the worker" in panel
    assert "hx-get" in panel


def test_a_failure_is_told(admin_client: Client) -> None:
    fit = fit_of(Fit.Status.FAILED, error="There is no photo.")
    panel = text(admin_client.get(reverse(PANEL, args=[fit.pk])))
    assert '<p class="errornote">There is no photo.</p>' in panel
    assert "hx-get" not in panel


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Known models: right at the first name", "91%"),
        ("Known models: photos", "1,491"),
        ("Unknown models: named all the same", "12%"),
        ("Unknown models: photos", "230"),
        ("Known told from unknown (AUROC)", "0.876"),
        ("Confidence is off by, on average (ECE)", "0.031"),
    ],
)
def test_figures_are_told_in_words(admin_client: Client, name: str, value: str) -> None:
    fit = fit_of(Fit.Status.DONE, figures=FIGURES)
    page = text(admin_client.get(reverse(DETAIL, args=[fit.pk])))
    assert f'<th scope="row">{name}</th><td>{value}</td>' in page
    assert "false_names" not in page


def test_without_figures_it_says_why(admin_client: Client) -> None:
    fit = fit_of(Fit.Status.DONE, photos=1, shoe_models=1)
    page = text(admin_client.get(reverse(DETAIL, args=[fit.pk])))
    assert "1 photo of 1 model<" in page
    assert "Too few photos" in page


def test_the_list_is_watched_while_a_fit_is_unfinished(admin_client: Client) -> None:
    fit_of(Fit.Status.DONE)
    running = fit_of(Fit.Status.RUNNING, doing="Reading photos", count=1, total=2)
    address = f"{reverse(LIST)}?method=blend"
    page = text(admin_client.get(address))
    assert "1 method learns the catalog" in page
    assert f'hx-get="{address}" hx-trigger="every 2s"' in page
    assert "Reading photos, 1 of 2" in page
    Fit.objects.filter(pk=running.pk).update(status=Fit.Status.DONE)
    page = text(admin_client.get(address))
    assert "hx-get" not in page
    assert 'id="fits-progress"' in page, "what the page that watches puts in the place of its own"


def test_a_list_that_became_empty_replaces_the_table(admin_client: Client) -> None:
    fit_of(Fit.Status.DONE)
    page = text(admin_client.get(reverse(LIST), {"status__exact": "running"}))
    assert '<p id="result_list" class="help">No fit here.</p>' in page


class TestWhoMayLook:
    def test_staff_with_the_permission(self, client: Client) -> None:
        fit = fit_of(Fit.Status.RUNNING)
        viewer = User.objects.create_user("viewer", is_staff=True)
        viewer.user_permissions.add(Permission.objects.get(codename="view_recogniserfit"))
        client.force_login(viewer)
        assert client.get(reverse(PANEL, args=[fit.pk])).status_code == 200
        assert "Train a method" not in text(client.get(reverse(LIST)))

    def test_others_may_not(self, client: Client) -> None:
        fit = fit_of(Fit.Status.RUNNING)
        for name in (PANEL, DETAIL):
            assert client.get(reverse(name, args=[fit.pk])).status_code == 302
        client.force_login(User.objects.create_user("staff", is_staff=True))
        for name in (PANEL, DETAIL):
            assert client.get(reverse(name, args=[fit.pk])).status_code == 403

    def test_what_does_not_exist_and_other_methods(self, admin_client: Client) -> None:
        fit = fit_of(Fit.Status.RUNNING)
        for name in (PANEL, DETAIL):
            assert admin_client.get(reverse(name, args=[fit.pk + 1])).status_code == 404
            assert admin_client.post(reverse(name, args=[fit.pk])).status_code == 405


def test_name_reports_are_listed(admin_client: Client) -> None:
    NameReport.objects.create(
        kind=NameReport.Kind.MINE, encoder_id="fake", vector=b"", said="Acme Runner"
    )
    page = text(admin_client.get(reverse("admin:search_namereport_changelist")))
    assert "Acme Runner" in page
    assert "admin-lists" in page
