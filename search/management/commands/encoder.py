"""``manage.py encoder …``: change the encoder without a break in search; measure encoders."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from argparse import ArgumentTypeError
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, cast

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from rich.console import Console
from rich.filesize import decimal as file_size
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from search.active import active_name
from search.encoders import Encoder, get_encoder
from search.encoders.benchmark import measure, random_clips
from search.encoders.clip import RUNTIMES, ClipEncoder
from search.encoders.shapes import SHAPES
from search.exceptions import IndexBusy, SearchError
from search.locking import switch_driver
from search.models import EncoderSwitch
from search.services import (
    encoder_forget,
    encoder_rollback,
    encoder_switch_cancel,
    encoder_switch_request,
    encoder_switch_run,
    photos_behind,
)
from search.switches import (
    KeptEncoder,
    Role,
    SwitchPlan,
    encoders_kept,
    switch_plan,
    switch_unfinished,
)

BAD, HELD, BUSY, INTERRUPTED = 1, 2, 3, 130
POLL_SECONDS = 0.5

Status = EncoderSwitch.Status


class Command(BaseCommand):
    help = (
        "Change the encoder while searches go on, and measure encoders. Exit status: 0 done, 1 it "
        "failed or is refused, 2 the switch waits for a decision, 3 another process is at it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parts = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        texts = {
            "status": "which encoder answers, which others are kept, and how a switch stands",
            "switch": "embed everything with another encoder, build and verify its index beside "
            "the old one, then swap; run it again to go on after an interruption",
            "rollback": "go back to the encoder before, at once",
            "forget": "delete the vectors and the index of an encoder that is not used any more",
            "cancel": "give up the switch that is under way",
            "benchmark": "photos/s, ms for a text and nearness to float32, side by side",
        }
        for action, text in texts.items():
            part = parts.add_parser(action, help=text, description=text.capitalize())
            part.add_argument("--json", action="store_true", help="print the answer as JSON")
            if action == "switch":
                part.add_argument("name", metavar="NAME", help="as SHOEFINDER_ENCODER takes it")
                part.add_argument(
                    "--plan", action="store_true", help="tell what it takes, and change nothing"
                )
                part.add_argument(
                    "--anyway",
                    action="store_true",
                    help="although photos are missing, or labelled queries answered worse",
                )
            if action == "forget":
                part.add_argument(
                    "name", metavar="NAME", help="name or id of an encoder, or `unused` for all"
                )
            if action == "benchmark":
                part.add_argument(
                    "names", metavar="NAME", nargs="*",
                    help="encoders to compare; of a single CLIP all its runtimes. By default `lite`"
                    " and a CLIP with random weights",
                )  # fmt: skip
                part.add_argument(
                    "--shape", choices=sorted(SHAPES), default="vit-b-32", help="of that CLIP"
                )
                part.add_argument("--batch", type=positive, default=32, metavar="N")
                part.add_argument("--rounds", type=positive, default=5, metavar="N")
            if action in {"switch", "forget"}:
                part.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        # Rich writes whole lines itself; Django's wrapper would add an end to each part.
        out = cast(IO[str], getattr(self.stdout, "_out", self.stdout))
        self.console = Console(file=out, highlight=False, soft_wrap=True)
        self.options = options
        actions: dict[str, Callable[[], None]] = {
            "status": self.status,
            "switch": self.switch,
            "rollback": self.rollback,
            "forget": self.forget,
            "cancel": self.cancel,
            "benchmark": self.benchmark,
        }
        try:
            actions[action]()
        except IndexBusy as error:
            raise CommandError(f"{error} Try again later.", returncode=BUSY) from error
        except SearchError as error:
            raise CommandError(str(error), returncode=BAD) from error
        except KeyboardInterrupt:
            message = (
                "Interrupted. Searches are answered as before; run it again to go on, or "
                "`manage.py encoder cancel`. A running worker goes on with it by itself."
            )
            raise CommandError(message, returncode=INTERRUPTED) from None

    def status(self) -> None:
        kept, switch = encoders_kept(), switch_unfinished()
        if self.options["json"]:
            self.tell_json(
                {
                    "active": active_name(),
                    "setting": settings.SHOEFINDER_ENCODER,
                    "encoders": [asdict(encoder) for encoder in kept],
                    "switch": switch and _told(switch),
                }
            )
            return
        table = Table(title="Encoders", title_justify="left")
        for column in ("role", "name", "id", "dim", "vectors", "in its index", "disk"):
            table.add_column(column, overflow="fold")
        for encoder in kept:
            table.add_row(*_cells(encoder))
        self.console.print(table)
        if switch is not None:
            self.console.print(f"A switch to {switch.name} {_stands(switch)}")
        elif active_name() != settings.SHOEFINDER_ENCODER:
            self.console.print(
                f"SHOEFINDER_ENCODER says {settings.SHOEFINDER_ENCODER}, a switch has chosen "
                f"{active_name()} since: set it to that, or switch back."
            )

    def switch(self) -> None:
        name = self.options["name"]
        under_way = switch_unfinished()
        if under_way is None or under_way.name != name:
            plan = switch_plan(name=name, probe=not self.options["json"])
            if not self.options["json"]:
                self.tell_plan(plan)
            if self.options["plan"]:
                if self.options["json"]:
                    self.tell_json(asdict(plan) | {"fits": plan.fits})
                return
            self.confirm(f"Switch to {name}?")
        switch = encoder_switch_request(
            name=name,
            trigger=EncoderSwitch.Trigger.COMMAND,
            anyway=self.options["anyway"],
            enqueue=False,
        )
        self.follow(switch)
        switch.refresh_from_db()
        if self.options["json"]:
            self.tell_json(_told(switch))
        if switch.status == Status.HELD:
            raise CommandError(switch.message, returncode=HELD)
        if switch.status != Status.DONE:
            raise CommandError(switch.message or "It was cancelled.", returncode=BAD)
        if not self.options["json"]:
            self.console.print(
                f"{switch.name} answers now. {switch.from_name} is kept: `manage.py encoder "
                "rollback` goes back, `manage.py encoder forget` clears it away."
            )

    def follow(self, switch: EncoderSwitch) -> None:
        """Do it, or watch the process that does it."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(elapsed_when_finished=False),
        )
        console = Console(stderr=True, highlight=False)
        with Progress(*columns, console=console, disable=self.options["json"]) as bar:
            task = bar.add_task("Waiting", total=None)

            def show(at: EncoderSwitch) -> None:
                label = EncoderSwitch.Stage(at.stage).label
                if bar.tasks[0].description != label:
                    bar.reset(task, description=label)
                bar.update(task, total=at.total or None, completed=at.count)

            while True:
                try:
                    encoder_switch_run(switch_id=switch.pk, progress=show)
                    return
                except IndexBusy:
                    if switch_driver() is None:
                        continue
                    switch.refresh_from_db()
                    show(switch)
                    time.sleep(POLL_SECONDS)

    def rollback(self) -> None:
        switch = encoder_rollback()
        behind = photos_behind(switch)
        if self.options["json"]:
            self.tell_json(_told(switch) | {"photos_behind": behind})
            return
        self.console.print(f"{switch.name} answers again; {switch.from_name} is kept.")
        if behind:
            self.console.print(
                f"{behind} photos that came since have no vector of it yet: a worker embeds them, "
                "or `manage.py embed`."
            )

    def forget(self) -> None:
        wanted = self.options["name"]
        kept = encoders_kept()
        unused = [k for k in kept if k.role is Role.KEPT]
        chosen = unused if wanted == "unused" else _chosen(kept, wanted)
        if not chosen:
            raise CommandError(
                "Nothing is kept that is not used."
                if wanted == "unused"
                else f"Nothing is kept of {wanted}; `manage.py encoder status` lists what is.",
                returncode=BAD,
            )
        for encoder in chosen:
            self.confirm(
                f"Delete {encoder.vectors:,} vectors and the index of {encoder.encoder_id} "
                f"({file_size(encoder.bytes_used)})? Only embedding anew brings them back."
            )
            gone = encoder_forget(encoder_id=encoder.encoder_id)
            if self.options["json"]:
                self.tell_json(asdict(gone))
            else:
                self.console.print(f"{gone.vectors:,} vectors of {gone.encoder_id} are gone.")

    def cancel(self) -> None:
        switch = encoder_switch_cancel()
        if self.options["json"]:
            self.tell_json(_told(switch))
            return
        self.console.print(
            f"The switch to {switch.name} is given up. Its vectors are kept for another try; "
            f"`manage.py encoder forget {switch.name}` clears them away."
        )

    def benchmark(self) -> None:
        with tempfile.TemporaryDirectory(prefix="shoefinder-encoder-") as folder:
            names, shape = self.options["names"], self.options["shape"]
            encoders: dict[str, Encoder] = {"lite": get_encoder("lite")}
            if names:
                encoders = encoders_compared(names)
            else:
                threads = settings.SHOEFINDER_ENCODER_THREADS
                encoders |= random_clips(Path(folder), shape=shape, threads=threads)
            rounds = self.options["rounds"]
            console = Console(stderr=True, highlight=False)
            with Progress(console=console, disable=self.options["json"]) as bar:
                task = bar.add_task("Measuring", total=rounds * len(encoders))
                found = measure(
                    encoders,
                    batch=self.options["batch"],
                    rounds=rounds,
                    reference=next((n for n in encoders if n.endswith(":torch")), None),
                    progress=lambda: bar.advance(task),
                )
        if self.options["json"]:
            self.tell_json({"encoders": [asdict(row) for row in found]})
            return
        table = Table(title=f"Batches of {self.options['batch']}", title_justify="left")
        for column in ("encoder", "dim", "photos/s", "ms one photo", "ms a text", "cosine"):
            table.add_column(column, overflow="fold", justify="right")
        for row in found:
            cosine = "–" if row.cosine is None else f"{row.cosine:.5f}"
            table.add_row(
                row.name, str(row.dim), f"{row.photos_per_second:.1f}", f"{row.photo_ms:.1f}",
                f"{row.text_ms:.1f}", cosine,
            )  # fmt: skip
        self.console.print(table)

    def confirm(self, question: str) -> None:
        """Only people are asked; a script that calls this has decided."""
        if self.options["yes"] or self.options["json"] or not sys.stdin.isatty():
            return
        self.console.print(f"{question} [y/N] ", end="")
        if input().strip().lower() not in {"y", "yes"}:
            raise CommandError("Nothing was changed.", returncode=BAD)

    def tell_plan(self, plan: SwitchPlan) -> None:
        table = Table(title=f"Switch to {plan.name}", show_header=False, title_justify="left")
        table.add_column(style="dim")
        table.add_column(overflow="fold")
        time_left = "–" if plan.seconds is None else _duration(plan.seconds)
        rate = f" at {plan.photos_per_second:.1f} photos/s" if plan.photos_per_second else ""
        for label, value in (
            ("id", plan.encoder_id),
            ("dimensions", str(plan.dim)),
            ("photos to embed", f"{plan.to_embed:,} of {plan.photos:,}"),
            ("time, about", f"{time_left}{rate}"),
            ("disk needed, at most", file_size(plan.bytes_needed)),
            ("disk free", file_size(plan.bytes_free)),
        ):
            table.add_row(label, value)
        self.console.print(table)

    def tell_json(self, answer: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(answer, indent=2, cls=DjangoJSONEncoder))


