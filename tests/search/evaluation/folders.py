"""Labelled folders drawn for tests: a few models in a few colours, in the documented layouts."""

from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from tests.search.encoders.contract import drawn_shoe

COLOURS = ("black", "red", "navy", "green")
RGB = {"black": "black", "red": "red", "navy": "navy", "green": "green"}


def shoe(model: int, colour: str, photo: int) -> Image.Image:
    """Model ``model`` in a colour: told apart by a mark whose place is the model's own."""
    image = drawn_shoe(RGB[colour], size=(160, 120))
    draw = ImageDraw.Draw(image)
    place = random.Random(model)
    x, y = place.randrange(0, 110), place.choice([0, 90])
    draw.rectangle((x, y, x + 50, y + 25), fill="black")
    noise = random.Random(f"{model} {colour} {photo}")
    for _ in range(60):  # no two photos are near-duplicates
        a, b = noise.randrange(0, 150), noise.randrange(0, 110)
        draw.ellipse((a, b, a + 8, b + 8), fill=RGB[colour])
    return image


def model_folders(folder: Path, *, models: int = 4, photos: int = 8) -> Path:
    """``folder/acme_model_N/*.png``."""
    for model in range(models):
        home = folder / f"acme_model_{model}"
        home.mkdir(parents=True)
        for photo in range(photos):
            shoe(model, COLOURS[model % len(COLOURS)], photo).save(home / f"{photo:02}.png")
    return folder


def footlocker(
    data: Path, *, models: int = 6, colours: Sequence[str] = COLOURS, photos: int = 1
) -> Path:
    """``data/footlocker`` with its products.csv: every model in every colour."""
    folder = data / "footlocker"
    (folder / "images").mkdir(parents=True)
    columns = ["file", "brand", "title", "model_name", "audience", "model_id", "sku", "colours",
               "price", "list_price"]  # fmt: skip
    with (folder / "products.csv").open("w", newline="", encoding="utf-8") as lines:
        table = csv.DictWriter(lines, columns)
        table.writeheader()
        for model in range(models):
            for colour in colours:
                for photo in range(photos):
                    name = f"{model}_{colour}_{photo}.png"
                    shoe(model, colour, photo).save(folder / "images" / name)
                    table.writerow(
                        {
                            "file": name, "brand": "acme", "title": f"Acme Model {model}",
                            "model_name": f"Acme Model {model}", "audience": "Men's",
                            "model_id": str(model), "sku": name, "colours": f"{colour}/white",
                            "price": "10", "list_price": "10",
                        }
                    )  # fmt: skip
    return data
