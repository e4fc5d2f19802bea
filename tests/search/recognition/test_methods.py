"""One contract for every method of naming, and what each promises by itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from search.exceptions import RecognitionError
from search.recognition import METHODS, Gallery, method_named
from search.recognition.base import NEVER
from search.recognition.blend import Mixture
from search.recognition.five_steps import FiveSteps
from search.recognition.prompts import filled, prompts
from tests.search.recognition.shoes import facts, shoes

LEARNED_PROMPTS = {"coop", "cocoop"}
"""They need a text tower, and have tests of their own."""
EVERY = pytest.mark.parametrize("name", [name for name in METHODS if name not in LEARNED_PROMPTS])


@EVERY
def test_it_names_photos_that_it_has_not_seen(name: str) -> None:
    gallery, space = shoes()
    asked, _ = shoes(seed=1)
    scores = METHODS[name].fit(gallery, space).scores(asked.vectors)
    assert scores.shape == (len(asked), 6)
    assert np.isfinite(scores).all()
    assert (scores.argmax(axis=1) == asked.labels).mean() > 0.9


@EVERY
def test_a_model_without_photos_is_never_named(name: str) -> None:
    gallery, space = shoes()
    without = gallery.only(gallery.labels != 2)
    scores = METHODS[name].fit(without, space).scores(gallery.vectors)
    assert (scores[:, 2] <= NEVER / 2).all()
    assert (scores.argmax(axis=1) != 2).all()


@EVERY
def test_what_is_kept_in_a_file_answers_alike(name: str) -> None:
    gallery, space = shoes()
    fitted = METHODS[name].fit(gallery, space)
    again = METHODS[name].restore(fitted.arrays())
    assert np.allclose(fitted.scores(gallery.vectors), again.scores(gallery.vectors))


@EVERY
def test_one_photo_of_each_model_is_enough_to_begin_with(name: str) -> None:
    gallery, space = shoes(photos=1)
    scores = METHODS[name].fit(gallery, space).scores(gallery.vectors)
    assert (scores.argmax(axis=1) == gallery.labels).mean() > 0.8


@EVERY
def test_settled_it_answers_as_when_it_chose_by_itself(name: str) -> None:
    gallery, space = shoes()
    method = METHODS[name]
    fitted = method.fit(gallery, space)
    again = method.settled(fitted).fit(gallery, space)
    one, other = fitted.scores(gallery.vectors), again.scores(gallery.vectors)
    assert (one.argmax(axis=1) == other.argmax(axis=1)).mean() > 0.95


@pytest.mark.parametrize("name", [m.name for m in METHODS.values() if m.leaves_out])
def test_a_photo_left_out_has_no_say(name: str) -> None:
    """The same answer as a gallery that never had it."""
    gallery, space = shoes()
    method = METHODS[name]
    fitted = method.fit(gallery, space)
    own = gallery.related()[:1]
    rest = method.settled(fitted).fit(gallery.only(~own[0]), space)
    query = gallery.vectors[:1]
    assert np.allclose(fitted.scores(query, leaving_out=own), rest.scores(query), atol=1e-4)


@pytest.mark.parametrize(
    "name", ["prompts", "tip-adapter", "tip-adapter-f", "lp++", *sorted(LEARNED_PROMPTS)]
)
def test_methods_of_words_say_so_without_an_encoder(name: str) -> None:
    with pytest.raises(RecognitionError, match="words"):
        METHODS[name].fit(shoes()[0], None)


def test_the_blend_does_without_words() -> None:
    gallery, _ = shoes()
    scores = METHODS["blend"].fit(gallery, None).scores(gallery.vectors)
    assert (scores.argmax(axis=1) == gallery.labels).all()


def test_the_blend_gives_no_weight_to_words_that_mislead() -> None:
    gallery, space = shoes(photos=12, spread=0.1)
    turned = Gallery.of(gallery.vectors, (gallery.labels + 1) % 6, gallery.models, gallery.groups)
    fitted = METHODS["blend"].fit(turned, space)
    assert isinstance(fitted, Mixture)
    assert fitted.weights[3] == pytest.approx(0, abs=1e-6)
    assert fitted.weights[:3].sum() > 0.1


def test_an_unknown_method_names_the_others() -> None:
    with pytest.raises(RecognitionError, match=r"'best'.*knn.*blend"):
        method_named("best")


def test_the_five_steps_keep_models_whose_attributes_agree() -> None:
    gallery, space = shoes()
    fitted = FiveSteps().fit(gallery, space)
    kept = fitted.agreeing(gallery.vectors)
    agree = fitted.agree_brand[:, 0]
    assert agree.tolist() == [model.brand == "Acme" for model in gallery.models]
    for row in kept:
        models = [model for model, keep in zip(gallery.models, row, strict=True) if keep]
        assert len({model.brand for model in models}) <= 1


def test_an_unknown_attribute_agrees_with_every_value() -> None:
    gallery, space = shoes()
    bare = tuple(replace(model, brand="", height="", colours=()) for model in facts(6))
    fitted = FiveSteps().fit(replace(gallery, models=bare), space)
    assert fitted.agreeing(gallery.vectors).all()


def test_the_owners_prompts_are_read_and_checked(tmp_path: Path, settings: object) -> None:
    own = tmp_path / "prompts.toml"
    shipped = Path("search/recognition/prompts.toml").read_text()
    own.write_text(shipped.replace('"{name} sneakers"', '"behold, {name}"'))
    settings.SHOEFINDER_PROMPTS = str(own)  # type: ignore[attr-defined]
    assert "behold, {name}" in prompts().name
    own.write_text(shipped.replace('"{name} sneakers"', '"{price} sneakers"'))
    with pytest.raises(RecognitionError, match="price"):
        prompts()
    own.write_text(shipped.replace("brand = ", "brands = "))
    with pytest.raises(RecognitionError, match="see to brand, brands"):
        prompts()
    own.write_text("brand = [")
    with pytest.raises(RecognitionError, match="no TOML"):
        prompts()
    own.unlink()
    with pytest.raises(RecognitionError, match="cannot be read"):
        prompts()


def test_empty_words_leave_no_gap() -> None:
    assert filled(["a {colour} {name} {height} shoe"], name="Acme One", colour="orange") == (
        "an orange Acme One shoe",
    )


def test_folds_keep_groups_whole_and_spread_models() -> None:
    gallery, _ = shoes(photos=20)
    fold = gallery.folds(5)
    assert all(len(set(fold[gallery.groups == group])) == 1 for group in set(gallery.groups))
    for label in range(6):
        assert np.bincount(fold[gallery.labels == label], minlength=5).max() <= 4


def test_few_shots_are_at_most_so_many_of_each() -> None:
    gallery, _ = shoes()
    assert gallery.only(gallery.draw(3)).counts.tolist() == [3] * 6
    assert gallery.draw(3).tolist() == gallery.draw(3).tolist()
    assert gallery.draw(3).tolist() != gallery.draw(3, seed=1).tolist()


def test_parts_that_do_not_fit_are_refused() -> None:
    gallery, _ = shoes()
    with pytest.raises(ValueError, match="places among the 2 models"):
        Gallery.of(gallery.vectors, gallery.labels, ["one", "two"])
    with pytest.raises(ValueError, match="one label"):
        Gallery.of(gallery.vectors, gallery.labels[:3], gallery.models)
