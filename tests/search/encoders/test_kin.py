"""SigLIP, a pair of towers, and the exported graphs: the same contract, and the right vectors."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from search.encoders import get_encoder, named_options
from search.encoders.base import Encoder
from search.encoders.clip import ClipEncoder, partner
from search.encoders.clip_pixels import Recipe, prepare
from search.exceptions import EncoderError
from tests.search.encoders.clip_folder import build_clip_folder
from tests.search.encoders.contract import EncoderContract, cosines, drawn_shoe
from tests.search.encoders.folders import build_pair, build_siglip_folder

pytestmark = pytest.mark.encoder

PHOTOS = [
    drawn_shoe("red"),
    drawn_shoe("navy", size=(90, 140)),
    drawn_shoe("black", size=(640, 120)),
]
SENTENCES = ["a red shoe", "shoe", "white leather sneaker " * 9, "빨간 신발", ""]


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kin")
    build_siglip_folder(folder / "siglip")
    build_pair(folder)
    return folder


class Kin(EncoderContract):
    """The contract against one model and runtime, loaded once."""

    path = "search.encoders.clip.ClipEncoder"
    model: str
    runtime = "torch"
    _built: dict[str, Encoder] = {}

    @pytest.fixture
    def options(self, models: Path) -> dict[str, Any]:
        return {
            "model": str(models / self.model),
            "runtime": self.runtime,
            "threads": 1,
            "cache_dir": str(models / "cache"),
        }

    @pytest.fixture
    def encoder(self, options: dict[str, Any]) -> Encoder:
        return self._built.setdefault(str(sorted(options.items())), self.build(options))


class TestSiglip(Kin):
    model = "siglip"


class TestPair(Kin):
    model = "clip-ViT-B-32-multilingual-v1"


class TestPairOnOnnx(Kin):
    model, runtime = "clip-ViT-B-32-multilingual-v1", "onnx"

    def test_it_is_what_torch_gives(self, encoder: Encoder, options: dict[str, Any]) -> None:
        torch = self.build(options | {"runtime": "torch"})
        assert cosines(encoder.encode_images(PHOTOS), torch.encode_images(PHOTOS)).min() > 0.99999
        texts = encoder.encode_texts(SENTENCES), torch.encode_texts(SENTENCES)
        assert cosines(*texts).min() > 0.99999
        assert encoder.id == torch.id

    def test_torch_is_not_loaded(self, options: dict[str, Any]) -> None:
        import json
        import subprocess
        import sys

        from tests.search.encoders.contract import ROOT

        code = (
            "import json, sys\n"
            "from PIL import Image\n"
            "from search.encoders.clip import ClipEncoder\n"
            "encoder = ClipEncoder(**json.loads(sys.argv[1]))\n"
            "encoder.encode_images([Image.new('RGB', (40, 30))])\n"
            "encoder.encode_texts(['shoe'])\n"
            "assert not {'torch', 'transformers'} & set(sys.modules)\n"
        )
        command = [sys.executable, "-c", code, json.dumps(options)]
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr

    def test_damaged_graphs_are_made_anew(self, models: Path, options: dict[str, Any]) -> None:
        self.build(options).encode_texts(["shoe"])
        (folder,) = (models / "cache").glob("clip-*")
        cut = models / "cut"
        shutil.copytree(folder, cut / folder.name)
        (cut / folder.name / "text.onnx").write_bytes(b"no graph")
        with pytest.raises(EncoderError, match="have been removed"):
            self.build(options | {"cache_dir": str(cut)}).encode_texts(["shoe"])
        assert not list(cut.glob("clip-*"))


class TestSiglipInInt8(Kin):
    model, runtime = "siglip", "int8"
    alike = 0.99
    """Activations are scaled by the largest of their batch."""

    def test_it_is_near_and_says_that_it_is_another(
        self, encoder: Encoder, options: dict[str, Any]
    ) -> None:
        torch = self.build(options | {"runtime": "torch"})
        assert cosines(encoder.encode_images(PHOTOS), torch.encode_images(PHOTOS)).min() > 0.99
        texts = encoder.encode_texts(SENTENCES), torch.encode_texts(SENTENCES)
        assert cosines(*texts).min() > 0.99
        assert encoder.id == f"{torch.id}-int8"


def test_siglip_is_what_transformers_computes(models: Path) -> None:
    """With sentences padded to their full length, as it was trained."""
    import torch
    from transformers import SiglipModel, SiglipProcessor

    folder = models / "siglip"
    model, processor = SiglipModel.from_pretrained(folder), SiglipProcessor.from_pretrained(folder)
    inputs = processor(
        images=PHOTOS, text=SENTENCES[:3], padding="max_length", truncation=True,
        return_tensors="pt",
    )  # fmt: skip
    with torch.no_grad():
        out = model(**inputs)
    encoder = ClipEncoder(model=folder, threads=1)
    assert cosines(out.image_embeds.numpy(), encoder.encode_images(PHOTOS)).min() > 0.99999
    assert cosines(out.text_embeds.numpy(), encoder.encode_texts(SENTENCES[:3])).min() > 0.99999


def test_a_pair_takes_words_from_one_and_photos_from_the_other(models: Path) -> None:
    import torch
    from safetensors.torch import load_file
    from transformers import AutoTokenizer, DistilBertModel

    text = models / "clip-ViT-B-32-multilingual-v1"
    pair = ClipEncoder(model=text, threads=1)
    clip = ClipEncoder(model=models / "clip-ViT-B-32", threads=1)
    assert cosines(pair.encode_images(PHOTOS), clip.encode_images(PHOTOS)).min() > 0.99999
    tokens = AutoTokenizer.from_pretrained(text)(["빨간 신발"], return_tensors="pt")
    with torch.no_grad():
        states = DistilBertModel.from_pretrained(text)(**tokens).last_hidden_state.mean(1)
    found = states @ load_file(text / "2_Dense" / "model.safetensors")["linear.weight"].T
    unit = torch.nn.functional.normalize(found, dim=1).numpy()
    assert cosines(unit, pair.encode_texts(["빨간 신발"])).min() > 0.99999
    assert pair.id.count("-") > clip.id.count("-")


def test_towers_that_do_not_fit_are_told(models: Path, tmp_path: Path) -> None:
    other = build_clip_folder(tmp_path / "other", dim=16)
    encoder = ClipEncoder(model=models / "clip-ViT-B-32-multilingual-v1", image_model=other)
    with pytest.raises(EncoderError, match="24 dimensions and the image tower"):
        encoder.encode_texts(["shoe"])


def test_a_text_tower_finds_its_partner(models: Path, tmp_path: Path) -> None:
    name = "clip-ViT-B-32-multilingual-v1"
    assert partner(name) == partner(f"sentence-transformers/{name}") == "clip-ViT-B-32"
    assert partner(str(models / name)) == str(models / "clip-ViT-B-32")
    (tmp_path / name).mkdir()
    assert partner(str(tmp_path / name)) == "clip-ViT-B-32"
    assert partner("clip-ViT-B-32") is None


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("clip-ViT-B-32", {"model": "clip-ViT-B-32"}),
        ("Marqo/model@0ab:int8", {"model": "Marqo/model", "revision": "0ab", "runtime": "int8"}),
        ("a@1,2", {"model": "a", "revision": "1", "image_revision": "2"}),
        ("a:onnx", {"model": "a", "runtime": "onnx"}),
        ("a:fast", {"model": "a:fast"}),
        ("", {"model": ""}),
    ],
)
def test_a_name_says_which_revision_and_runtime(name: str, options: dict[str, str]) -> None:
    assert named_options(name) == options


def test_a_folder_is_taken_as_it_is_named(tmp_path: Path) -> None:
    odd = tmp_path / "a@b:int8"
    odd.mkdir()
    assert named_options(str(odd)) == {"model": str(odd)}


def test_another_runtime_is_chosen_by_name(models: Path, settings: Any) -> None:
    settings.SHOEFINDER_ENCODERS = {"default": {"BACKEND": "search.encoders.clip.ClipEncoder"}}
    folder = models / "siglip"
    assert get_encoder(f"{folder}:int8").id == f"{get_encoder(str(folder)).id}-int8"
    settings.SHOEFINDER_ENCODERS["default"]["OPTIONS"] = {"runtime": "fast"}
    with pytest.raises(EncoderError, match="must be one of torch, onnx, int8"):
        get_encoder(str(folder))


CLIP_PIXELS = {
    "do_resize": True, "size": {"shortest_edge": 32}, "resample": 3,
    "do_center_crop": True, "crop_size": {"height": 32, "width": 32},
    "do_normalize": True, "image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.3, 0.4],
    "rescale_factor": 1 / 255,
}  # fmt: skip


@pytest.mark.parametrize(
    "config",
    [
        CLIP_PIXELS,
        CLIP_PIXELS | {"size": {"height": 32, "width": 32}, "do_center_crop": False},
        CLIP_PIXELS | {"size": {"shortest_edge": 40}, "resample": 2},
    ],
    ids=["clip", "siglip", "larger-bilinear"],
)
def test_pixels_are_those_of_transformers(config: dict[str, Any]) -> None:
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    rng = np.random.default_rng(0)
    sizes = [(40, 91, 3), (91, 40, 3), (32, 32, 3), (33, 47, 3)]
    photos = [Image.fromarray(rng.integers(0, 256, size, dtype=np.uint8)) for size in sizes]
    recipe = Recipe.of(config)
    assert recipe is not None
    assert Recipe.from_json(recipe.to_json()) == recipe
    expected = CLIPImageProcessorPil(**config)(images=photos, return_tensors="np")["pixel_values"]
    np.testing.assert_allclose(prepare(photos, recipe), expected, atol=1e-5)


def test_what_is_not_understood_is_left_to_transformers() -> None:
    assert Recipe.of({"do_resize": True, "size": {"longest_edge": 100}}) is None
    assert Recipe.of(CLIP_PIXELS | {"do_resize": False}) is None
