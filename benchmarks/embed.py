"""Embedding, from files to a published index: ``python -m benchmarks.embed``.

*Pipeline* is the whole of ``embed_pending``: the work list, reading and decoding JPEG files,
encoding, rows in the database, payloads, the index and its publishing. *Encoder* is
``encode_images`` over the same photos, decoded before the clock starts as the pipeline decodes
them, all in one call, which suits it best. Both work off the same photos by turns, so that what
else the machine does falls on both alike; the ratio is that of the summed times.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from benchmarks.frame import Goal, finish, own_site, parser_of

if TYPE_CHECKING:
    from search.encoders import Encoder

LIMIT = 0.85
DRAWINGS = 48
"""Different photos; more of them only take longer to draw."""
RULES = (
    "near-duplicate=off,not-a-shoe=1,partly-visible=1,heel-or-sole=1,unclear=1,box=1,collage=1,"
    "overlay-text=1"
)
"""The drawings are much alike, and no rule takes them for shoes: each is judged, and embedded."""


@dataclass(frozen=True)
class Row:
    """Photos per second of both, and their ratio."""

    encoder: str
    photos: int
    rounds: int
    batch: int
    pipeline_rate: float
    encoder_rate: float
    decode_rate: float
    """Of one thread alone."""
    ratio: float


def main(argv: Sequence[str] | None = None) -> int:
    parser = parser_of(__doc__)
    parser.add_argument("--photos", type=int, default=512, help="photos of a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", type=int, default=600, help="pixels of a photo's side")
    options = parser.parse_args(argv)
    with own_site(SHOEFINDER_PHOTO_RULES=RULES):
        row = run(options)
    print(f"{row.rounds} × {row.photos} JPEGs of {options.side} px, batches of {row.batch}, "
          f"{os.cpu_count()} cores, {row.encoder}")  # fmt: skip
    print(f"{'pipeline/s':>12}{'encoder/s':>12}{'decode/s':>12}{'ratio':>8}")
    print(f"{row.pipeline_rate:>12.1f}{row.encoder_rate:>12.1f}{row.decode_rate:>12.1f}"
          f"{row.ratio:>8.2f}")  # fmt: skip
    return finish(options.json, asdict(row), [Goal("pipeline ÷ encoder", row.ratio, LIMIT)])


def run(options: argparse.Namespace) -> Row:
    from django.conf import settings

    from catalog.models import PhotoCheck
    from search.encoders import get_encoder
    from search.encoders.base import enough_pixels
    from search.models import ImageEmbedding
    from search.services import embed_pending

    encoder = get_encoder()
    fill(options.photos, side=options.side)
    images, decoding = decoded(enough_pixels(encoder))
    batch = settings.SHOEFINDER_EMBED_BATCH
    embed_pending(limit=batch)
    encode(encoder, images[:batch])
    pipeline = alone = 0.0
    for _ in range(options.rounds):
        ImageEmbedding.objects.all().delete()
        PhotoCheck.objects.all().delete()
        started = time.perf_counter()
        report = embed_pending()
        pipeline += time.perf_counter() - started
        if (report.embedded, report.failed) != (options.photos, 0):
            raise SystemExit(f"The pipeline did not embed every photo: {report}")
        alone += encode(encoder, images)
    total = options.rounds * options.photos
    return Row(
        encoder=str(encoder.id),
        photos=options.photos,
        rounds=options.rounds,
        batch=batch,
        pipeline_rate=total / pipeline,
        encoder_rate=total / alone,
        decode_rate=options.photos / decoding,
        ratio=alone / pipeline,
    )


def encode(encoder: Encoder, images: Sequence[Image.Image]) -> float:
    """Seconds for all of ``images``."""
    started = time.perf_counter()
    encoder.encode_images(images)
    return time.perf_counter() - started


def decoded(at_least: int) -> tuple[list[Image.Image], float]:
    """Every photo as the pipeline hands it to the encoder, and the seconds that it took."""
    from catalog.images import photo_load
    from catalog.models import ShoeImage

    images = []
    started = time.perf_counter()
    for photo in ShoeImage.objects.order_by("pk"):
        with photo.file.storage.open(photo.file.name) as file:
            images.append(photo_load(file, at_least=at_least))
    return images, time.perf_counter() - started


def fill(count: int, *, side: int) -> None:
    """Accepted photos, each with a file and a colorway of its own."""
    from django.core.files.base import ContentFile

    from catalog.models import Brand, Colorway, ShoeImage, ShoeModel

    brand = Brand.objects.create(name="Alba", slug="alba")
    model = ShoeModel.objects.create(brand=brand, name="Runner", slug="runner")
    drawings = [draw(number, side) for number in range(min(count, DRAWINGS))]
    images = []
    for number in range(count):
        content = drawings[number % len(drawings)]
        colorway = Colorway.objects.create(model=model, brand=brand, style_code=f"A{number}")
        image = ShoeImage(
            sha256=f"{number:064x}", format="JPEG", byte_size=len(content), width=side,
            height=side, colorway=colorway,
        )  # fmt: skip
        image.file.name = image.file.storage.save(f"photos/{number}.jpg", ContentFile(content))
        images.append(image)
    ShoeImage.objects.bulk_create(images)


def draw(number: int, side: int) -> bytes:
    """A shoe-like shape with texture and a soft shadow on white, as JPEG of a shop's quality."""
    rng = np.random.default_rng(number)
    image = Image.new("RGB", (side, side), "white")
    shadow = Image.new("L", (side, side), 0)
    ImageDraw.Draw(shadow).ellipse((0.1 * side, 0.66 * side, 0.92 * side, 0.78 * side), fill=120)
    image.paste((60, 60, 60), mask=shadow.filter(ImageFilter.GaussianBlur(side / 40)))
    upper = Image.new("L", (side, side), 0)
    points = [(0.12, 0.64), (0.14, 0.3), (0.34, 0.27), (0.55, 0.48), (0.86, 0.56), (0.92, 0.68)]
    ImageDraw.Draw(upper).polygon([(x * side, y * side) for x, y in points], fill=255)
    colour = rng.integers(20, 230, 3)
    weave = colour + rng.normal(0, 9, (side, side, 3))
    texture = Image.fromarray(weave.clip(0, 255).astype(np.uint8))
    image.paste(texture.filter(ImageFilter.GaussianBlur(0.8)), mask=upper)
    pen = ImageDraw.Draw(image)
    sole = tuple(int(v) for v in rng.integers(0, 255, 3))
    pen.rounded_rectangle((0.1 * side, 0.66 * side, 0.93 * side, 0.74 * side), side / 40, fill=sole)
    for step in range(6):
        x = (0.34 + 0.035 * step) * side
        pen.line((x, (0.3 + 0.03 * step) * side, x + side / 14, (0.27 + 0.03 * step) * side),
                 fill="white", width=max(1, side // 90))  # fmt: skip
    out = io.BytesIO()
    image.filter(ImageFilter.GaussianBlur(0.5)).save(out, "JPEG", quality=88)
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main())
