"""A whole training run on drawn photos, small enough for a test, through the command's door."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from django.core.management import CommandError, call_command
from PIL import Image, ImageDraw
from safetensors.numpy import load_file

from catalog.services.photo_imports import photos_import
from search.encoders.artifacts import sha256_of
from search.encoders.backbones import IMAGE_PACKAGE, backbone_path
from search.encoders.framing import frame
from search.encoders.lite import LiteEncoder
from search.evaluation.datasets import DatasetError
from search.evaluation.sources import Folder
from search.training.model import Colours, Head, Lite, Tower
from search.training.options import TrainOptions
from search.training.run import encoder_train

pytestmark = pytest.mark.encoder

SMALL = TrainOptions(
    sides=((64, 1), (96, 2)),
    side=96,
    captions=2,
    palette=8,
    dim=32,
    image_width=32,
    text_width=32,
    batch=16,
    threads=1,
    turn_below=0.0,
)
MODELS = {"nike_red_dash": "red", "vans_blue_hop_high": "blue", "puma_green_step": "green"}


class Quiet:
    """A watcher that counts, and pulls the plug after ``epochs``."""

    def __init__(self, epochs: int | None = None) -> None:
        self.left = epochs
        self.epochs = 0
        self.stages: dict[str, list[int]] = {}

    def stage(self, name: str, total: int) -> Callable[[int], None]:
        self.stages[name] = [0, total]

        def advance(steps: int) -> None:
            self.stages[name][0] += steps

        return advance

    def epoch(self, figures: dict[str, float], *, best: bool) -> None:
        self.epochs += 1
        if self.left is not None and self.epochs >= self.left:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three models of fifteen drawings, no two alike enough to be one group."""
    folder = tmp_path_factory.mktemp("photos") / "drawn"
    rng = np.random.default_rng(0)
    for model, colour in MODELS.items():
        (folder / model).mkdir(parents=True)
        for i in range(15):
            image = Image.new("RGB", (120, 90), "white")
            draw = ImageDraw.Draw(image)
            for _ in range(12):
                x, y = rng.integers(5, 70), rng.integers(5, 50)
                w, h = rng.integers(8, 45, 2)
                draw.ellipse((x, y, x + w, y + h), fill=colour, outline="black", width=3)
            image.save(folder / model / f"{i:02}.png")
    return folder