def positive(text: str) -> int:
    if not (text.isdecimal() and int(text)):
        raise ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def encoders_compared(names: list[str]) -> dict[str, Encoder]:
    """Each by its name; of a CLIP named without a runtime all three, torch first."""
    encoders: dict[str, Encoder] = {}
    for name in names:
        encoder = get_encoder(name)
        if isinstance(encoder, ClipEncoder) and not name.endswith(tuple(f":{r}" for r in RUNTIMES)):
            encoders |= {f"{name}:{r}": get_encoder(f"{name}:{r}") for r in RUNTIMES}
        else:
            encoders[name] = encoder
    return encoders


def _told(switch: EncoderSwitch) -> dict[str, Any]:
    names = ("name", "encoder_id", "from_name", "from_encoder_id", "status", "stage", "count",
             "total", "comparison", "message", "swapped_at", "heartbeat_at")  # fmt: skip
    return {"id": switch.pk} | {name: getattr(switch, name) for name in names}


def _stands(switch: EncoderSwitch) -> str:
    stage = EncoderSwitch.Stage(switch.stage).label.lower()
    if switch.status == Status.HELD:
        return f"waits for a decision: {switch.message}"
    driver = switch_driver()
    who = f"{driver}" if driver else "nobody at the moment; a worker takes it up, or run it again"
    return f"is at: {stage}, {switch.count:,} of {switch.total:,} ({who})."


def _cells(encoder: KeptEncoder) -> list[str]:
    indexed = "none" if encoder.indexed is None else f"{encoder.indexed:,}"
    return [
        encoder.role.value, encoder.name or "–", encoder.encoder_id, str(encoder.dim),
        f"{encoder.vectors:,}", indexed, file_size(encoder.bytes_used),
    ]  # fmt: skip


def _chosen(kept: list[KeptEncoder], wanted: str) -> list[KeptEncoder]:
    """By id, else by name: of one name there may be several, as its files changed."""
    by_id = [encoder for encoder in kept if encoder.encoder_id == wanted]
    return by_id or [encoder for encoder in kept if encoder.name == wanted]


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
