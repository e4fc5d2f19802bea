"""An encoder that gives a test the time to kill its process."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from PIL import Image

from search.types import Vectors
from tests.fakes import FakeEncoder


class SlowEncoder(FakeEncoder):
    def encode_images(self, images: Sequence[Image.Image]) -> Vectors:
        time.sleep(len(images) * float(os.environ.get("SECONDS_PER_PHOTO", "0")))
        return super().encode_images(images)
