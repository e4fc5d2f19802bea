"""A method learns the catalog, its fit serves, and a changed catalog is learned anew."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from PIL.Image import Image

from catalog.models import ImageStatus, ShoeImage, ShoeModel
from search import Identification, identify, services
from search.encoders import Encoder
from search.encoders.pixels import TURNS
from search.exceptions import QueryError, RecognitionError
from search.models import ImageEmbedding, NameReport, RecogniserFit
from search.query import Query
from search.recognition.fits import fit_path, fit_read, looks_save
from search.recognition.learning import features_path, groups_of, lesson_read
from search.recognition.looks import Looks
from search.recognition.serving import upright_vector
from search.types import Degrees, Vectors
from tests.fakes import COLOURS
from tests.search.encoders.contract import drawn_shoe
from tests.search.site import Site

Fit = RecogniserFit


def named(shop: Site, colour: str, **options: Any) -> Identification:
    return identify(
        drawn_shoe(colour, size=(300, 220)), encoder=shop.shelf.encoder, store=shop.shelf.store,
        **options,
    )  # fmt: skip


def encoder_id(shop: Site) -> str:
    return str(shop.shelf.encoder.id)


def test_a_fitted_method_serves(shop: Site) -> None:
    before = named(shop, "red")
    assert before.method == "knn"
    assert not before.calibrated
    fit = services.recogniser_fit(method="blend")
    assert fit.status == Fit.Status.DONE
    assert (fit.photos, fit.shoe_models) == (32, 8)
    after = named(shop, "red")
    assert after.method == "blend"
    assert after.calibrated
    assert after.candidates[0].name == before.candidates[0].name
    assert after.brand is not None
    assert after.brand.value == after.candidates[0].name.split()[0]
    assert after.height is not None
    assert after.colours[0] == "red"
    assert after.shoe
    assert named(shop, "red", method="knn").method == "knn"


def test_the_vote_is_calibrated_by_its_own_fit(shop: Site) -> None:
    services.recogniser_fit(method="knn")
    answer = named(shop, "red", method="knn")
    assert answer.calibrated
    assert sum(c.confidence for c in answer.candidates) <= 1 + 1e-9
    fit = fit_read(encoder_id=encoder_id(shop), method="knn")
    assert fit is not None
    assert len(fit.recogniser.fitted.vectors) == 0  # type: ignore[attr-defined]


def test_a_catalog_photo_is_not_asked_about_itself(shop: Site) -> None:
    services.recogniser_fit(method="blend")
    photo = ShoeImage.objects.latest("id")
    vector = shop.shelf.store.fetch([photo.pk])[0]
    answer = identify(
        vector, leaving_out=[photo.pk], encoder=shop.shelf.encoder, store=shop.shelf.store
    )
    assert answer.method == "knn"


def test_merged_and_deleted_models_are_named_as_the_catalog_stands(shop: Site) -> None:
    services.recogniser_fit(method="blend")
    first, second, third = (
        ShoeModel.objects.get(pk=c.model_id) for c in named(shop, "red").candidates[:3]
    )
    ShoeModel.objects.filter(pk=first.pk).update(merged_into=second)
    third.colorways.all().delete()
    third.delete()
    answer = named(shop, "red")
    assert answer.candidates[0].model_id == second.pk
    assert {first.pk, third.pk}.isdisjoint(c.model_id for c in answer.candidates)


def test_reports_that_were_accepted_are_learned(shop: Site) -> None:
    model = ShoeModel.objects.get(name="Model 0")
    vector = np.zeros(shop.shelf.encoder.dim, "<f4")
    vector[0] = 1
    for status in NameReport.Status:
        NameReport.objects.create(
            kind=NameReport.Kind.MINE, status=status, encoder_id=encoder_id(shop),
            vector=vector.tobytes(), model=model,
        )  # fmt: skip
    lesson = lesson_read(encoder=shop.shelf.encoder)
    assert len(lesson.gallery) == 33


def test_few_shots_and_rejected_photos(shop: Site) -> None:
    ShoeImage.objects.filter(colorway__model__name="Model 0").update(status=ImageStatus.REJECTED)
    lesson = lesson_read(encoder=shop.shelf.encoder, shots=2)
    assert lesson.gallery.counts.tolist() == [2] * 7


def test_near_duplicates_of_one_model_share_a_group() -> None:
    hashes = ["00000000000000ff", "00000000000000fe", "ffffffff00000000", "", ""]
    groups = groups_of(hashes, np.array([0, 0, 0, 0, 1]))
    assert groups[0] == groups[1]
    assert len(set(groups.tolist())) == 4
    apart = groups_of(hashes[:2], np.array([0, 1]))
    assert apart[0] != apart[1]
    alike = groups_of(hashes[:2] * 2, np.zeros(4, np.intp))
    assert len(set(alike.tolist())) == 2, "identical pictures are told from near ones at last"


def test_a_damaged_fit_counts_as_none(shop: Site) -> None:
    services.recogniser_fit(method="blend")
    fit_path(encoder_id=encoder_id(shop), method="blend").write_bytes(b"torn")
    assert named(shop, "red").method == "knn"


def test_a_failure_is_told_by_its_row_and_the_old_fit_stays(
    shop: Site, settings: Any, tmp_path: Path
) -> None:
    services.recogniser_fit(method="blend")
    settings.SHOEFINDER_PROMPTS = str(tmp_path / "none.toml")
    request = services.recogniser_fit_request(method="blend", trigger=Fit.Trigger.ADMIN)
    with pytest.raises(RecognitionError, match="cannot be read"):
        services.recogniser_fit_run(fit_id=request.pk)
    request.refresh_from_db()
    assert request.status == Fit.Status.FAILED
    assert "cannot be read" in request.error
    assert named(shop, "red").method == "blend"
    assert services.recogniser_fit_run(fit_id=request.pk) is None


def test_asking_twice_gives_one_fit(
    shop: Site, celery_calls: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        one = services.recogniser_fit_request(method="blend", trigger=Fit.Trigger.ADMIN)
        assert services.recogniser_fit_request(method="blend", trigger=Fit.Trigger.ADMIN) == one
    assert set(celery_calls) == {"search.tasks.recogniser_fit"}
    with pytest.raises(RecognitionError, match="no method"):
        services.recogniser_fit_request(method="best", trigger=Fit.Trigger.ADMIN)


def test_a_fit_whose_process_is_gone_is_found(shop: Site) -> None:
    silent = timezone.now() - timedelta(hours=2)
    fit = Fit.objects.create(
        encoder_id=encoder_id(shop), method="blend", status=Fit.Status.RUNNING,
        requested_at=silent, heartbeat_at=silent,
    )  # fmt: skip
    services.recognisers_refresh()
    fit.refresh_from_db()
    assert fit.status == Fit.Status.FAILED
    assert "Interrupted" in fit.error


def test_an_empty_catalog_asks_for_nothing(bare_site: Site, celery_calls: list[str]) -> None:
    assert services.recognisers_refresh() == []
    with pytest.raises(RecognitionError, match="no photo"):
        services.recogniser_fit(method="knn")


def test_the_commands(shop: Site, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("recognition", "status")
    assert "never fitted" in capsys.readouterr().out
    call_command("train_recogniser", "prototype", "--shots", "2")
    assert "16 photos of 8 models, at most 2 of each" in capsys.readouterr().out
    call_command("recognition", "features")
    table = features_path().read_text()
    assert "Model 0,low,black" in table
    with pytest.raises(CommandError, match="--force"):
        call_command("recognition", "features")
    features_path().write_text(table.replace("Model 0,low", "Model 0,steep"))
    with pytest.raises(CommandError, match="'steep' is no height"):
        call_command("train_recogniser", "prompts")
    features_path().write_text(table.replace("Model 0,low", "Renamed,high"))
    facts = lesson_read(encoder=shop.shelf.encoder).gallery.models
    assert facts[0].name == "Bolt Renamed"
    assert facts[0].height == "high"
    with pytest.raises(CommandError, match="no method"):
        call_command("train_recogniser", "best")


def test_only_offered_methods_can_be_asked_for(shop: Site, settings: Any) -> None:
    assert Query(words="red", method="knn").to_params() == [("q", "red"), ("named_by", "knn")]
    settings.SHOEFINDER_RECOGNISERS_OFFERED = []
    with pytest.raises(QueryError, match="does not offer"):
        Query(words="red", method="knn")


def test_turned_photos_are_turned_back_and_strange_ones_told(shop: Site) -> None:
    photos = [drawn_shoe(colour, size=(160, 120)) for colour in list(COLOURS)[:12]]
    looks_save(Looks.learn(photos, shop.shelf.encoder), encoder_id=encoder_id(shop))
    shoe = drawn_shoe("red", size=(300, 220))
    assert upright_vector(shoe, encoder=shop.shelf.encoder).turned == 0
    lying = shoe.rotate(90, expand=True)
    found = upright_vector(lying, encoder=shop.shelf.encoder)
    assert found.turned == 270
    answer = identify(lying, encoder=shop.shelf.encoder, store=shop.shelf.store)
    assert answer.turned == 270


class Turning:
    """An encoder that turns every photo by half, and says so."""

    turns_upright = True

    def __init__(self, encoder: Encoder) -> None:
        self.id, self.dim = encoder.id, encoder.dim
        self.encode_texts, self._encode = encoder.encode_texts, encoder.encode_images
        self.encoded = 0

    def encode_images(self, images: Sequence[Image]) -> Vectors:
        return self.encode_upright(images)[0]

    def encode_upright(self, images: Sequence[Image]) -> tuple[Vectors, Degrees]:
        self.encoded += len(images)
        turned = [image.transpose(TURNS[180]) for image in images]
        return self._encode(turned), np.full(len(images), 180)


def test_an_encoder_that_turns_photos_by_itself_is_not_helped(shop: Site) -> None:
    encoder = Turning(shop.shelf.encoder)
    photos = [drawn_shoe(colour, size=(160, 120)) for colour in list(COLOURS)[:8]]
    looks = Looks.learn(photos, encoder)
    assert looks.turns is None
    assert Looks.restore(looks.arrays()).turns is None
    looks_save(looks, encoder_id=encoder_id(shop))
    encoder.encoded = 0
    found = upright_vector(photos[0].rotate(90, expand=True), encoder=encoder)
    assert found.turned == 180
    assert encoder.encoded == 1
    assert identify(photos[0], encoder=encoder, store=shop.shelf.store).turned == 180


def test_looks_are_kept_in_a_file(shop: Site) -> None:
    photos = [drawn_shoe(colour, size=(160, 120)) for colour in list(COLOURS)[:8]]
    looks = Looks.learn(photos, shop.shelf.encoder)
    again = Looks.restore(looks.arrays())
    vectors = shop.shelf.encoder.encode_images(photos)
    lying = photos[0].rotate(90, expand=True)
    (vector,) = shop.shelf.encoder.encode_images([lying])
    for learned in (looks, again):
        assert learned.put_upright(lying, shop.shelf.encoder, vector=vector).turned == 270
    assert (looks.shoe(vectors) > 0.5).mean() > 0.9


def test_vectors_of_another_encoder_are_not_learned(shop: Site) -> None:
    ImageEmbedding.objects.update(encoder_id="another@1")
    with pytest.raises(RecognitionError, match="no photo"):
        services.recogniser_fit(method="prototype")
