"""An encoder that gives a test the time to kill its process."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

import numpy as np
from PIL import Image

from search.types import Vectors
from tests.fakes import FakeEncoder


class SlowEncoder(FakeEncoder):
    def encode_images(self, images: Sequence[Image.Image]) -> Vectors:
        time.sleep(len(images) * float(os.environ.get("SECONDS_PER_PHOTO", "0")))
        return super().encode_images(images)


class TurnedEncoder(SlowEncoder):
    """The same vectors with their parts in another order: alone it ranks alike."""

    def __init__(self) -> None:
        super().__init__(name="turned")

    def encode_images(self, images: Sequence[Image.Image]) -> Vectors:
        return np.ascontiguousarray(super().encode_images(images)[:, ::-1])

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        return np.ascontiguousarray(super().encode_texts(texts)[:, ::-1])
