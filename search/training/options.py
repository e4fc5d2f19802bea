"""Every knob of training `lite`, with the value that measured best; see the model card for why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOptions:
    epochs: int = 40
    """At most; early stopping usually ends sooner."""
    patience: int = 8
    """Epochs without ``min_delta`` of progress on validation before stopping."""
    min_delta: float = 0.001
    seed: int = 0
    limit: int = 0
    """Photos to read, for a quick trial; 0 reads all."""
    threads: int = 2

    copies: int = 6
    """Variants of each photo, the photo itself among them."""
    captions: int = 8
    """Sentences per photo."""
    side: int = 224
    """Pixels of the square that the tower sees."""
    palette: int = 64
    """Colours that are counted."""
    softness: float = 9.0
    """ΔE over which a pixel is shared among palette colours."""
    bands: tuple[tuple[float, float], ...] = (
        *((0.0, 1.0), (0.0, 0.375)),
        *((0.375, 0.625), (0.625, 1.0)),
    )
    """Horizontal bands of the frame, each with its own histogram."""

    dim: int = 256
    image_width: int = 768
    text_width: int = 512
    dropout: float = 0.3
    batch: int = 704
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    temperature: float = 0.07
    """At the start; it is learnt."""
    model_weight: float = 0.3
    """Of "photos of one model are near" against "true captions are near"."""
    edit_weight: float = 0.5
    """Of "this shoe in that colour lands there"."""
    edit_pairs: int = 384
    edit_strength: float = 0.75
