"""``manage.py train_encoder [DIR|--catalog] --out FOLDER``: train `lite` on labelled photos."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from search.exceptions import SearchError


class Command(BaseCommand):
    help = (
        "Train the `lite` encoder on labelled photos: a folder of MODEL folders, one laid out like "
        "SHOEFINDER_DATA, or the catalog. Interrupted, the same command goes on where it was."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        where = parser.add_mutually_exclusive_group()
        where.add_argument(
            "data", type=Path, nargs="?", help="labelled photos (default: SHOEFINDER_DATA)"
        )
        where.add_argument(
            "--catalog", action="store_true", help="the catalog's photos of known models instead"
        )
        parser.add_argument("--out", type=Path, required=True, help="folder to write weights to")
        parser.add_argument(
            "--sides", type=sides, metavar="PX:PASSES,…",
            help="how large photos are trained at, one after the other, such as 112:8,128:14; "
            "with --start and no passes (176:0) only how photos lie is learned anew",
        )  # fmt: skip
        parser.add_argument(
            "--start", metavar="FOLDER", help="go on from these weights, instead of from none"
        )
        parser.add_argument("--side", type=int, help="how large photos are when it serves, in px")
        parser.add_argument(
            "--turn-below", type=float, metavar="P",
            help="turn photos whose probability of being upright is below P; 0: never",
        )  # fmt: skip
        parser.add_argument("--patience", type=int, help="passes without progress before stopping")
        parser.add_argument("--captions", type=int, help="sentences per photo")
        parser.add_argument("--batch", type=int, help="photos per step")
        parser.add_argument("--palette", type=int, help="colours that are counted")
        parser.add_argument("--tower-rate", type=float, help="learning rate of the image tower")
        parser.add_argument("--learning-rate", type=float, help="learning rate of the heads")
        parser.add_argument("--seed", type=int)
        parser.add_argument("--limit", type=int, help="read only so many photos, for a trial")
        parser.add_argument("--threads", type=int, help="cores to use")

    def handle(self, *args: Any, **options: Any) -> None:
        # Here, not above: importing them costs seconds that `manage.py help` should not take.
        from search.evaluation.own import Catalog
        from search.evaluation.sources import Folder, Source
        from search.training.options import TrainOptions
        from search.training.run import encoder_train

        knobs = {
            name: options[name]
            for name in TrainOptions.__dataclass_fields__
            if options.get(name) is not None
        }
        counts = {name: knobs[name] for name in knobs if isinstance(knobs[name], int)}
        if bad := [f"--{name}" for name in counts if name != "seed" and counts[name] < 1]:
            raise CommandError(f"{', '.join(bad)} must be at least 1.")
        if any(not 0 < knobs.get(name, 1.0) <= 1 for name in ("tower_rate", "learning_rate")):
            raise CommandError("A learning rate lies above 0 and is at most 1.")
        if not 0 <= knobs.get("turn_below", 0.0) < 1:
            raise CommandError("--turn-below is a probability: 0, or more and less than 1.")
        console = Console(file=self.stdout)  # type: ignore[arg-type]
        folder = options["data"] or Path(settings.SHOEFINDER_DATA)
        source: Source = Catalog() if options["catalog"] else Folder(folder)
        with Bars(console) as bars:
            try:
                result = encoder_train(
                    source, options["out"], options=TrainOptions(**knobs), watcher=bars
                )
            except SearchError as error:
                raise CommandError(str(error)) from error
        console.print(_table(result.figures))
        console.print(f"Wrote {result.encoder_id} to {result.folder}", soft_wrap=True)
        console.print(
            f"To use it: manage.py encoder switch {result.folder}",
            soft_wrap=True,
        )


def sides(text: str) -> tuple[tuple[int, int], ...]:
    """``112:8,128:14`` as pairs of side and passes."""
    found = tuple((int(px), int(n)) for px, n in (pair.split(":") for pair in text.split(",")))
    if not all(32 <= px <= 512 and n >= 0 for px, n in found):
        raise ArgumentTypeError("sides lie between 32 and 512 px, passes are at least 0")
    return found


class Bars:
    """A bar per stage with time left, and a line per epoch."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<20}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
        )

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._progress.stop()

    def stage(self, name: str, total: int) -> Callable[[int], None]:
        task = self._progress.add_task(name, total=total)
        return lambda steps: self._progress.advance(task, steps)

    def epoch(self, figures: dict[str, float], *, best: bool) -> None:
        shown = ("loss", "model_top1", "brand_top1", "colour_top1", "edit_sum_r1", "edit_sum_map")
        told = "  ".join(f"{name} {figures[name]:.3f}" for name in shown if name in figures)
        self._progress.console.print(f"{figures['epoch']:>3.0f}  {told}{'  best' if best else ''}")


def _table(figures: dict[str, dict[str, dict[str, float]]]) -> Table:
    table = Table("figure", *figures, title="Value [95 % interval]")
    for metric in dict.fromkeys(name for split in figures.values() for name in split):
        cells = [split.get(metric) for split in figures.values()]
        table.add_row(
            metric,
            *(f"{c['value']:.3f} [{c['low']:.3f}, {c['high']:.3f}]" if c else "–" for c in cells),
        )
    return table
