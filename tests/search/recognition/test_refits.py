"""When a changed catalog is learned anew: soon where models are lacked, and not without end."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.utils import timezone
from rich.console import Console

from catalog.models import ImageStatus, ShoeImage, ShoeModel
from search import services
from search.models import ImageEmbedding, RecogniserFit
from search.recognition.fits import looks_read
from shoefinder.management.commands import demo
from tests.fakes import COLOURS
from tests.search.encoders.contract import drawn_shoe
from tests.search.site import Site

Fit = RecogniserFit


def test_a_changed_catalog_is_learned_anew(shop: Site) -> None:
    assert [fit.method for fit in services.recognisers_refresh()] == ["blend", "knn"]
    assert services.recognisers_refresh() == []
    Fit.objects.all().delete()
    for method in ("blend", "knn"):
        services.recogniser_fit(method=method)
    long_ago = timezone.now() - timedelta(hours=1)
    Fit.objects.update(requested_at=long_ago, finished_at=long_ago)
    assert services.recognisers_refresh() == []
    shop.shelf.colorway("olive", model="New", photos=3)
    assert [fit.method for fit in services.recognisers_refresh()] == ["blend", "knn"]


def fitted(*, ago: float, took: float) -> None:
    """Both methods that are offered know the catalog as it stands; seconds."""
    for method in ("blend", "knn"):
        services.recogniser_fit(method=method)
    over = timezone.now() - timedelta(seconds=ago)
    begun = over - timedelta(seconds=took)
    Fit.objects.update(requested_at=begun, started_at=begun, finished_at=over)


def refreshed(**options: bool) -> list[str]:
    return [fit.method for fit in services.recognisers_refresh(**options)]


def test_a_change_soon_after_a_fit_waits(shop: Site) -> None:
    fitted(ago=100, took=1)
    known = ShoeModel.objects.get(name="Model 0").colorways.get()
    for width in range(160, 164):
        shop.shelf.photo(known, drawn_shoe("red", size=(width, 100)))
    assert refreshed() == []


@pytest.mark.parametrize(("took", "due"), [(1, ["blend", "knn"]), (30, [])])
def test_models_that_a_fit_lacks_do_not_wait_out_the_pause(
    shop: Site, took: float, due: list[str]
) -> None:
    """But a few times as long as the fit took, so that a long crawl is not learned without end."""
    fitted(ago=100, took=took)
    shop.shelf.colorway("olive", model="New")
    assert refreshed() == due


def test_a_tenth_of_the_models_is_few(shop: Site) -> None:
    for number in range(3):
        shop.shelf.colorway("red", model=f"More {number}")
    fitted(ago=100, took=1)
    shop.shelf.colorway("olive", model="New", photos=4)
    assert refreshed() == []
    shop.shelf.colorway("olive", model="Newer")
    assert refreshed() == ["blend", "knn"]


def test_models_without_a_photo_to_learn_are_not_lacked(shop: Site) -> None:
    fitted(ago=100, took=1)
    known = ShoeModel.objects.get(name="Model 0").colorways.get()
    for width in range(160, 164):
        shop.shelf.photo(known, drawn_shoe("red", size=(width, 100)))
    shop.shelf.colorway("olive", model="New", photos=0)
    rejected = shop.shelf.colorway("olive", model="Newer")
    rejected.images.update(status=ImageStatus.REJECTED)
    ImageEmbedding.objects.filter(
        image__colorway=shop.shelf.colorway("olive", model="Newest")
    ).delete()
    assert refreshed() == []


def test_twice_the_photos_do_not_wait_out_the_pause(shop: Site) -> None:
    ShoeImage.objects.exclude(colorway__model__name="Model 0").update(status=ImageStatus.REJECTED)
    ShoeImage.objects.filter(colorway__model__name="Model 1").update(status=ImageStatus.ACCEPTED)
    fitted(ago=100, took=1)
    known = ShoeModel.objects.get(name="Model 0").colorways.get()
    for width in range(160, 168):
        assert refreshed() == []
        shop.shelf.photo(known, drawn_shoe("red", size=(width, 100)))
    assert refreshed() == ["blend", "knn"]


def test_after_a_crawl_a_single_model_is_learned_at_once(shop: Site) -> None:
    fitted(ago=0, took=1000)
    assert refreshed(at_once=True) == []
    shop.shelf.colorway("olive", model="New")
    assert refreshed() == []
    assert refreshed(at_once=True) == ["blend", "knn"]
    assert refreshed(at_once=True) == []


class Worker:
    """In the place of the demo's processes: runs what waits when it is looked after."""

    def poll(self) -> None:
        for fit in Fit.objects.filter(status=Fit.Status.PENDING):
            services.recogniser_fit_run(fit_id=fit.pk)


def test_the_demo_is_ready_when_every_model_is_known(
    shop: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "POLL_SECONDS", 0)
    fitted(ago=0, took=1000)
    shop.shelf.colorway("olive", model="New")
    command = demo.Command()
    command.console = Console(file=StringIO())
    command.learn(Worker())  # type: ignore[arg-type]
    newest = [Fit.objects.filter(method=method).first() for method in ("blend", "knn")]
    assert [(fit.status, fit.shoe_models) for fit in newest if fit] == [("done", 9), ("done", 9)]


def test_what_is_learned_once_is_no_part_of_how_long_a_fit_takes(shop: Site) -> None:
    for number, colour in enumerate(list(COLOURS)[:4]):
        shop.shelf.colorway(colour, model=f"Model {number}", photos=4)
    begun: list[Any] = []
    fits = [
        services.recogniser_fit(method="knn", progress=lambda fit: begun.append(fit.started_at))
        for _ in range(2)
    ]
    assert looks_read(encoder_id=str(shop.shelf.encoder.id)) is not None
    assert begun[0] < fits[0].started_at
    fits[0].refresh_from_db()
    assert fits[0].started_at in begun
    assert set(begun[begun.index(fits[1].started_at) :]) == {fits[1].started_at}


def test_a_fit_that_failed_waits_out_the_pause(shop: Site) -> None:
    fitted(ago=100, took=1)
    Fit.objects.update(status=Fit.Status.FAILED)
    shop.shelf.colorway("olive", model="New")
    assert refreshed() == refreshed(at_once=True) == []
