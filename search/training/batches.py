"""Which photos are learned from together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from search.training.material import Material
from search.training.options import TrainOptions


class Batches:
    """Random photos, and beside them whole models in several colours, to learn edits from."""

    def __init__(self, material: Material, options: TrainOptions) -> None:
        self._material, self._options = material, options
        colours: dict[int, set[int]] = {}
        for i in material.train:
            if (colour := int(material.known[i, material.colour_column])) >= 0:
                colours.setdefault(int(material.model[i]), set()).add(colour)
        several = {model for model, found in colours.items() if len(found) > 1}
        self._models: dict[int, list[int]] = {}
        for i in material.train:
            if int(material.model[i]) in several:
                self._models.setdefault(int(material.model[i]), []).append(int(i))
        grouped = {i for rows in self._models.values() for i in rows}
        self._others = np.array([i for i in material.train if int(i) not in grouped], dtype=np.intp)
        self._group_size = (
            round(options.batch * options.whole_models)
            if len(self._models) and len(self._others)
            else (options.batch if len(self._models) else 0)
        )
        self._other_size = options.batch - self._group_size
        pool = len(self._others) if self._other_size else len(grouped)
        self.per_epoch = max(1, pool // (self._other_size or self._group_size))

    @property
    def photos(self) -> int:
        """That all passes together learn from, the same one counting each time."""
        return self.per_epoch * self._options.epochs * (self._other_size + self._group_size)

    def epoch(self, number: int) -> Iterator[tuple[npt.NDArray[np.intp], int]]:
        """(rows, how many of them, at the end, are of whole models), ``per_epoch`` times."""
        rng = np.random.default_rng((self._options.seed, number))
        others = rng.permutation(self._others)
        grouped = self._whole_models(rng)
        for step in range(self.per_epoch):
            single = others[step * self._other_size : (step + 1) * self._other_size]
            whole = [next(grouped) for _ in range(self._group_size)]
            yield (
                np.concatenate([single, np.array(whole, dtype=np.intp)]).astype(np.intp),
                len(whole),
            )

    def _whole_models(self, rng: np.random.Generator) -> Iterator[int]:
        models = list(self._models)
        while models:
            for i in rng.permutation(len(models)):
                yield from self._models[models[i]]
