"""The paints of one colorway, and what every part of a drawing needs at hand."""

from __future__ import annotations

from dataclasses import dataclass

from tests.fakeshop.colours import PALETTE
from tests.fakeshop.drawing.layer import Layer, Paint, Plane, luma, mix, paint
from tests.fakeshop.drawing.look import Look
from tests.fakeshop.drawing.shapes import Shape
from tests.fakeshop.drawing.textures import GLOSS, texture

WHITE: Paint = (0.96, 0.96, 0.95)
DARK: Paint = (0.13, 0.13, 0.14)
GUM: Paint = (0.72, 0.5, 0.3)


@dataclass(frozen=True)
class Paints:
    upper: Paint
    accent: Paint
    sole: Paint
    lining: Paint
    lace: Paint
    outsole: Paint
    thread: Paint

    @classmethod
    def of(cls, look: Look) -> Paints:
        upper, accent, sole = (paint(PALETTE[name]) for name in look.colours)
        lace = (upper, accent, WHITE)[look.cut % 3]
        if luma(upper) > 0.8 and lace == WHITE:
            lace = mix(upper, (0, 0, 0), 0.06)
        outsole = (mix(sole, DARK, 0.8), GUM, accent, mix(sole, (0, 0, 0), 0.25))[look.cut // 3 % 4]
        lining = mix(upper, DARK, 0.45) if look.cut % 2 else mix(accent, DARK, 0.35)
        thread = mix(upper, (1, 1, 1), 0.45) if luma(upper) < 0.45 else mix(upper, (0, 0, 0), 0.3)
        return cls(upper, accent, sole, lining, lace, outsole, thread)


@dataclass
class Bench:
    """One drawing in progress."""

    layer: Layer
    shape: Shape
    look: Look
    paints: Paints
    weave: Plane

    @classmethod
    def of(cls, layer: Layer, shape: Shape, look: Look) -> Bench:
        return cls(layer, shape, look, Paints.of(look), texture(look.material, layer.size))

    @property
    def gloss(self) -> float:
        return GLOSS[self.look.material]
