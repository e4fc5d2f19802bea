"""The folder that a training run leaves: what went in, how it went, and its curves."""

from __future__ import annotations

import csv
import json
import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from search.encoders.artifacts import PROJECT, sha256_of
from search.evaluation.datasets import ShoePhoto

CURVES: Final = {
    "Loss": ("loss",),
    "Names": ("model_top1", "model_top5", "brand_top1"),
    "Colours": ("colour_top1", "colour_top5"),
    "Edits": ("edit_image_map", "edit_sum_r1", "edit_sum_map", "edit_direction_map"),
}


def run_write(out: Path, photos: Sequence[ShoePhoto], options: dict[str, Any]) -> None:
    """``run.json`` (options, revision, versions) and ``manifest.csv`` (every photo, its hash)."""
    import torch

    told = {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "git": git_revision(),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "options": options,
    }
    (out / "run.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    with (out / "manifest.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("split", "dataset", "group", "sha256", "file"))
        writer.writerows(
            (p.split, p.dataset, p.group, sha256_of(p.path), p.path.name) for p in photos
        )


def curves_write(out: Path, history: Sequence[dict[str, float]]) -> None:
    """``metrics.csv``, a row for each pass, and ``curves.png``, the same to look at."""
    if not history:
        return
    with (out / "metrics.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(history[0]))
        writer.writeheader()
        writer.writerows(history)
    from matplotlib.figure import Figure  # a second to import: nothing else here needs it

    figure = Figure(figsize=(10, 6), layout="constrained")
    passes = [row["epoch"] for row in history]
    for axes, (title, names) in zip(figure.subplots(2, 2).flat, CURVES.items(), strict=True):
        shown = [name for name in names if name in history[0]]
        for name in shown:
            axes.plot(passes, [row[name] for row in history], label=name)
        axes.set(title=title, xlabel="pass")
        axes.grid(alpha=0.3)
        if shown:
            axes.legend()
    figure.savefig(out / "curves.png", dpi=110)


def git_revision() -> str:
    """The commit that the code stands at, ``+`` where it was changed; empty outside of git."""
    command = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    try:
        run = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return run.stdout.strip()


def tensors_write(
    path: Path,
    tensors: Mapping[str, npt.NDArray[np.floating[Any]]],
    *,
    metadata: dict[str, str] | None = None,
) -> None:
    """A safetensors file, there whole or not at all, that the web server's user may read."""
    from safetensors.numpy import save_file

    beside = path.with_name(f".{path.name}")
    save_file(dict(tensors), beside, metadata=metadata)
    beside.chmod(0o644)  # it is written as 0600
    beside.replace(path)
