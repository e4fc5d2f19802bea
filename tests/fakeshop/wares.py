"""The tables behind the demo shop's range: brands, kinds of shoe, names, colour schemes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tests.fakeshop.drawing.look import Mark, Material, Panel, Silhouette

Audience = Literal["men", "women", "unisex", "kids"]
Dress = Literal["sport", "street", "formal"]


@dataclass(frozen=True)
class BrandPlan:
    name: str
    mark: Mark
    level: float  # of prices
    silhouettes: tuple[Silhouette, ...]


@dataclass(frozen=True)
class Kind:
    """What all models of a silhouette have in common, or choose from."""

    category: str
    closure: str
    dress: Dress
    prices: tuple[int, int]
    materials: tuple[Material, ...]
    audiences: tuple[Audience, ...]
    panels: tuple[tuple[Panel, ...], ...]


BRANDS: tuple[BrandPlan, ...] = (
    BrandPlan("Norrvik", "peaks", 1.1, ("runner", "boot", "mid", "sneaker", "runner", "sandal")),
    BrandPlan("Kestrell", "feathers", 1.2, ("runner", "sneaker", "high-top", "runner", "mid")),
    BrandPlan("Halden & Moor", "ring", 1.4, ("chelsea", "loafer", "boot", "sneaker", "heel")),
    BrandPlan("Brightwater", "waves", 0.8, ("slip-on", "sandal", "sneaker", "high-top")),
    BrandPlan("Corvane", "diamonds", 1.5, ("heel", "loafer", "chelsea", "heel", "slip-on")),
    BrandPlan("Tamsin Grove", "leaf", 1.0, ("sandal", "sneaker", "slip-on", "boot", "mid")),
    BrandPlan("Solenne", "sunrise", 1.3, ("heel", "sandal", "loafer", "sneaker")),
    BrandPlan("Quillon", "cross", 0.9, ("high-top", "mid", "sneaker", "slip-on", "runner")),
    BrandPlan("Stridewell", "bars", 1.0, ("runner", "mid", "sneaker", "runner", "boot")),
    BrandPlan("Voltiger", "bolt", 1.1, ("runner", "high-top", "mid", "runner", "sneaker")),
)

_SPORT: tuple[tuple[Panel, ...], ...] = (
    (), ("heel",), ("toe", "heel"), ("eyestay", "heel"), ("saddle",), ("guard", "heel"), ("guard",),
)  # fmt: skip
_STREET: tuple[tuple[Panel, ...], ...] = (
    (),
    ("toe",),
    ("heel",),
    ("eyestay", "heel"),
    ("saddle", "heel"),
    ("toe", "heel", "eyestay"),
)
_PLAIN: tuple[tuple[Panel, ...], ...] = ((), ("toe",), ("heel",), ("stripe",))
_EVERY: tuple[Audience, ...] = ("men", "women", "unisex", "kids")
_GROWN: tuple[Audience, ...] = ("men", "women", "unisex")

KINDS: dict[Silhouette, Kind] = {
    "runner": Kind("Running Shoes", "Laces", "sport", (90, 180), ("mesh", "knit", "mesh",
              "suede"), _EVERY, _SPORT),
    "sneaker": Kind("Sneakers", "Laces", "street", (60, 120), ("leather", "suede", "canvas"),
              _EVERY, _STREET),
    "mid": Kind("Sneakers", "Laces", "street", (80, 140), ("leather", "suede", "knit"), _EVERY,
              _STREET),
    "high-top": Kind("High-Tops", "Laces", "street", (70, 130), ("canvas", "leather",
              "canvas"), _EVERY, _STREET),
    "slip-on": Kind("Slip-Ons", "Elastic", "street", (45, 90), ("canvas", "suede", "knit"),
              _EVERY, _PLAIN),
    "boot": Kind("Boots", "Laces", "formal", (120, 220), ("leather", "suede"), _GROWN, ((),
              ("toe",), ("heel",), ("toe", "heel"))),
    "chelsea": Kind("Boots", "Pull-On", "formal", (120, 220), ("leather", "suede", "patent"),
              _GROWN, ((), ("heel",), ("toe",))),
    "sandal": Kind("Sandals", "Buckle", "street", (40, 90), ("leather", "suede", "canvas"),
              _EVERY, ((), ("stripe",))),
    "heel": Kind("Heels", "Pull-On", "formal", (90, 200), ("patent", "suede", "leather"),
              ("women",), ((), ("toe",), ("heel",))),
    "loafer": Kind("Loafers", "Pull-On", "formal", (90, 170), ("leather", "suede", "patent"),
              _GROWN, ((), ("heel",))),
}  # fmt: skip

NAMES: tuple[str, ...] = tuple(
    """
    Alder Amble Arc Aurora Basalt Beacon Birch Bramble Breeze Cadence Canter Cinder Cirrus Cove
    Crest Current Dale Dash Delta Drift Dune Ember Esker Falcon Fathom Fern Flint Forge Gale
    Glide Granite Grove Harbor Haven Heath Helix Indigo Isle Juniper Kite Lark Linden Loft Lumen
    Marlow Meridian Mesa Mist Nimbus Nova Oak Orbit Osprey Pace Parade Pebble Pine Plume Prairie
    Quartz Quay Ravine Reef Ridge River Rook Saffron Sage Sierra Slate Solstice Spark Summit
    Tempo Terra Thistle Tide Timber Trace Umber Vale Vesper Vista Willow Wren Zenith
    """.split()  # noqa: SIM905
)

COLOURWAYS: dict[Dress, tuple[tuple[str, str, str], ...]] = {
    "sport": (
        ("white", "navy", "white"), ("black", "white", "white"), ("grey", "orange", "white"),
        ("red", "black", "white"), ("blue", "yellow", "white"), ("light blue", "navy", "white"),
        ("green", "white", "white"), ("yellow", "black", "white"), ("orange", "navy", "white"),
        ("pink", "grey", "white"), ("purple", "teal", "white"), ("teal", "orange", "white"),
        ("navy", "red", "white"), ("black", "red", "black"), ("white", "pink", "white"),
        ("olive", "orange", "beige"), ("white", "green", "grey"), ("silver", "blue", "white"),
        ("maroon", "gold", "white"), ("black", "yellow", "black"), ("grey", "teal", "white"),
    ),
    "street": (
        ("white", "green", "white"), ("white", "red", "white"), ("black", "white", "white"),
        ("black", "gold", "white"), ("white", "white", "white"), ("navy", "white", "white"),
        ("red", "white", "white"), ("beige", "brown", "white"), ("tan", "white", "beige"),
        ("green", "yellow", "white"), ("olive", "beige", "beige"), ("pink", "white", "white"),
        ("yellow", "white", "white"), ("purple", "white", "white"), ("light blue", "white",
        "white"),
        ("grey", "black", "white"), ("maroon", "beige", "white"), ("teal", "white", "white"),
        ("white", "gold", "white"), ("orange", "black", "white"), ("blue", "white", "white"),
        ("brown", "beige", "tan"), ("silver", "black", "white"),
    ),
    "formal": (
        ("black", "black", "black"), ("brown", "black", "black"), ("tan", "brown", "brown"),
        ("maroon", "black", "black"), ("navy", "brown", "tan"), ("beige", "tan", "brown"),
        ("red", "black", "black"), ("olive", "brown", "black"), ("grey", "black", "black"),
        ("white", "beige", "tan"), ("gold", "black", "tan"), ("silver", "grey", "black"),
        ("green", "gold", "black"), ("pink", "beige", "tan"), ("purple", "black", "black"),
        ("teal", "gold", "brown"),
    ),
}  # fmt: skip
