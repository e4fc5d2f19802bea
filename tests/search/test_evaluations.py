"""Evaluations of the catalog: asked for in the admin, run by a worker, kept and compared."""

from __future__ import annotations

import re
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from search.comparing import evaluation_compare, evaluations_comparable
from search.models import EvaluationRun
from search.services import (
    evaluation_delete,
    evaluation_request,
    evaluations_sweep,
    report_path,
)
from search.services.evaluating import evaluation_run
from tests.search.evaluation.folders import model_folders, shoe
from tests.search.shelf import Shelf

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("celery_calls")]

STATUS = EvaluationRun.Status
COLOURS = ("black", "red", "navy", "green")


@pytest.fixture
def catalog(settings: Any, tmp_path: Path) -> Shelf:
    """Six models in four colours, five photos of each."""
    settings.VAR_DIR = tmp_path
    settings.MEDIA_ROOT = tmp_path / "media"
    shelf = Shelf()
    for model in range(6):
        for colour in COLOURS:
            colorway = shelf.colorway(colour, model=f"Model {model}", photos=0, height="low")
            for photo in range(5):
                shelf.photo(colorway, shoe(model, colour, photo))
    return shelf


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def made(**fields: Any) -> EvaluationRun:
    value = {"value": 0.5, "low": 0.45, "high": 0.55, "n": 100}
    defaults = {
        "task": "recognise", "data": "the catalog", "status": STATUS.DONE,
        "results": {"knn": {"top1": value}},
    }  # fmt: skip
    return EvaluationRun.objects.create(**{**defaults, **fields})


@pytest.mark.parametrize("task", ["recognise", "attributes", "edit"])
def test_the_catalog_is_measured_with_the_vectors_that_it_has(catalog: Shelf, task: str) -> None:
    run = evaluation_run(run_id=evaluation_request(task=task).pk)
    assert run is not None
    run.refresh_from_db()
    assert (run.status, run.error) == (STATUS.DONE, "")
    assert run.encoder_id == str(catalog.encoder.id)
    row = run.results[{"recognise": "knn", "attributes": "colour", "edit": "sum"}[task]]
    assert row[{"recognise": "top1", "attributes": "top1", "edit": "r10"}[task]]["value"] > 0.3
    page = report_path(run)
    assert page is not None
    assert "data:image/svg+xml" in page.read_text()


def test_asking_twice_waits_once(catalog: Shelf) -> None:
    assert evaluation_request(task="edit") == evaluation_request(task="edit")
    assert evaluation_request(task="edit") != evaluation_request(task="recognise")
    with pytest.raises(ValueError, match="not by 'index'"):
        evaluation_request(task="index")


def test_a_run_is_taken_once(catalog: Shelf) -> None:
    run = made(status=STATUS.RUNNING)
    assert evaluation_run(run_id=run.pk) is None
    assert evaluation_run(run_id=10**6) is None


