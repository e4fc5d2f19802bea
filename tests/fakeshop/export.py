"""``python -m tests.fakeshop.export DIR``: labelled photos in a folder, to import or to train on.

``--labels folder``: one folder a model, named ``Brand Model``, its photos inside.
``--labels csv``: photos in ``images/`` and ``products.csv`` beside it, a line each.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from tests.fakeshop.drawing import VIEWS, Scene, photo_bytes
from tests.fakeshop.drawing.look import BACKDROPS
from tests.fakeshop.drawing.studio import PHOTO_SIZE
from tests.fakeshop.products import Photo, Product, catalog

COLUMNS = ("file", "brand", "model", "model_id", "sku", "mpn", "colours", "silhouette", "category",
           "material", "audience", "price", "currency", "view", "backdrop")  # fmt: skip


def export(folder: Path, products: Sequence[Product], *, labels: Literal["folder", "csv"] = "csv",
           size: int = PHOTO_SIZE, extra: int = 0, seed: int = 7) -> int:  # fmt: skip
    """Write the photos of ``products``, each with ``extra`` more from other places; count them.

    Idempotent: photos that are there already are kept.
    """
    rows = []
    for product in products:
        shots = [*product.photos, *extra_photos(product, extra, seed=seed)]
        for number, shot in enumerate(shots, start=1):
            name = f"{product.sku.lower()}-{number}-{shot.view}.jpg"
            home = (
                f"{product.model.brand.name} {product.model.name}"
                if labels == "folder"
                else "images"
            )
            path = folder / home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                path.write_bytes(photo_bytes(product.look, shot.scene, size=size))
            rows.append(_row(product, shot, f"{home}/{name}"))
    if labels == "csv":
        write_csv(folder / "products.csv", rows)
    return len(rows)


def extra_photos(product: Product, count: int, *, seed: int) -> Iterator[Photo]:
    """More photos of a product as a customer would take them: busy, turned, not quite centred."""
    lot = random.Random(f"extra {seed} {product.sku}")
    for _ in range(count):
        yield Photo(
            scene=Scene(
                view=lot.choice(VIEWS[:5]),
                backdrop=lot.choice(BACKDROPS),
                angle=round(lot.uniform(-15, 15), 1),
                zoom=round(lot.uniform(0.65, 1.0), 2),
                seed=lot.randrange(1000),
            )
        )


def _row(product: Product, photo: Photo, file: str) -> dict[str, str]:
    m = product.model
    return {
        "file": file, "brand": m.brand.name, "model": m.name, "model_id": m.id, "sku": product.sku,
        "mpn": product.mpn, "colours": "/".join(product.colour_names), "silhouette": m.silhouette,
        "category": m.category, "material": m.material, "audience": m.audience,
        "price": str(product.price), "currency": product.currency, "view": photo.view,
        "backdrop": photo.scene.backdrop,
    }  # fmt: skip


def write_csv(path: Path, rows: Iterable[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def main(argv: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(prog="python -m tests.fakeshop.export", description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    p.add_argument("folder", type=Path)
    p.add_argument("--limit", type=int, default=300, help="products (default %(default)s)")
    p.add_argument("--seed", type=int, default=7)
    p.add_argument("--labels", choices=("folder", "csv"), default="csv")
    p.add_argument(
        "--photo-size", type=int, default=PHOTO_SIZE, help="pixels (default %(default)s)"
    )
    p.add_argument("--extra", type=int, default=0, help="more photos a product, in busy places")
    o = p.parse_args(argv)
    products = catalog(limit=o.limit, seed=o.seed)
    count = export(
        o.folder, products, labels=o.labels, size=o.photo_size, extra=o.extra, seed=o.seed
    )
    print(f"{count} photos of {len(products)} products in {o.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
