"""One edited query, whole, in times of the encoder's own: ``python -m benchmarks.query``.

*Query* is all of ``search()`` but naming the shoe: the visitor's photo is read and decoded, the
sentence parsed, both encoded, the catalog ranked by the mixture, the first page hydrated. *Again*
is the same asked once more, as each chip and filter does: the photo is known by then. *Encoder*
is ``encode_images`` of the same photo, decoded. *Identify* is what naming the shoe adds. Query and
encoder are timed alternately, so that what else the machine does falls on both alike. Sentences
come again, as visitors' do, so the vectors of their canonical forms are known; *new words* asks
each time for something that nobody said before.

The catalog is generated: colorways of 500 models with four photos and an offer each, clustered
vectors, evidence of pixels. The recogniser is the default one over up to 64 photos of each model,
uncalibrated, which costs a query the same. ``--cpu`` counts processor time, for a busy machine.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from benchmarks.embed import draw
from benchmarks.search import PHOTOS_PER_COLORWAY, fill_catalog, unit_rows

if TYPE_CHECKING:
    from PIL.Image import Image

    from search.encoders import Encoder
    from search.results import SearchPage

GOAL, GOAL_IDENTIFY = 2.5, 0.2
MODELS = 500
SIDE = 800
"""Pixels of the visitor's photos."""
SENTENCES = (
    "same but in burgundy", "same brand, navy instead of black", "another brand, red or blue",
    "not leather, high top", "the same in white", "Brand 3, black, under 80", "for kids, pink",
    "without the white sole",
)  # fmt: skip

T = TypeVar("T")
Clock = Callable[[], float]
Seconds = list[float]


@dataclass(frozen=True)
class Figures:
    """Milliseconds, and what is judged by them."""

    photos: int
    queries: int
    clock: str
    encoder: tuple[float, float]
    """p50, p95."""
    query: tuple[float, float]
    """Without ``identify``."""
    again: tuple[float, float]
    """Whole, of a photo that was asked for before."""
    new_words: tuple[float, float]
    """With it, in words that nobody said before."""
    identify: tuple[float, float]
    stages: dict[str, float]
    """p50 of each."""
    ratio: float
    """p95 of the query ÷ p50 of the encoder."""
    identify_share: float
    """p50 of identify ÷ p50 of the query without it."""

    @property
    def missed(self) -> bool:
        return self.ratio > GOAL or self.identify_share > GOAL_IDENTIFY


def main(argv: Sequence[str] | None = None) -> Figures:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--cpu", action="store_true", help="processor time, not the clock's")
    parser.add_argument("--profile", action="store_true", help="print where the time goes")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="shoefinder-bench-") as folder:
        figures = run(options, Path(folder))
    print_table(figures)
    if options.json:
        options.json.write_text(json.dumps(asdict(figures), indent=2) + "\n")
    return figures


def print_table(figures: Figures) -> None:
    print(
        f"{figures.photos} photos, {figures.queries} queries, {figures.clock}, "
        f"{os.cpu_count()} cores"
    )
    print(f"{'':<28}{'p50 ms':>9}{'p95 ms':>9}")
    for name in ("encoder", "query", "again", "new_words", "identify"):
        middle, high = getattr(figures, name)
        print(f"{name.replace('_', ' '):<28}{middle:>9.1f}{high:>9.1f}")
    for stage, middle in figures.stages.items():
        print(f"  {stage:<26}{middle:>9.1f}")
    for what, value, goal in (
        ("query p95 ÷ encoder p50", figures.ratio, GOAL),
        ("identify ÷ the rest of the query", figures.identify_share, GOAL_IDENTIFY),
    ):
        print(f"{'met   ' if value <= goal else 'MISSED'} {what}: {value:.2f} (≤ {goal})")


def run(options: argparse.Namespace, folder: Path) -> Figures:
    os.environ["DATABASE_URL"] = f"sqlite:///{folder / 'bench.sqlite3'}"
    os.environ["SHOEFINDER_VAR"] = str(folder)
    os.environ["DJANGO_SETTINGS_MODULE"] = "shoefinder.settings.dev"
    os.environ.setdefault("SECRET_KEY", "bench")
    import django

    django.setup()
    from django.core.management import call_command

    from search.encoders import get_encoder

    call_command("migrate", verbosity=0)
    encoder = get_encoder("lite")
    tokens, pictures = visitors(encoder)
    build(options.photos, encoder, pictures)
    clock = time.process_time if options.cpu else time.perf_counter
    for number in range(2 * len(SENTENCES)):  # fills what is kept between queries
        ask(tokens, number, SENTENCES[number % len(SENTENCES)])
    if options.profile:
        profiled(lambda: [ask(tokens, n, SENTENCES[n % len(SENTENCES)]) for n in range(40)])
    return measured(options, encoder, tokens, pictures, clock)


