"""Every knob of training `lite`, with the value that measured best; see the model card for why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOptions:
    sides: tuple[tuple[int, int], ...] = ((112, 8), (128, 14), (144, 4))
    """(side in px, passes) one after the other: small photos teach as much in half the time."""
    start: str = ""
    """Folder of `lite` weights to go on from; empty: the package's tower and fresh heads."""
    patience: int = 8
    """Passes without ``min_delta`` of progress on validation before stopping."""
    min_delta: float = 0.001
    seed: int = 0
    limit: int = 0
    """Photos to read, for a quick trial; 0 reads all."""
    threads: int = 2

    captions: int = 8
    """Sentences per photo."""
    side: int = 160
    """Pixels of the square that the tower sees when it serves; larger than in training, where
    crops make shoes look larger (Touvron et al. 2019)."""
    turn_below: float = 0.3
    """Probability of being upright below which a photo is turned before it is encoded; 0: never."""
    turn_margin: float = 3.0
    """By so many nats must both looks find it likelier that it lies than that it stands."""
    palette: int = 64
    """Colours that are counted."""
    softness: float = 9.0
    """ΔE over which a pixel is shared among palette colours."""
    bands: tuple[tuple[float, float], ...] = (
        *((0.0, 1.0), (0.0, 0.375)),
        *((0.375, 0.625), (0.625, 1.0)),
    )
    """Horizontal bands of the frame, each with its own histogram."""

    frozen: int = 5
    """Blocks of the tower, from the stem on, that stay as they are: edges and blobs are the same
    on shoes, and these blocks cost the most."""
    drop_blocks: float = 0.1
    """Stochastic depth of the last block; it grows to that from 0."""
    dim: int = 256
    image_width: int = 768
    text_width: int = 512
    dropout: float = 0.3
    batch: int = 96
    whole_models: float = 1 / 3
    """Share of a batch that is whole models in several colours, to learn edits from."""
    tower_rate: float = 4e-4
    """Learning rate of the tower; the heads' is ``learning_rate``."""
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    averaging: float = 0.995
    """Of weights, exponentially over steps; the averaged ones are measured and kept."""
    temperature: float = 0.07
    """At the start; it is learnt."""
    name_weight: float = 1.0
    """Of "its model's proxy is the nearest one"."""
    model_weight: float = 0.2
    """Of "photos of one model are near" against "true captions are near"."""
    value_weight: float = 0.5
    """Of "the words of its own brand, and of its own main colour, are the nearest of all"."""
    edit_weight: float = 0.5
    """Of "this shoe in that colour lands there"."""
    edit_pairs: int = 384
    edit_strength: float = 0.75

    @property
    def epochs(self) -> int:
        return sum(passes for _, passes in self.sides)

    def side_at(self, epoch: int) -> int:
        """The side that pass number ``epoch`` (from 0) trains at."""
        for side, passes in self.sides:
            if epoch < passes:
                return side
            epoch -= passes
        return self.sides[-1][0]
