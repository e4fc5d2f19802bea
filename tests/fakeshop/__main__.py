"""``python -m tests.fakeshop``: open the shop until interrupted."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import tempfile
from pathlib import Path

from tests.fakeshop.drawing.studio import PHOTO_SIZE
from tests.fakeshop.faults import Fault
from tests.fakeshop.server import FakeShop


def parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(prog="python -m tests.fakeshop", description=__doc__)
    p.add_argument("--host", default="127.0.0.1")
    p.add_argument("--port", type=int, default=8910, help="0: any free one, which is printed")
    p.add_argument("--limit", type=int, default=300, help="products (default %(default)s)")
    p.add_argument("--seed", type=int, default=7)
    p.add_argument("--kind", choices=("jsonld", "microdata", "opengraph"), default="jsonld")
    p.add_argument(
        "--cache", type=Path, help="folder for drawn photos (default: in the temporary one)"
    )
    p.add_argument(
        "--photo-size", type=int, default=PHOTO_SIZE, help="pixels (default %(default)s)"
    )
    p.add_argument("--latency-ms", type=int, default=0, help="wait before each answer")
    p.add_argument("--slow-seconds", type=float, default=30.0, help="wait of the slow page")
    p.add_argument("--fault", action="append", default=[], choices=[f.value for f in Fault])
    p.add_argument("--hostile", action="store_true", help="every fault at once")
    return p


def main(argv: list[str] | None = None) -> int:
    options = parser().parse_args(argv)
    shop = FakeShop(
        cache_dir=options.cache or Path(tempfile.gettempdir()) / "fakeshop-photos",
        limit=options.limit, seed=options.seed, host=options.host, port=options.port,
        kind=options.kind, faults=tuple(Fault) if options.hostile else options.fault,
        latency=options.latency_ms / 1000, slow_seconds=options.slow_seconds,
        photo_size=options.photo_size,
    )  # fmt: skip
    signal.signal(signal.SIGTERM, lambda number, frame: shop.leave())
    stats = shop.stats()
    print(
        f"{shop.base_url} {shop.kind}: {stats['models']} models, {stats['products']} products, "
        f"{stats['photos']} photos",
        flush=True,
    )
    with contextlib.suppress(KeyboardInterrupt):
        shop.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
