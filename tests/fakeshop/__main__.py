"""``python -m tests.fakeshop``: run the demo shop until Ctrl-C."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path

from tests.fakeshop.faults import ALL_FAULTS
from tests.fakeshop.server import FakeShop


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fakeshop", description=__doc__)
    parser.add_argument("--port", type=int, default=8099, help="0 takes any free one")
    parser.add_argument("--limit", type=int, default=300, help="how many colorways")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--dialect", default="jsonld", choices=("jsonld", "microdata", "opengraph"))
    parser.add_argument("--cache", type=Path, default=Path("var/demo-shop"), help="drawn photos")
    parser.add_argument("--size", type=int, default=384, help="side of a photo in pixels")
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--hostile", action="store_true", help="with every fault there is")
    options = parser.parse_args()
    shop = FakeShop(
        cache_dir=options.cache, limit=options.limit, seed=options.seed, dialect=options.dialect,
        photo_size=options.size, port=options.port, latency=options.latency_ms / 1000,
        faults=ALL_FAULTS if options.hostile else frozenset(),
    )  # fmt: skip
    print(f"{shop.base_url}: {len(shop.products)} products, {len(shop.rows)} colorways", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        shop.serve_forever()


if __name__ == "__main__":
    main()
