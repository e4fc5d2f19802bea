"""The model card: what an encoder was made of, how well it does, and where it fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

NOTES: Final = Path(__file__).with_name("card_notes.md")
"""What only people can tell (provenance, licence, failures, experiments); kept by hand."""

NAMES: Final = {
    "model_top1": "which model, top-1 (20 nearest neighbours)",
    "model_top5": "which model, top-5",
    "brand_top1": "brand in words, top-1",
    "brand_top5": "brand in words, top-5",
    "colour_top1": "primary colour in words, top-1",
    "colour_top5": "primary colour in words, top-5",
}
METHODS: Final = ("image", "text", "sum", "product", "direction")


def model_card(*, encoder_id: str, training: dict[str, Any], vector: dict[str, Any]) -> str:
    """Markdown for ``MODEL_CARD.md``, from what a run measured and the notes kept by hand."""
    return "\n".join(
        [
            "# lite: photos and words of shoes in one space",
            "",
            f"Id `{encoder_id}`, {vector['dim']} dimensions, made by `manage.py train_encoder`.",
            "",
            NOTES.read_text(encoding="utf-8").strip(),
            "",
            "## Data",
            *_data(training["data"]),
            "",
            "## Figures",
            "Value [95 % bootstrap interval over queries] (queries). Written by the run itself, "
            "from the float16 weights read back. Epochs were chosen by validation; test was "
            "looked at once, after that.",
            "",
            *_figures(training.get("figures", {})),
            "",
            "## Options",
            *(f"- {name}: {value}" for name, value in training["options"].items()),
            *_best(training),
            "",
            *_before(training.get("before")),
        ]
    )


def _best(training: dict[str, Any]) -> list[str]:
    passes = len(training["history"])
    return [f"- best epoch: {training['best_epoch']} of {passes}"] if passes else []


def _before(training: dict[str, Any] | None) -> list[str]:
    """The options of the run that this one went on from, and of those before that."""
    if not training:
        return []
    return [
        "### Of the run before",
        *(f"- {name}: {value}" for name, value in training["options"].items()),
        *_best(training),
        "",
        *_before(training.get("before")),
    ]


def _data(manifest: dict[str, Any]) -> list[str]:
    rows = [
        f"| {name} | {counts['train']} | {counts['validation']} | {counts['test']} |"
        for name, counts in manifest["photos"].items()
    ]
    return [
        "Photos by split (`search/evaluation/splits.py`; by near-duplicate group, footlocker by "
        "model). Heads saw train only.",
        "",
        "| set | train | validation | test |",
        "|---|---|---|---|",
        *rows,
        "",
        f"SHA-256 over groups, splits and photos: `{manifest['sha256'][:16]}`",
    ]


def _figures(figures: dict[str, dict[str, dict[str, float]]]) -> list[str]:
    splits = list(figures)
    lines = [f"| | {' | '.join(splits)} |", "|---" * (len(splits) + 1) + "|"]
    for metric, name in NAMES.items():
        lines += _row(name, [figures[split].get(metric) for split in splits])
    for method in METHODS:
        for suffix, called in (("r1", "R@1"), ("r10", "R@10"), ("map", "mAP")):
            name = f"edit of colour, models unseen, {method}: {called}"
            lines += _row(name, [figures[s].get(f"edit_{method}_{suffix}") for s in splits])
    return lines


def _row(name: str, cells: list[dict[str, float] | None]) -> list[str]:
    if not any(cells):
        return []
    shown = [
        f"{c['value']:.3f} [{c['low']:.3f}, {c['high']:.3f}] ({c['n']:.0f})" if c else "–"
        for c in cells
    ]
    return [f"| {name} | {' | '.join(shown)} |"]
