"""What the demo shop sells: invented brands, their models, and the colorways of each.

Everything follows from a seed; the same seed and limit give equal products in every process.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal

from tests.fakeshop.drawing.look import (
    Backdrop,
    Look,
    Mark,
    Material,
    Panel,
    Scene,
    Silhouette,
    View,
)
from tests.fakeshop.wares import BRANDS, COLOURWAYS, KINDS, NAMES, Audience, BrandPlan

Availability = Literal["InStock", "OutOfStock", "PreOrder"]

FIRST_DAY = datetime(2026, 1, 5, 8, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Brand:
    name: str
    mark: Mark

    @property
    def slug(self) -> str:
        return slugify(self.name)


@dataclass(frozen=True, kw_only=True)
class ShoeModel:
    """One style; its colorways share the cut, the panels and the mark."""

    id: str
    name: str
    brand: Brand
    silhouette: Silhouette
    category: str
    audience: Audience
    material: Material
    closure: str
    price: Decimal
    panels: frozenset[Panel]
    cut: int

    @property
    def slug(self) -> str:
        return slugify(f"{self.brand.name} {self.name}")


@dataclass(frozen=True, kw_only=True)
class Photo:
    """One picture of a product; ``data`` replaces the drawn picture when a test sets it."""

    scene: Scene
    data: bytes | None = None

    @property
    def view(self) -> View:
        return self.scene.view


@dataclass(frozen=True, kw_only=True)
class Product:
    """One colorway on sale. ``colours`` are palette names: upper, accent, sole."""

    model: ShoeModel
    sku: str
    mpn: str
    colours: tuple[str, str, str]
    price: Decimal
    currency: str = "USD"
    availability: Availability = "InStock"
    photos: tuple[Photo, ...]
    updated: datetime

    @property
    def colour_names(self) -> tuple[str, ...]:
        """The colours in order, each once."""
        return tuple(dict.fromkeys(self.colours))

    @property
    def color(self) -> str:
        """As shops print it: ``White / Light Blue``."""
        return " / ".join(name.title() for name in self.colour_names)

    @property
    def title(self) -> str:
        return f"{self.model.brand.name} {self.model.name} {self.color}"

    @property
    def path(self) -> str:
        return f"/p/{self.model.slug}/{self.sku.lower()}"

    @property
    def look(self) -> Look:
        m = self.model
        return Look(silhouette=m.silhouette, colours=self.colours, mark=m.brand.mark,
                    material=m.material, panels=m.panels, cut=m.cut)  # fmt: skip

    def photo_path(self, index: int) -> str:
        return f"/photos/{self.sku.lower()}-{index + 1}-{self.photos[index].view}.jpg"


def slugify(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def catalog(*, limit: int = 300, seed: int = 7) -> tuple[Product, ...]:
    """The first ``limit`` products of the shop with that seed (a longer list starts the same)."""
    products: list[Product] = []
    for model in models(seed=seed):
        if len(products) >= limit:
            break
        products.extend(colorways(model, seed=seed))
    return tuple(products[:limit])


def models(*, seed: int) -> Iterator[ShoeModel]:
    """Models without end, brand after brand, so that any slice has variety."""
    lot = random.Random(f"models {seed}")
    names = [(name, "") for name in NAMES]
    lot.shuffle(names)
    turn = 0
    while True:
        plan = BRANDS[turn % len(BRANDS)]
        generation = turn // len(names)
        name = names[turn % len(names)][0]
        yield _model(turn, plan, name + ("" if not generation else f" {generation + 1}"), lot)
        turn += 1


def _model(turn: int, plan: BrandPlan, name: str, lot: random.Random) -> ShoeModel:
    silhouette = plan.silhouettes[(turn // len(BRANDS)) % len(plan.silhouettes)]
    kind = KINDS[silhouette]
    base = lot.randrange(*kind.prices) * plan.level
    audience = lot.choice(kind.audiences)
    if audience == "kids":
        base *= 0.6
    panels = frozenset(lot.choice(kind.panels))
    return ShoeModel(
        id=f"G{1000 + turn}",
        name=name,
        brand=Brand(name=plan.name, mark=plan.mark),
        silhouette=silhouette,
        category=kind.category,
        audience=audience,
        material=lot.choice(kind.materials),
        closure=kind.closure,
        price=Decimal(int(base // 5 * 5)) - Decimal("0.05"),
        panels=panels,
        cut=lot.randrange(10_000),
    )


def colorways(model: ShoeModel, *, seed: int) -> Iterator[Product]:
    """Three to six colorways of ``model``; within one model no two have the same colours."""
    lot = random.Random(f"colorways {seed} {model.id}")
    brand = re.sub(r"[^A-Z]", "", model.brand.name.upper())[:2]
    chosen = lot.sample(COLOURWAYS[KINDS[model.silhouette].dress], lot.randint(3, 6))
    for index, colours in enumerate(chosen):
        number = f"{model.id[1:]}-{index + 1:03d}"
        reduced = Decimal("0.8") if lot.random() < 0.15 else Decimal(1)
        yield Product(
            model=model,
            sku=f"S{model.id[1:]}{index + 1:02d}",
            mpn=f"{brand}{number}",
            colours=colours,
            price=(model.price * reduced).quantize(Decimal("0.01")),
            availability=lot.choices(("InStock", "OutOfStock", "PreOrder"), (80, 15, 5))[0],
            photos=tuple(_photos(lot)),
            updated=FIRST_DAY + timedelta(minutes=lot.randrange(60 * 24 * 60)),
        )


def _photos(lot: random.Random) -> Iterator[Photo]:
    views: list[View] = ["lateral", "three-quarter", lot.choice(("top", "medial"))]
    if lot.random() < 0.5:
        views.append(lot.choice(("pair", "sole", "medial" if views[2] == "top" else "top")))
    for index, view in enumerate(views):
        busy = index == len(views) - 1 and lot.random() < 0.35
        backdrop: Backdrop = "white"
        if busy:
            backdrop = lot.choice(("wood", "grass", "street", "fabric"))
        elif index and lot.random() < 0.3:
            backdrop = "studio"
        yield Photo(
            scene=Scene(
                view=view,
                backdrop=backdrop,
                angle=round(lot.uniform(-7, 7), 1) if busy else 0.0,
                zoom=round(lot.uniform(0.78, 0.98), 2) if busy else 1.0,
                seed=lot.randrange(1000),
            )
        )
