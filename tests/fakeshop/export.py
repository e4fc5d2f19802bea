"""``python -m tests.fakeshop.export DIR``: drawn photos in folders by model, with labels.csv."""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

from tests.fakeshop.photos import PhotoCache
from tests.fakeshop.products import Product, catalogue

FIELDS = ["file", "brand", "model", "style_code", "colours", "category", "gender", "view"]


def export(folder: Path, *, products: tuple[Product, ...], size: int = 224) -> int:
    """Write ``<brand>_<model>/<sku>-<n>.jpg`` and labels.csv; how many photos."""
    photos = PhotoCache(folder / ".drawn", size=size)
    count = 0
    with (folder / "labels.csv").open("w", newline="") as file:
        rows = csv.DictWriter(file, FIELDS)
        rows.writeheader()
        for product in products:
            name = f"{product.brand}_{product.name}".lower().replace(" ", "_")
            (folder / name).mkdir(parents=True, exist_ok=True)
            for item in product.items:
                for number, scene in enumerate(item.scenes):
                    file_name = f"{name}/{item.sku}-{number}.jpg"
                    (folder / file_name).write_bytes(photos.get(item.look, scene))
                    rows.writerow(
                        {
                            "file": file_name,
                            "brand": product.brand,
                            "model": product.name,
                            "style_code": item.style_code,
                            "colours": item.colour,
                            "category": product.category,
                            "gender": product.gender,
                            "view": scene.view,
                        }
                    )
                    count += 1
    return count


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fakeshop.export", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=int, default=60, help="how many colorways")
    parser.add_argument("--size", type=int, default=224, help="side of a photo in pixels")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    count = export(options.folder, products=catalogue(limit=options.limit), size=options.size)
    print(f"{count} photos in {options.folder}")


if __name__ == "__main__":
    main()