def test_an_empty_catalog_is_told(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    run = evaluation_run(run_id=evaluation_request(task="recognise").pk)
    assert run is not None
    assert run.status == STATUS.FAILED
    assert "crawl or import shoes" in run.error


def test_a_run_that_lost_its_process_is_taken_up_and_in_the_end_given_up(catalog: Shelf) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    run = made(status=STATUS.RUNNING, heartbeat_at=long_ago, requested_at=long_ago, attempts=1)
    alive = made(task="edit", status=STATUS.RUNNING, heartbeat_at=timezone.now())
    assert evaluations_sweep() == 1
    run.refresh_from_db()
    assert run.status == STATUS.PENDING
    EvaluationRun.objects.filter(pk=run.pk).update(status=STATUS.RUNNING, attempts=3)
    assert evaluations_sweep() == 0
    run.refresh_from_db()
    assert run.status == STATUS.FAILED
    assert "Interrupted" in run.error
    alive.refresh_from_db()
    assert alive.status == STATUS.RUNNING


def test_runs_of_the_same_data_stand_beside_each_other() -> None:
    better = {"value": 0.7, "low": 0.65, "high": 0.75, "n": 100}
    earlier, other = made(), made(data="/photos")
    run = made(results={"knn": {"top1": better}, "blend": {"top1": better}})
    assert evaluations_comparable(run=run) == [earlier]
    assert evaluations_comparable(run=other) == []
    knn, blend = evaluation_compare(run=run, earlier=earlier).lines
    assert knn.figures[0] is not None
    assert knn.figures[0].change == pytest.approx(0.2)
    assert knn.figures[0].apart
    assert blend.figures[0] is not None
    assert blend.figures[0].change is None
    alone = evaluation_compare(run=run, earlier=None).lines[0].figures[0]
    assert alone is not None
    assert (alone.change, alone.apart) == (None, False)


def test_the_command_leaves_a_run(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path / "var"
    data = model_folders(tmp_path / "shoes", models=3, photos=4)
    call_command(
        "evaluate", "recognise", "--data", str(data), "--split", "all", "--method", "knn",
        stdout=StringIO(),
    )  # fmt: skip
    run = EvaluationRun.objects.get()
    assert (run.task, run.data, run.status) == ("recognise", str(data), STATUS.DONE)
    page = report_path(run)
    assert page is not None
    assert page.is_file()
    evaluation_delete(run=run)
    assert not page.exists()


class TestAdmin:
    def test_the_catalog_can_be_measured_by_a_click(
        self, admin_client: Client, catalog: Shelf
    ) -> None:
        start = reverse("admin:search_evaluationrun_start")
        assert start in text(admin_client.get(reverse("admin:search_evaluationrun_changelist")))
        assert "recognise" in text(admin_client.get(start))
        response = admin_client.post(start, {"task": "attributes"}, follow=True)
        run = EvaluationRun.objects.get()
        assert (run.task, run.status, run.trigger) == ("attributes", "pending", "admin")
        assert "It waits for the worker" in text(response)
        assert "hx-get" in text(response)
        assert "Choose one" in text(admin_client.post(start, {"task": "index"}))
        EvaluationRun.objects.update(
            status=STATUS.RUNNING, stage="Embedding photos", done=40, total=1000
        )
        panel = admin_client.get(reverse("admin:search_evaluationrun_panel", args=[run.pk]))
        assert "Embedding photos: 40 of 1,000" in text(panel)

    def test_figures_stand_beside_those_of_an_earlier_run(self, admin_client: Client) -> None:
        earlier = made()
        better = {"value": 0.7, "low": 0.65, "high": 0.75, "n": 100}
        run = made(results={"knn": {"top1": better}}, extras={"knn": {"top-1 lost": "+0.1"}})
        address = reverse("admin:search_evaluationrun_change", args=[run.pk])
        page = text(admin_client.get(address))
        assert "+0.200 beyond chance" in page
        assert "top-1 lost" in page
        assert "+0.200" not in text(admin_client.get(address, {"against": "none"}))
        assert "-0.200" in text(
            admin_client.get(
                reverse("admin:search_evaluationrun_change", args=[earlier.pk]),
                {"against": run.pk},
            )
        )

    def test_the_report_is_shown_under_a_policy_of_its_own(
        self, admin_client: Client, catalog: Shelf
    ) -> None:
        run = evaluation_run(run_id=evaluation_request(task="recognise").pk)
        assert run is not None
        address = reverse("admin:search_evaluationrun_report", args=[run.pk])
        response = admin_client.get(address)
        policy = response.headers["Content-Security-Policy"]
        assert "unsafe-inline" not in policy
        assert "sha256-" in policy
        assert not re.search(r"\sstyle=", response.content.decode())
        page = report_path(run)
        assert page is not None
        page.unlink()
        assert admin_client.get(address).status_code == 404
        change = admin_client.get(reverse("admin:search_evaluationrun_change", args=[run.pk]))
        assert "Its page was deleted" in text(change)

    def test_who_may_only_look_cannot_start(self, client: Client) -> None:
        user = User.objects.create_user("viewer", is_staff=True)
        user.user_permissions.add(*Permission.objects.filter(codename="view_evaluationrun"))
        client.force_login(user)
        run = made()
        page = text(client.get(reverse("admin:search_evaluationrun_changelist")))
        assert "Evaluate the catalog" not in page
        assert "knn: top-1 0.500" in page
        assert client.get(reverse("admin:search_evaluationrun_start")).status_code == 403
        detail = text(client.get(reverse("admin:search_evaluationrun_change", args=[run.pk])))
        assert "Delete this run" not in detail
        assert client.get("/admin/search/evaluationrun/999/report/").status_code == 404

    def test_deleting_a_run_deletes_its_page(self, admin_client: Client, catalog: Shelf) -> None:
        run = evaluation_run(run_id=evaluation_request(task="edit").pk)
        assert run is not None
        page = report_path(run)
        assert page is not None
        assert page.is_file()
        address = reverse("admin:search_evaluationrun_delete", args=[run.pk])
        admin_client.post(address, {"post": "yes"})
        assert not EvaluationRun.objects.exists()
        assert not page.exists()
