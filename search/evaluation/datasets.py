"""Labelled photos on disk as typed records: the published sets, and any folder of MODEL folders.

The layout that is read (every folder optional)::

    DIR/sneakers50/brand_model_name/*.jpg
    DIR/footlocker/products.csv, DIR/footlocker/images/*.jpg
    DIR/myntra/products.csv,     DIR/myntra/images/*.jpg
    DIR/phone_photos/*.jpg                                    (no labels)
    DIR/MODEL/*.jpg                                           (any other catalog)
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from search.duplicates import Groups
from search.evaluation.splits import Split, photo_groups, split_of
from search.exceptions import SearchError

PHOTO_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".avif", ".heic"})


class DatasetError(SearchError):
    """A data set is missing, empty, or not laid out as documented; the message says which."""


@dataclass(frozen=True, slots=True)
class ShoePhoto:
    """One photo and what its source says of it; unknown is an empty string or tuple."""

    path: Path
    dataset: str
    group: str
    """The key to split by: photos that share it must stay on one side."""
    brand: str = ""
    """In lower case, spelled as people do: ``new balance``."""
    model: str = ""
    """In lower case, without the brand: ``air max 97``."""
    model_id: str = ""
    """What identifies the model within the data set; photos that share it show the same model."""
    colours: tuple[str, ...] = ()
    """Distinct, the main one first, in lower case."""
    category: str = ""
    gender: str = ""
    """``men``, ``women``, ``boys`` or ``girls``."""
    height: str = ""
    """``high``, ``mid`` or ``low``, where the name or the model tells it."""
    title: str = ""
    digest: str = ""
    """SHA-256 of its bytes, where the source knows it already."""

    @property
    def split(self) -> Split:
        return split_of(self.group)


def read_dataset(data: Path, name: str) -> list[ShoePhoto]:
    """All photos of one named set under ``data``; ``DatasetError`` when it is missing or empty."""
    if name not in READERS:
        raise DatasetError(f"No data set is called {name!r}; there are: {', '.join(READERS)}.")
    folder = data / name
    if not folder.is_dir():
        raise DatasetError(
            f"The data set {name} is missing: there is no folder {folder}. "
            "Point SHOEFINDER_DATA (or --data) at the folder that holds it."
        )
    photos = READERS[name](folder)
    if not photos:
        raise DatasetError(f"The data set {name} in {folder} holds no photo.")
    return photos


def read_labelled(data: Path) -> list[ShoePhoto]:
    """Every labelled photo under ``data``: the named sets that are there, or its MODEL folders."""
    if not data.is_dir():
        raise DatasetError(f"There is no folder {data}.")
    present = [name for name in READERS if name != "phone_photos" and (data / name).is_dir()]
    if present:
        return [photo for name in present for photo in read_dataset(data, name)]
    photos = read_folders(data)
    if not photos:
        raise DatasetError(
            f"{data} holds neither {', '.join(READERS)} nor folders of photos named after models."
        )
    return photos


def read_folders(folder: Path, *, dataset: str = "") -> list[ShoePhoto]:
    """A folder of MODEL folders, each named ``brand_model_name`` (or just ``model name``)."""
    dataset = dataset or folder.resolve().name
    paths = sorted(
        path
        for model in folder.iterdir()
        if model.is_dir() and not model.name.startswith(".")
        for path in model.iterdir()
        if path.suffix.lower() in PHOTO_SUFFIXES
    )
    names = [path.relative_to(folder).as_posix() for path in paths]
    groups = _near_duplicates(dataset, paths, names)
    photos = []
    for path, group in zip(paths, groups, strict=True):
        label = path.parent.name
        brand, model = _brand_and_model(label)
        photos.append(
            ShoePhoto(
                path=path,
                dataset=dataset,
                group=group,
                brand=brand,
                model=model,
                model_id=label,
                category="sneakers" if dataset == "sneakers50" else "",
                height=_sneaker_height(label) if dataset == "sneakers50" else _height(label),
                title=f"{brand} {model}".strip(),
            )
        )
    return photos


def _read_footlocker(folder: Path) -> list[ShoePhoto]:
    rows = list(_rows(folder, ("brand", "title", "model_name", "audience", "model_id", "colours")))
    # The shop gave some models several ids: photos that share an id or a name stay together.
    groups = Groups(len(rows))
    seen: dict[str, int] = {}
    for i, (_, row) in enumerate(rows):
        for key in (f"id {row['model_id']}", f"name {row['model_name'].casefold()}"):
            groups.join(seen.setdefault(key, i), i)
    photos = []
    for i, (path, row) in enumerate(rows):
        brand = row["brand"].lower()
        name = row["model_name"].lower()
        first = rows[groups.first(i)][1]
        photos.append(
            ShoePhoto(
                path=path,
                dataset="footlocker",
                group=f"footlocker:{first['model_name'].casefold()}",
                brand=brand,
                model=name.removeprefix(brand).strip(),
                model_id=row["model_id"],
                colours=_colours(row["colours"].split("/")),
                gender=_gender(row["audience"]),
                height=_height(name),
                title=row["title"],
            )
        )
    return photos


def _read_myntra(folder: Path) -> list[ShoePhoto]:
    rows = list(_rows(folder, ("id", "title", "brand", "gender", "type", "colour")))
    groups = _near_duplicates("myntra", [path for path, _ in rows], [p.name for p, _ in rows])
    return [
        ShoePhoto(
            path=path,
            dataset="myntra",
            group=group,
            brand=BRAND_SPELLINGS.get(row["brand"].lower(), row["brand"].lower()),
            model_id=row["id"],
            colours=_colours([row["colour"]]),
            category=row["type"].lower(),
            gender=_gender(row["gender"]),
            title=row["title"],
        )
        for (path, row), group in zip(rows, groups, strict=True)
    ]


def _read_phone_photos(folder: Path) -> list[ShoePhoto]:
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in PHOTO_SUFFIXES)
    groups = _near_duplicates("phone_photos", paths, [path.name for path in paths])
    return [
        ShoePhoto(path=path, dataset="phone_photos", group=group)
        for path, group in zip(paths, groups, strict=True)
    ]


READERS: Final[Mapping[str, Callable[[Path], list[ShoePhoto]]]] = {
    "sneakers50": lambda folder: read_folders(folder, dataset="sneakers50"),
    "footlocker": _read_footlocker,
    "myntra": _read_myntra,
    "phone_photos": _read_phone_photos,
}

BRANDS: Final = (
    *("adidas", "asics", "converse", "jordan", "new balance", "nike", "puma", "reebok"),
    *("salomon", "saucony", "skechers", "under armour", "vans", "yeezy"),
)
BRAND_SPELLINGS: Final[Mapping[str, str]] = {
    "adidas originals": "adidas",
    "hm": "h&m",
    "inc 5": "inc.5",
    "puma motorsport": "puma",
}
_COLOUR_SPELLINGS: Final[Mapping[str, str]] = {
    "gray": "grey",
    "navy blue": "navy",
    "turquoise blue": "turquoise",
    "multi": "multicolour",
}


def _near_duplicates(dataset: str, paths: list[Path], names: list[str]) -> list[str]:
    try:
        groups, _ = photo_groups(paths)
    except OSError as error:
        raise DatasetError(f"A photo of {dataset} cannot be read: {error}") from error
    return [f"{dataset}:{names[first]}" for first in groups]


def _rows(folder: Path, columns: tuple[str, ...]) -> Iterator[tuple[Path, dict[str, str]]]:
    table = folder / "products.csv"
    if not table.is_file():
        raise DatasetError(f"{folder} lacks its products.csv.")
    with table.open(newline="", encoding="utf-8") as lines:
        reader = csv.DictReader(lines)
        if missing := {"file", *columns} - set(reader.fieldnames or ()):
            raise DatasetError(f"{table} lacks the columns {', '.join(sorted(missing))}.")
        for row in reader:
            path = folder / "images" / Path(row["file"]).name
            if not path.is_file():
                raise DatasetError(f"{table}, line {reader.line_num}: there is no photo {path}.")
            yield path, {name: (value or "").strip() for name, value in row.items() if name}


def _brand_and_model(label: str) -> tuple[str, str]:
    name = re.sub(r"[_\s]+", " ", label).strip().lower()
    for brand in BRANDS:
        if name == brand or name.startswith(f"{brand} "):
            return brand, name.removeprefix(brand).strip()
    return "", name


def _height(name: str) -> str:
    words = set(re.split(r"[\s_-]+", name.lower()))
    for height, spellings in {"high": {"high", "hi"}, "mid": {"mid"}, "low": {"low", "lo"}}.items():
        if words & spellings:
            return height
    return ""


def _sneaker_height(label: str) -> str:
    """Height of a sneakers50 model: low unless the name or the silhouette is known to be higher."""
    if label.endswith("_slide"):  # no collar to speak of
        return ""
    return _height(label) or ("mid" if re.search(r"_jordan_(3|4|11)$", label) else "low")


def _gender(audience: str) -> str:
    word = re.split(r"['’\s]", audience.strip().lower())[0]
    return word if word in {"men", "women", "boys", "girls"} else ""


def _colours(names: list[str]) -> tuple[str, ...]:
    cleaned = (name.strip().lower() for name in names)
    return tuple(dict.fromkeys(_COLOUR_SPELLINGS.get(name, name) for name in cleaned if name))
