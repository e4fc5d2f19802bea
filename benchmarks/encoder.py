"""Encoders, by turns in one run: ``python -m benchmarks.encoder``.

`lite`, and a CLIP ViT-B/32 with random weights (which take as long as real ones) in torch float32,
in onnxruntime float32 and int8, on decoded photos.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.frame import Goal, finish, parser_of

if TYPE_CHECKING:
    from search.encoders.benchmark import Figures

SHAPE = "vit-b-32"
TORCH, INT8, LITE = f"{SHAPE}:torch", f"{SHAPE}:int8", "lite"


def main(argv: Sequence[str] | None = None) -> int:
    parser = parser_of(__doc__)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="shoefinder-bench-") as folder:
        figures = run(options, Path(folder))
    print(f"median of {options.rounds} rounds, batches of {options.batch}, "
          f"{options.threads} threads")  # fmt: skip
    print(f"{'encoder':>20}{'photos/s':>10}{'photo ms':>10}{'text ms':>10}{'cosine':>10}")
    for row in figures.values():
        cosine = "" if row.cosine is None else f"{row.cosine:.5f}"
        print(f"{row.name:>20}{row.photos_per_second:>10.1f}{row.photo_ms:>10.1f}"
              f"{row.text_ms:>10.1f}{cosine:>10}")  # fmt: skip
    rows = [asdict(row) for row in figures.values()]
    return finish(options.json, rows, goals_of(figures))


def run(options: argparse.Namespace, folder: Path) -> dict[str, Figures]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shoefinder.settings.dev")
    import django

    django.setup()
    from search.encoders import get_encoder
    from search.encoders.benchmark import measure, random_clips

    clips = random_clips(folder, shape=SHAPE, threads=options.threads, batch=options.batch)
    found = measure(
        {**clips, LITE: get_encoder(LITE)},
        batch=options.batch,
        rounds=options.rounds,
        reference=TORCH,
    )
    return {row.name: row for row in found}


def goals_of(figures: dict[str, Figures]) -> list[Goal]:
    torch, int8, lite = figures[TORCH], figures[INT8], figures[LITE]
    return [
        Goal("lite, photos/s in batches", lite.photos_per_second, 80),
        Goal("lite, ms for one photo", lite.photo_ms, 25, at_least=False),
        Goal("lite ÷ clip torch, in batches", lite.photos_per_second / torch.photos_per_second, 5),
        Goal("int8 ÷ torch, in batches", int8.photos_per_second / torch.photos_per_second, 1.7),
        Goal("int8 ÷ torch, one photo", torch.photo_ms / int8.photo_ms, 2.5),
    ]


if __name__ == "__main__":
    sys.exit(main())
