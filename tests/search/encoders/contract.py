"""What every encoder must keep. Mix ``EncoderContract`` into a test class and give ``build``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from search.encoders.base import Encoder, patch_encoder, upright_encoder

ROOT = Path(__file__).resolve().parents[3]
WORDS = ["a red running shoe", "white leather sneaker", "black high-top boot", "brown sandal"]


def drawn_shoe(
    colour: str, *, size: tuple[int, int] = (220, 160), sole: str = "white"
) -> Image.Image:
    """A shoe-like blob on white: enough for an encoder to see one thing of one colour."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    w, h = size
    upper = [
        (0.12, 0.62),
        (0.14, 0.28),
        (0.36, 0.25),
        (0.55, 0.48),
        (0.84, 0.55),
        (0.9, 0.68),
        (0.12, 0.68),
    ]
    draw.polygon([(x * w, y * h) for x, y in upper], fill=colour)
    draw.rectangle((0.1 * w, 0.68 * h, 0.92 * w, 0.78 * h), fill=sole, outline="black")
    return image


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a.astype(np.float64) * b.astype(np.float64)).sum(axis=1)


class EncoderContract:
    """The suite. ``path`` is the dotted class, ``options`` its arguments (also in a child)."""

    path: str
    alike = 0.9999
    """The least cosine of what one photo or sentence gives in two ways."""

    @pytest.fixture
    def options(self) -> dict[str, Any]:
        return {}

    @pytest.fixture
    def encoder(self, options: dict[str, Any]) -> Encoder:
        return self.build(options)

    def build(self, options: dict[str, Any]) -> Encoder:
        from django.utils.module_loading import import_string

        return import_string(self.path)(**options)

    @pytest.fixture
    def photos(self) -> list[Image.Image]:
        return [
            drawn_shoe("red"),
            drawn_shoe("navy", size=(90, 140)),
            drawn_shoe("black", size=(640, 480), sole="red"),
            drawn_shoe("green", size=(300, 80)),
            drawn_shoe("orange"),
        ]

    def check_shape(self, vectors: np.ndarray, n: int, encoder: Encoder) -> None:
        assert vectors.shape == (n, encoder.dim)
        assert vectors.dtype == np.float32
        assert np.isfinite(vectors).all()
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)

    def test_photos_become_unit_rows(self, encoder: Encoder, photos: list[Image.Image]) -> None:
        self.check_shape(encoder.encode_images(photos), len(photos), encoder)

    def test_words_become_unit_rows(self, encoder: Encoder) -> None:
        self.check_shape(encoder.encode_texts(WORDS), len(WORDS), encoder)

    def test_nothing_gives_no_rows(self, encoder: Encoder) -> None:
        assert encoder.encode_images([]).shape == (0, encoder.dim)
        assert encoder.encode_texts([]).shape == (0, encoder.dim)
        assert encoder.encode_images([]).dtype == encoder.encode_texts([]).dtype == np.float32

    def test_batch_is_the_same_as_one_by_one(
        self, encoder: Encoder, photos: list[Image.Image]
    ) -> None:
        batch = encoder.encode_images(photos)
        single = np.concatenate([encoder.encode_images([photo]) for photo in photos])
        assert cosines(batch, single).min() > self.alike
        words = [*WORDS, "shoe", "a much longer sentence about one shoe that is blue " * 3]
        batch = encoder.encode_texts(words)
        single = np.concatenate([encoder.encode_texts([word]) for word in words])
        assert cosines(batch, single).min() > self.alike

    def test_order_is_kept(self, encoder: Encoder, photos: list[Image.Image]) -> None:
        forward = encoder.encode_images(photos)
        assert cosines(forward, encoder.encode_images(photos[::-1])[::-1]).min() > self.alike
        # Different photos differ, or the line above would prove nothing.
        assert (forward @ forward.T - np.eye(len(photos))).max() < 0.99999
        words = ["shoe", *WORDS, "a long sentence about one shoe " * 5]
        forward = encoder.encode_texts(words)
        assert cosines(forward, encoder.encode_texts(words[::-1])[::-1]).min() > self.alike

    def test_more_than_one_inner_batch(self, encoder: Encoder, photos: list[Image.Image]) -> None:
        many = photos * 14
        vectors = encoder.encode_images(many)
        self.check_shape(vectors, len(many), encoder)
        assert cosines(vectors[:5], vectors[-5:]).min() > self.alike

    def test_threads_get_what_one_thread_gets(
        self, encoder: Encoder, photos: list[Image.Image]
    ) -> None:
        def both(_: int) -> tuple[np.ndarray, np.ndarray]:
            return encoder.encode_images(photos[:2]), encoder.encode_texts(WORDS)

        with ThreadPoolExecutor(4) as pool:
            results = list(
                pool.map(both, range(8))
            )  # the first call loads, in four threads at once
        for images, texts in results:
            assert cosines(images, results[0][0]).min() > self.alike
            assert cosines(texts, results[0][1]).min() > self.alike

    @pytest.mark.parametrize(
        "mode", ["L", "1", "P", "CMYK", "RGBA", "LA", "I;16", "I", "F", "YCbCr"]
    )
    def test_any_mode_is_read(self, encoder: Encoder, mode: str) -> None:
        photo = drawn_shoe("red")
        if mode == "I;16":
            grey = np.asarray(photo.convert("L"), dtype=np.uint16) * 257
            converted = Image.fromarray(grey)
        elif mode == "LA":
            converted = photo.convert("L").convert("LA")
        else:
            converted = photo.convert(mode)
        assert converted.mode == mode
        vector = encoder.encode_images([converted])
        self.check_shape(vector, 1, encoder)
        if mode in {"I;16", "LA"}:
            grey_photo = photo.convert("L").convert("RGB")
            assert cosines(vector, encoder.encode_images([grey_photo])).min() > 0.999
        if mode in {"RGBA", "CMYK"}:
            assert cosines(vector, encoder.encode_images([photo])).min() > 0.99

    def test_transparent_is_white(self, encoder: Encoder) -> None:
        photo = drawn_shoe("red")
        see_through = photo.convert("RGBA")
        pixels = np.array(see_through)
        pixels[(pixels[..., :3] == 255).all(axis=2)] = (0, 0, 0, 0)
        vector = encoder.encode_images([Image.fromarray(pixels, "RGBA")])
        assert cosines(vector, encoder.encode_images([photo])).min() > 0.999

    def test_odd_photos_are_encoded(self, encoder: Encoder) -> None:
        odd = [Image.new("RGB", size, "white") for size in [(1, 1), (1, 600), (900, 3)]]
        self.check_shape(encoder.encode_images(odd), len(odd), encoder)

    def test_photos_are_left_as_they_were(self, encoder: Encoder) -> None:
        photo = drawn_shoe("red")
        before = (photo.mode, photo.size, photo.tobytes())
        encoder.encode_images([photo])
        assert (photo.mode, photo.size, photo.tobytes()) == before

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "   ",
            "red shoe " * 2000,
            "x" * 10_000,
            "\x00\x1b\u200b",
            "빨간 신발",
            "👟",
            "\ud800",
        ],
        ids=["empty", "blank", "long", "one-long-word", "control", "korean", "emoji", "surrogate"],
    )
    def test_any_text_is_encoded(self, encoder: Encoder, text: str) -> None:
        self.check_shape(encoder.encode_texts([text]), 1, encoder)

    def test_long_text_is_cut_at_its_end(self, encoder: Encoder) -> None:
        head = "red shoe " * 2000
        vectors = encoder.encode_texts([head, head + "with a completely different ending"])
        assert cosines(vectors[:1], vectors[1:]).min() > 0.9999

    def test_patches_tell_where(self, encoder: Encoder) -> None:
        """A red and a green half: patches of a side are alike, and mirrored with the photo."""
        patches = patch_encoder(encoder)
        if patches is None:
            pytest.skip("this encoder gives no patches")
        photo = Image.new("RGB", (320, 160), "red")
        photo.paste("green", (160, 0, 320, 160))
        maps = patches.encode_patches([photo, photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT)])
        assert maps.dtype == np.float32
        assert maps.ndim == 4
        assert len(maps) == 2
        assert min(maps.shape[1:3]) > 1
        assert patches.encode_patches([]).shape[0] == 0
        left, right = maps[:, :, 0].mean(axis=1), maps[:, :, -1].mean(axis=1)
        one = (left[0] @ right[1]) / (np.linalg.norm(left[0]) * np.linalg.norm(right[1]))
        other = (left[0] @ left[1]) / (np.linalg.norm(left[0]) * np.linalg.norm(left[1]))
        assert one > other

    def test_built_twice_it_is_the_same(
        self, options: dict[str, Any], photos: list[Image.Image]
    ) -> None:
        first, second = self.build(options), self.build(options)
        assert first.id == second.id
        assert "@" in first.id
        assert "+" in first.id
        assert cosines(first.encode_images(photos), second.encode_images(photos)).min() > 0.9999

    def test_another_process_agrees_and_construction_is_light(
        self, options: dict[str, Any]
    ) -> None:
        """The same id and dim elsewhere, without loading weights or the libraries that run them."""
        code = (
            "import json, sys\n"
            "from django.utils.module_loading import import_string\n"
            "encoder = import_string(sys.argv[1])(**json.loads(sys.argv[2]))\n"
            "heavy = {'torch', 'onnxruntime', 'transformers', 'sentence_transformers'}\n"
            "heavy &= set(sys.modules)\n"
            "print(json.dumps({'heavy': sorted(heavy), 'id': encoder.id, 'dim': encoder.dim}))\n"
        )
        run = subprocess.run(
            [sys.executable, "-c", code, self.path, json.dumps(options, default=str)],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": "7"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        told = json.loads(run.stdout.splitlines()[-1])
        encoder = self.build(options)
        assert told == {"heavy": [], "id": encoder.id, "dim": encoder.dim}


class UprightContract:
    """Of encoders that turn photos by themselves, beside `EncoderContract`."""

    def test_what_is_turned_is_told(self, encoder: Encoder) -> None:
        upright = upright_encoder(encoder)
        assert upright is not None
        shoes = [drawn_shoe(colour, size=(300, 220)) for colour in ("red", "blue", "black")]
        vectors, turned = upright.encode_upright(shoes)
        assert turned.tolist() == [0, 0, 0]
        assert np.array_equal(vectors, encoder.encode_images(shoes))
        lying = [shoe.rotate(90, expand=True) for shoe in shoes]
        again, turned = upright.encode_upright(lying)
        assert turned.tolist() == [270, 270, 270]
        assert cosines(vectors, again).min() > 0.999
        nothing, none = upright.encode_upright([])
        assert nothing.shape == (0, encoder.dim)
        assert none.shape == (0,)