@pytest.fixture(scope="module")
def trained(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained")
    watcher = Quiet()
    encoder_train(Folder(photos), out, options=SMALL, watcher=watcher)
    assert all(done == total for done, total in list(watcher.stages.values())[:3])
    return out


def test_what_is_written_is_an_encoder(trained: Path) -> None:
    encoder = LiteEncoder(model=trained, threads=1)
    assert encoder.dim == 32
    assert encoder.encode_texts(["a red shoe"]).shape == (1, 32)
    config = json.loads((trained / "config.json").read_text())
    counts = config["training"]["data"]["photos"]["drawn"]
    assert sum(counts.values()) == 45
    assert min(counts["train"], counts["validation"]) > 0
    assert {t.dtype for t in load_file(trained / "heads.safetensors").values()} == {np.dtype("f2")}


def test_the_card_tells_id_and_figures(trained: Path) -> None:
    card = (trained / "MODEL_CARD.md").read_text()
    assert LiteEncoder(model=trained).id in card
    assert "which model, top-1" in card
    assert "| drawn |" in card


def test_weights_learn_to_turn_photos_without_a_pass(
    trained: Path, photos: Path, tmp_path: Path
) -> None:
    options = replace(SMALL, sides=((96, 0),), start=str(trained), turn_below=0.3)
    watcher = Quiet()
    encoder_train(Folder(photos), tmp_path, options=options, watcher=watcher)
    done, total = watcher.stages["Learning which way is up"]
    assert done == total > 0
    assert watcher.epochs == 0
    before, after = (load_file(folder / "heads.safetensors") for folder in (trained, tmp_path))
    assert all(np.array_equal(after[name], before[name]) for name in before)
    encoder = LiteEncoder(model=tmp_path, threads=1)
    assert encoder.turns_upright
    drawings = [Image.open(path) for path in sorted(photos.rglob("*.png"))[:3]]
    vectors, turned = encoder.encode_upright(drawings)
    assert set(turned.tolist()) <= {0, 90, 180, 270}
    assert np.array_equal(vectors, encoder.encode_images(drawings))
    assert "best epoch" not in (tmp_path / "MODEL_CARD.md").read_text().partition("### Of")[0]


def test_what_is_trained_is_what_serves(trained: Path, photos: Path) -> None:
    """From file to vector both ways: torch in training, onnxruntime and numpy in service."""
    saved = torch.load(trained / "work" / "checkpoint.pt", weights_only=True)
    palette = load_file(trained / "heads.safetensors")["palette"].astype(np.float32)
    text = Head(torch.zeros(384), torch.ones(384), width=32, dim=32, dropout=0)
    features = 2560 + 8 * len(SMALL.bands)
    image = Head(torch.zeros(features), torch.ones(features), width=32, dim=32, dropout=0)
    lite = Lite(
        Tower(sha256_of(backbone_path(IMAGE_PACKAGE)), frozen=5, drop_blocks=0),
        Colours(palette, softness=SMALL.softness, bands=SMALL.bands),
        image,
        text,
        models=len(saved["best"]["proxies"]),
        temperature=1,
    )
    lite.load_state_dict(saved["best"])
    paths = sorted(photos.rglob("*.png"))
    framed = [frame(Image.open(path), SMALL.side) for path in paths]
    pixels = torch.from_numpy(np.stack([f.pixels for f in framed])).permute(0, 3, 1, 2).float()
    shoes = torch.from_numpy(np.stack([f.shoe for f in framed]))[:, None].float()
    with torch.no_grad():
        expected = lite.eval().photos(pixels, shoes).numpy()
    found = LiteEncoder(model=trained, threads=1).encode_images([Image.open(p) for p in paths])
    assert (found * expected).sum(axis=1).min() > 0.995  # float16 weights


def test_a_run_that_was_interrupted_ends_as_if_it_had_not_been(
    trained: Path, photos: Path, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        encoder_train(Folder(photos), tmp_path, options=SMALL, watcher=Quiet(epochs=2))
    assert not (tmp_path / "heads.safetensors").exists()
    second = Quiet()
    encoder_train(Folder(photos), tmp_path, options=SMALL, watcher=second)
    assert second.epochs == SMALL.epochs - 2
    whole, resumed = (load_file(f / "heads.safetensors") for f in (trained, tmp_path))
    for name, tensor in whole.items():
        np.testing.assert_array_equal(tensor, resumed[name], err_msg=name)


def test_other_options_start_afresh(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        encoder_train(Folder(photos), tmp_path, options=SMALL, watcher=Quiet(epochs=1))
    other = TrainOptions(**{**_fields(SMALL), "learning_rate": 0.01, "sides": ((64, 2),)})
    # One that went on would have a single pass left, and end.
    with pytest.raises(KeyboardInterrupt):
        encoder_train(Folder(photos), tmp_path, options=other, watcher=Quiet(epochs=2))


def _fields(options: TrainOptions) -> dict[str, object]:
    return {name: getattr(options, name) for name in TrainOptions.__dataclass_fields__}


@pytest.mark.django_db
def test_the_command_trains_on_the_catalog_and_tells(
    photos: Path, tmp_path: Path, settings: Any
) -> None:
    with pytest.raises(CommandError, match="no photo of a known model"):
        call_command("train_encoder", catalog=True, out=tmp_path)
    settings.MEDIA_ROOT = tmp_path / "media"
    photos_import(folder=photos, labels="folder")
    out = io.StringIO()
    call_command(
        "train_encoder",
        catalog=True,
        out=tmp_path,
        sides=((64, 1),),
        captions=1,
        palette=4,
        batch=16,
        threads=1,
        stdout=out,
    )
    assert LiteEncoder(model=tmp_path).id in out.getvalue().replace("\n", "")
    assert "model_top1" in out.getvalue()
    assert "| the catalog | " in (tmp_path / "MODEL_CARD.md").read_text()


def test_the_command_tells_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no folder"):
        call_command("train_encoder", str(tmp_path / "absent"), out=tmp_path)
    with pytest.raises(CommandError, match="--batch must be at least 1"):
        call_command("train_encoder", str(tmp_path), out=tmp_path, batch=0)
    with pytest.raises(CommandError, match="--turn-below is a probability"):
        call_command("train_encoder", str(tmp_path), "--out", str(tmp_path), "--turn-below", "1.5")
    with pytest.raises(CommandError, match="Without a pass nothing is learned"):
        call_command("train_encoder", str(tmp_path), "--out", str(tmp_path), "--sides", "64:0")
    with pytest.raises(CommandError, match="sides lie between"):
        call_command("train_encoder", str(tmp_path), "--out", str(tmp_path), "--sides", "7:1")


def test_too_few_photos_are_told(tmp_path: Path) -> None:
    (tmp_path / "in" / "model").mkdir(parents=True)
    Image.new("RGB", (60, 60), "red").save(tmp_path / "in" / "model" / "1.png")
    with pytest.raises(DatasetError, match="too few"):
        encoder_train(Folder(tmp_path / "in"), tmp_path / "out", options=SMALL, watcher=Quiet())


def test_a_photo_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "in" / "model").mkdir(parents=True)
    (tmp_path / "in" / "model" / "1.png").write_text("no photo")
    with pytest.raises(DatasetError, match=r"1\.png"):
        encoder_train(Folder(tmp_path / "in"), tmp_path / "out", options=SMALL, watcher=Quiet())
