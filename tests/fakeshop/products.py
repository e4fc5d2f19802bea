"""What the demo shop sells: invented brands, models and colorways, drawn by lot from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal

from tests.fakeshop.colours import PALETTE
from tests.fakeshop.drawing.look import Backdrop, Look, Mark, Material, Panel, Scene, Silhouette

BRANDS: dict[str, Mark] = {
    "Norrvik": "peaks",
    "Kestrell": "feathers",
    "Orbiq": "ring",
    "Tidewell": "waves",
    "Carravane": "diamonds",
    "Folia": "leaf",
    "Auroque": "sunrise",
    "Xanter": "cross",
    "Ladderline": "bars",
    "Volturo": "bolt",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """What all models of a silhouette have in common."""

    category: str
    closure: str
    height: str
    words: tuple[str, ...]
    materials: tuple[Material, ...]
    panels: tuple[Panel, ...]
    price: tuple[int, int]


KINDS: dict[Silhouette, Kind] = {
    "runner": Kind("Running Shoes", "Laces", "low", ("Stride", "Tempo", "Gale", "Pacer"),
                   ("mesh", "knit"), ("guard", "heel", "saddle", "toe"), (70, 180)),
    "sneaker": Kind("Sneakers", "Laces", "low", ("Court", "Plaza", "Union", "Baseline"),
                    ("leather", "suede", "canvas"), ("toe", "heel", "eyestay", "saddle"),
                    (55, 130)),
    "mid": Kind("Basketball Shoes", "Laces", "mid", ("Rebound", "Arena", "Pivot"),
                ("leather", "mesh"), ("toe", "heel", "eyestay", "saddle"), (80, 190)),
    "high-top": Kind("Sneakers", "Laces", "high", ("Tower Hi", "Stage Hi", "Campus Hi"),
                     ("canvas", "leather"), ("toe", "heel", "eyestay"), (50, 120)),
    "slip-on": Kind("Slip-Ons", "Slip-on", "low", ("Drift", "Breeze"),
                    ("canvas", "suede"), ("toe", "heel", "guard"), (35, 80)),
    "boot": Kind("Boots", "Laces", "high", ("Ridge", "Summit", "Logger"),
                 ("leather", "suede"), ("toe", "heel", "guard", "eyestay"), (110, 240)),
    "chelsea": Kind("Boots", "Slip-on", "high", ("Mews", "Regent"),
                    ("leather", "suede", "patent"), ("toe", "heel", "guard"), (100, 220)),
    "sandal": Kind("Sandals", "Buckle", "low", ("Shore", "Delta"),
                   ("leather", "suede"), ("stripe",), (30, 90)),
    "heel": Kind("Heels", "Slip-on", "low", ("Gala", "Vesper"),
                 ("patent", "suede", "leather"), ("toe", "heel"), (60, 170)),
    "loafer": Kind("Loafers", "Slip-on", "low", ("Quad", "Harbour"),
                   ("leather", "suede", "patent"), ("toe", "heel"), (70, 160)),
}  # fmt: skip

GENDERS = {"heel": ("Women",), "loafer": ("Men", "Women")}
BUSY: tuple[Backdrop, ...] = ("wood", "grass", "street", "fabric")
AVAILABILITY = ("InStock", "InStock", "InStock", "OutOfStock", "PreOrder")


@dataclass(frozen=True, slots=True)
class Item:
    """A colorway as the shop sells it."""

    sku: str
    style_code: str
    colours: tuple[str, ...]
    """Names of ``colours.PALETTE``: upper, accent, sole."""
    price: Decimal
    availability: str
    look: Look
    scenes: tuple[Scene, ...]
    currency: str = "USD"

    @property
    def colour(self) -> str:
        """As published: "Navy / Orange / White"."""
        return " / ".join(colour.title() for colour in self.colours)


@dataclass(frozen=True, slots=True)
class Product:
    """A model with its colorways (schema.org ProductGroup)."""

    group_id: str
    brand: str
    name: str
    handle: str
    category: str
    gender: str
    material: str
    closure: str
    height: str
    items: tuple[Item, ...]

    def title(self, item: Item) -> str:
        return f"{self.brand} {self.name} {item.colour}"


def catalogue(*, limit: int = 300, seed: int = 7) -> tuple[Product, ...]:
    """Products with ``limit`` colorways in all; the same arguments give the same shop.

    A longer catalogue begins with the shorter one, except that its last product may be cut.
    """
    products: list[Product] = []
    left = limit
    number = 0
    silhouettes = list(KINDS)
    brands = list(BRANDS)
    while left > 0:
        lot = random.Random(f"{seed}-{number}")
        silhouette = silhouettes[(number + number // len(brands)) % len(silhouettes)]
        product = _product(lot, number, brands[number % len(brands)], silhouette, left)
        products.append(product)
        left -= len(product.items)
        number += 1
    return tuple(products)


def _product(
    lot: random.Random, number: int, brand: str, silhouette: Silhouette, left: int
) -> Product:
    kind = KINDS[silhouette]
    name = f"{lot.choice(kind.words)} {number + 10}"
    material = lot.choice(kind.materials)
    panels = frozenset(lot.sample(kind.panels, k=min(len(kind.panels), lot.randint(1, 3))))
    base = Decimal(lot.randint(*kind.price))
    group = f"{1000 + number}"
    items = []
    for index, colours in enumerate(_colours(lot, count=min(left, lot.randint(3, 6)))):
        look = Look(
            silhouette=silhouette, colours=colours, mark=BRANDS[brand], material=material,
            panels=panels, cut=number * 13 + 5,
        )  # fmt: skip
        items.append(
            Item(
                sku=f"{group}{index:02d}",
                style_code=f"{brand[:2].upper()}{group}-{index + 1:03d}",
                colours=colours,
                price=base + Decimal("0.99") * lot.randint(0, 1) + 5 * lot.randint(0, 2),
                availability=lot.choice(AVAILABILITY),
                look=look,
                scenes=_scenes(lot, number * 100 + index),
            )
        )
    gender = lot.choice(GENDERS.get(silhouette, ("Men", "Women", "Unisex")))
    return Product(
        group_id=group, brand=brand, name=name, handle=f"{brand}-{name}".lower().replace(" ", "-"),
        category=kind.category, gender=gender, material=material.title(), closure=kind.closure,
        height=kind.height, items=tuple(items),
    )  # fmt: skip


def _colours(lot: random.Random, *, count: int) -> list[tuple[str, str, str]]:
    names = list(PALETTE)
    uppers = lot.sample(names, k=count)
    found = []
    for upper in uppers:
        accent = lot.choice([name for name in names if name != upper])
        sole = lot.choice(["white", "white", "black", upper, "beige"])
        found.append((upper, accent, sole))
    return found


def _scenes(lot: random.Random, seed: int) -> tuple[Scene, ...]:
    """The outer side first; then two or three other views, one of them somewhere busy."""
    plain: Backdrop = lot.choice(("white", "white", "studio"))
    scenes = [
        Scene(view="lateral", backdrop=plain, seed=seed),
        Scene(view="top", backdrop=plain, seed=seed),
    ]
    if lot.random() < 0.4:
        scenes.append(Scene(view="medial", backdrop=plain, seed=seed))
    busy = lot.choice(BUSY)
    if lot.random() < 0.35:
        angle = lot.uniform(-8, 8)
        scenes.append(Scene(view="three-quarter", backdrop=busy, angle=angle, zoom=0.9, seed=seed))
    else:
        angle = lot.uniform(-12, 12)
        scenes.append(Scene(view="lateral", backdrop=busy, angle=angle, zoom=0.85, seed=seed))
    return tuple(scenes)