def measured(
    options: argparse.Namespace,
    encoder: Encoder,
    tokens: Sequence[str],
    pictures: Sequence[Image],
    clock: Clock,
) -> Figures:
    from django.core.cache import cache

    times: dict[str, Seconds] = defaultdict(list)
    stages: dict[str, Seconds] = defaultdict(list)

    def timed(name: str, call: Callable[[], T]) -> T:
        started = clock()
        found = call()
        times[name].append(1000 * (clock() - started))
        return found

    for number in range(options.queries):
        sentence, picture = SENTENCES[number % len(SENTENCES)], pictures[number % len(pictures)]
        timed("encoder", partial(encoder.encode_images, [picture]))
        cache.clear()  # what is remembered of a visitor's photo
        page = timed("query", partial(ask, tokens, number, sentence))
        timed("again", partial(ask, tokens, number, sentence))
        for stage, seconds in page.timings.items():
            stages[stage].append(1000 * seconds)
        if number % 4 == 0:
            odd = f"{sentence}, as in dream {number}"
            cache.clear()
            timed("new", partial(ask, tokens, number, odd))
    whole, identify = np.array(times["query"]), np.array(stages["identify"])
    # Stages are told by the clock; as processor time they are taken in proportion.
    told = np.sum([stages[name] for name in stages], axis=0)
    identify = identify * np.minimum(whole / told, 1.0)
    return Figures(
        photos=options.photos, queries=options.queries,
        clock="processor time" if options.cpu else "by the clock",
        encoder=spread(times["encoder"]), query=spread(whole - identify),
        again=spread(times["again"]), new_words=spread(times["new"]), identify=spread(identify),
        stages={name: float(np.median(found)) for name, found in stages.items()},
        ratio=spread(whole - identify)[1] / spread(times["encoder"])[0],
        identify_share=float(np.median(identify) / np.median(whole - identify)),
    )  # fmt: skip


def ask(tokens: Sequence[str], number: int, words: str) -> SearchPage:
    from search import Query, search

    return search(Query(words=words, photo=tokens[number % len(tokens)]))


def spread(values: Sequence[float] | npt.NDArray[np.floating]) -> tuple[float, float]:
    return float(np.percentile(values, 50)), float(np.percentile(values, 95))


def visitors(encoder: Encoder) -> tuple[list[str], list[Image]]:
    """Tokens of photos that were sent, and the same as the engine decodes them."""
    from search.pictures import picture_load
    from search.queries import query_photo_create

    kept = [query_photo_create(draw(number, SIDE)) for number in range(16)]
    return [photo.token for photo in kept], [picture_load(photo.file) for photo in kept]


def build(photos: int, encoder: Encoder, pictures: Sequence[Image]) -> None:
    """Catalog, evidence, index and recogniser."""
    from catalog.models import Colorway, Listing, Retailer, ShoeImage
    from catalog.selectors import image_payloads
    from search.evidence import VERSION, describe
    from search.models import ImageEvidence
    from search.stores import get_store

    ids = fill_catalog(photos)
    shop = Retailer.objects.create(name="Shop", slug="shop")
    colorways = list(Colorway.objects.order_by("id").values_list("id", flat=True))
    Listing.objects.bulk_create(
        (
            Listing(
                retailer=shop, colorway_id=number, url=f"https://shop.example/{number}",
                url_sha256=f"{number:064x}", title=f"Model {number} in red", price=80,
                currency="USD",
            )
            for number in colorways
        ),
        batch_size=2000,
    )  # fmt: skip
    for at in range(0, len(colorways), 10_000):
        ends = colorways[at : at + 10_000]
        images = ShoeImage.objects.filter(colorway_id__in=ends).order_by("-id")
        covers = dict(images.values_list("colorway_id", "id"))
        Colorway.objects.bulk_update(
            [Colorway(pk=number, cover_id=covers[number]) for number in ends], ["cover"],
            batch_size=500,
        )  # fmt: skip
    described = [describe(picture) for picture in pictures]
    ImageEvidence.objects.bulk_create(
        (
            ImageEvidence(image_id=number, version=VERSION, data=described[number % len(described)])
            for number in ids
        ),
        batch_size=2000,
    )
    labels = (np.arange(photos) // PHOTOS_PER_COLORWAY) % MODELS
    vectors = clustered(labels, encoder.encode_images(pictures).mean(axis=0))
    payloads = image_payloads(ids)
    store = get_store(encoder_id=str(encoder.id), dim=encoder.dim)
    step = 10_000
    store.rebuild(
        (ids[at : at + step], vectors[at : at + step], [payloads[n] for n in ids[at : at + step]])
        for at in range(0, photos, step)
    )
    teach(encoder, vectors, labels)


def clustered(
    labels: npt.NDArray[np.intp], middle: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Photos of a model are near each other, and all are about where encoders put shoes."""
    dim = len(middle)
    rows = unit_rows(len(labels), dim, seed=1) * 0.4 + unit_rows(MODELS, dim, seed=2)[labels] * 0.7
    rows += middle / np.linalg.norm(middle)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def teach(encoder: Encoder, vectors: npt.NDArray[np.float32], labels: npt.NDArray[np.intp]) -> None:
    """The default recogniser; its calibration would take minutes and costs a query nothing."""
    from catalog.models import ShoeModel
    from search.recognition.blend import USUAL, Blend
    from search.recognition.calibration import Calibration
    from search.recognition.fits import fit_save
    from search.recognition.gallery import Facts, Gallery
    from search.recognition.learning import MOST
    from search.recognition.recogniser import Recogniser
    from search.texts import text_space

    models = list(ShoeModel.objects.select_related("brand").order_by("id"))
    gallery = Gallery.of(
        vectors, labels, [Facts(str(model), model.brand.name, "low") for model in models]
    )
    gallery = gallery.only(gallery.draw(MOST))
    space = text_space(encoder)
    fitted = Blend(weights=USUAL).fit(gallery, space)
    sums = gallery.membership().T @ gallery.vectors
    means = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    recogniser = Recogniser("blend", gallery.models, fitted, means, Calibration())
    fit_save(recogniser, encoder_id=str(encoder.id), model_ids=[model.pk for model in models])


def profiled(call: Callable[[], object]) -> None:
    import cProfile
    import pstats

    profile = cProfile.Profile()
    profile.runcall(call)
    pstats.Stats(profile).sort_stats("tottime").print_stats(45)


if __name__ == "__main__":
    sys.exit(main().missed)
