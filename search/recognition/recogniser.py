"""A fitted and calibrated method: what evaluation measures is what the site answers with."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Self
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from search.exceptions import RecognitionError
from search.recognition.base import NEVER, Fitted, Floats, Mask, Report, silent, unit_rows
from search.recognition.calibration import Calibration, calibrate, signals
from search.recognition.gallery import Facts, Gallery
from search.recognition.neighbours import similarities
from search.recognition.registry import method_named
from search.texts import TextSpace
from search.types import Vectors

FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a recogniser says of n photos and c models."""

    probabilities: Floats
    """(n, c); calibrated; each row sums to 1."""
    certainty: Floats
    """(n,): that the shoe is of the catalog and named rightly."""
    known: Mask
    """(n,): the certainty reaches the reject threshold."""

    def ranked(self) -> npt.NDArray[np.intp]:
        """Places of the models, likeliest first, (n, c)."""
        return np.argsort(-self.probabilities, axis=1, kind="stable")


@dataclass(frozen=True)
class Recogniser:
    """A method over the models of one gallery."""

    method: str
    models: tuple[Facts, ...]
    fitted: Fitted
    means: Vectors
    """(c, dim): unit means of the models' photos."""
    calibration: Calibration

    @classmethod
    def fit(
        cls,
        method: str,
        gallery: Gallery,
        space: TextSpace | None,
        *,
        held_out: Gallery | None = None,
        report: Report = silent,
    ) -> Self:
        """Learn ``gallery`` and how far to believe what was learned; see `calibrate`.

        Raises ``RecognitionError`` where the method or what it needs is missing.
        """
        chosen = method_named(method)
        if not len(gallery):
            raise RecognitionError("There is no photo of a known model to learn from yet.")
        fitted = chosen.fit(gallery, space, report=report)
        calibration = calibrate(chosen, fitted, gallery, space, held_out=held_out, report=report)
        means = unit_rows(gallery.membership().T @ gallery.vectors)
        return cls(method, gallery.models, fitted, means, calibration)

    def relearned(self, gallery: Gallery, space: TextSpace | None) -> Self:
        """The same method and calibration over another gallery of the same models: also the photos
        that were held out, or without some models."""
        settled = method_named(self.method).settled(self.fitted)
        means = unit_rows(gallery.membership().T @ gallery.vectors)
        return replace(self, fitted=settled.fit(gallery, space), means=means)

    def judge(
        self, queries: Vectors, nearest: Floats, *, leaving_out: Mask | None = None
    ) -> Judgement:
        """``queries`` is (n, dim); ``nearest`` (n,) the similarity of each one's nearest photo."""
        logits = self.fitted.scores(queries, leaving_out=leaving_out)
        calibrated = np.where(logits > NEVER / 2, logits / self.calibration.temperature, NEVER)
        named = calibrated.argmax(axis=1)
        likeness = (queries * self.means[named]).sum(axis=1)
        certainty = self.calibration.certainty(signals(calibrated, nearest, likeness))
        return Judgement(
            probabilities=self.calibration.probabilities(logits),
            certainty=certainty,
            known=certainty >= self.calibration.reject,
        )

    def save(self, path: Path, *, about: Mapping[str, Any]) -> None:
        """Write beside, then rename. ``about`` is kept with it, for `load` to give back."""
        note = {
            "format": FORMAT,
            "method": self.method,
            "models": [asdict(model) for model in self.models],
            "calibration": self.calibration.as_json(),
            "about": dict(about),
        }
        parts = {f"fitted.{name}": array for name, array in self.fitted.arrays().items()}
        buffer = io.BytesIO()
        np.savez(buffer, note=np.array(json.dumps(note)), means=self.means, **parts)  # type: ignore[arg-type]
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        beside.write_bytes(buffer.getvalue())
        beside.replace(path)

    @classmethod
    def load(cls, path: Path) -> tuple[Self, dict[str, Any]]:
        """What was saved, and its ``about``. Raises ``RecognitionError`` for a damaged file."""
        try:
            with np.load(path, allow_pickle=False) as kept:
                note = json.loads(str(kept["note"]))
                if note["format"] != FORMAT:
                    raise ValueError(f"format {note['format']}")
                arrays = {
                    name.removeprefix("fitted."): kept[name]
                    for name in kept.files
                    if name.startswith("fitted.")
                }
                means = np.asarray(kept["means"], np.float32)
            return cls(
                method=note["method"],
                models=tuple(
                    Facts(**{**model, "colours": tuple(model["colours"])})
                    for model in note["models"]
                ),
                fitted=method_named(note["method"]).restore(arrays),
                means=means,
                calibration=Calibration.from_json(note["calibration"]),
            ), note["about"]
        except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
            raise RecognitionError(
                f"The fit in {path} cannot be read ({error}): make it anew with "
                "`manage.py recognition fit`."
            ) from error


def nearest_similarity(
    queries: Vectors, gallery: Gallery, *, leaving_out: Mask | None = None
) -> Floats:
    """For `Recogniser.judge` where there is no index: the similarity of the nearest photo, (n,)."""
    return np.asarray(similarities(queries, gallery.vectors, leaving_out).max(axis=1), np.float64)
