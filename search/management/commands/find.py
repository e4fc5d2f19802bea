"""``manage.py find``: search from the command line, by a photo, by words, or by both."""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.http import QueryDict
from PIL import Image

from catalog.exceptions import PhotoRejected
from catalog.models import ShoeImage
from search import Query, Result, SearchError, SearchPage, search
from search.answer_card import answer_card
from search.answer_text import LESS_SIMILAR, card_lines, reason_lines
from search.api.showing import identification_out
from search.chips import label_of
from search.contexts import address
from search.crop import Crop
from search.crop_editor import Editor, crop_editor
from search.models import QueryPhoto
from search.proposals import crops_proposed
from search.queries import query_photo_create
from search.vocabulary import edit_of

MOST: Final = 100
KITTY_CHUNK: Final = 4096
"""Characters of base64 per escape sequence (sw.kovidgoyal.net/kitty/graphics-protocol)."""
ROWS: Final = 8
"""Lines of the terminal that a picture takes."""
INDENT: Final = " " * 12
WHOLE: Final = Crop(0, 0, 1, 1)


class Command(BaseCommand):
    help = (
        'Find shoes: find PHOTO "same but red", find PHOTO, or find "" "red high-top". The photo '
        "is deleted again when the answer is printed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "photo_main", metavar="photo", help='a file; "" to search by words alone'
        )
        parser.add_argument("words", nargs="*", help='what should be different: "same but red"')
        parser.add_argument(
            "--photo", action="append", default=[], metavar="PHOTO",
            help="a further photo of the same shoe; may be given again",
        )  # fmt: skip
        parser.add_argument(
            "--crop", default="",
            help="where the shoe is: x,y,width,height in fractions of PHOTO; 0,0,1,1 is all of it "
            "(default: the first crop that is proposed)",
        )  # fmt: skip
        parser.add_argument(
            "--chip", action="append", default=[], metavar="MODE:ATTRIBUTE[:VALUE][@WEIGHT]",
            help="a corrected chip, which counts instead of the words: change:colour:red@0.5, "
            "keep:brand; may be given again; none for no chip at all",
        )  # fmt: skip
        parser.add_argument(
            "--text", default="", help="beside corrected chips: words that count as they are"
        )
        for name, says in (("like", "more like it"), ("unlike", "not this shoe")):
            parser.add_argument(
                f"--{name}", action="append", default=[], type=int, metavar="IMAGE",
                help=f"{says}: number of a photo in an answer; may be given again",
            )  # fmt: skip
        parser.add_argument("--count", type=int, default=10, help=f"shoes, 1 to {MOST}")
        parser.add_argument("--weight", type=float, help="0 like the photo … 1 like the words")
        parser.add_argument(
            "--why", action="store_true", help="tell of each shoe what put it there"
        )
        parser.add_argument("--json", action="store_true", help="print the answer as JSON")
        parser.add_argument(
            "--pictures",
            choices=["auto", "kitty", "iterm", "none"],
            default="auto",
            help="how the terminal shows pictures; auto asks its environment",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["count"] <= MOST:
            raise CommandError(f"--count must lie between 1 and {MOST}.")
        kept: list[QueryPhoto] = []
        editor: Editor | None = None
        try:
            for name in (options["photo_main"], *options["photo"]):
                if name:
                    kept.append(_photo_kept(name))
            query = _query(kept, options)
            found = search(query, per_page=options["count"])
            editor = crop_editor(query, kept[0] if kept else None)
        except SearchError as error:
            raise CommandError(str(error)) from error
        finally:
            for photo in kept:
                photo.file.delete(save=False)
                photo.delete()
        rows = _rows(found)
        if options["json"]:
            answer = _answer(found, editor, [row for _, row in rows])
            self.stdout.write(json.dumps(answer, ensure_ascii=False, indent=2))
            return
        for line in _head(found, editor):
            self.stdout.write(line)
        picture = _terminal() if options["pictures"] == "auto" else options["pictures"]
        for place, (result, row) in enumerate(rows, start=1):
            name = f"{row['brand']} {row['model']} {row['name']}".rstrip()
            self.stdout.write(f"{place:>3}  {row['score']:.3f}  {name}")
            self.stdout.write(f"{INDENT}{row['photo']} ({row['image']})")
            for line in reason_lines(result) if options["why"] else ():
                self.stdout.write(f"{INDENT}{line}")
            if picture != "none":
                self.stdout.write(_shown(row["photo"], picture))
            if place == found.gap_after:
                self.stdout.write(f"---  {LESS_SIMILAR}")
        if not rows:
            self.stdout.write("No shoes found.")


def _head(found: SearchPage, editor: Editor | None) -> Iterator[str]:
    """What stands above the shoes: the name of the one in the photo, its crop, chips, notices."""
    card = answer_card(found.query, found.identification, address=address)
    if card is not None:
        yield from card_lines(card)
        yield ""
    if editor is not None and any(choice.crop for choice in editor.choices):
        yield f"Compared: {editor.summary}"
        for choice in editor.choices:
            yield f"  {choice.label:<18}--crop={choice.crop or WHOLE}"
    edit = edit_of(found.query)
    for term in edit.terms:
        yield f"{term.mode:<8}{label_of(term)}"
    if edit.free_text:
        yield f"{'text':<8}{edit.free_text}"
    yield from found.notices


def _query(photos: Sequence[QueryPhoto], options: Mapping[str, Any]) -> Query:
    """As an address would say it, so that there is one reader of queries."""
    params = QueryDict(mutable=True)
    params["q"] = " ".join(options["words"])
    params["crop"] = options["crop"]
    if photos and not options["crop"]:
        for crop in crops_proposed(photo=photos[0])[:1]:
            params["crop"] = str(crop)
    params.setlist("photo", [photo.token for photo in photos])
    params.setlist("chip", options["chip"])
    params["text"] = options["text"]
    for name in ("like", "unlike"):
        params.setlist(name, [str(number) for number in options[name]])
    if options["weight"] is not None:
        params["weight"] = str(options["weight"])
    return Query.from_params(params)


def _photo_kept(name: str) -> QueryPhoto:
    path = Path(name)
    try:
        return query_photo_create(path.read_bytes())
    except PhotoRejected as error:
        raise CommandError(f"{path}: {error.message}") from error
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error


def _rows(found: SearchPage) -> list[tuple[Result, dict[str, Any]]]:
    """What is told of each shoe. One query, for the photos' files."""
    photos = ShoeImage.objects.in_bulk([result.hit.image_id for result in found.results])
    return [
        (result, _row(result, photos[result.hit.image_id]))
        for result in found.results
        if result.hit.image_id in photos
    ]


def _row(result: Result, photo: ShoeImage) -> dict[str, Any]:
    return {
        "shoe": result.card.id,
        "image": result.hit.image_id,
        "brand": result.card.brand,
        "model": result.card.model,
        "name": result.card.name,
        "colours": [colour.slug for colour in result.card.colours],
        "price": None if result.card.price is None else str(result.card.price),
        "currency": result.card.currency,
        "score": round(float(result.score), 6),
        "photo": _path(photo),
        "closeness": round(result.closeness, 4),
        "alike": result.alike,
        "why": {name: float(share) for name, share in result.why.items()},
        "wishes": [term.as_dict() | {"standing": s} for term, s in result.terms],
    }


def _path(photo: ShoeImage) -> str:
    """The file where photos are files; its address in another storage."""
    try:
        return str(photo.file.path)
    except NotImplementedError:
        return str(photo.file.url)


def _answer(found: SearchPage, editor: Editor | None, rows: list[dict[str, Any]]) -> dict[str, Any]:
    edit = edit_of(found.query)
    identification = identification_out(found.identification)
    return {
        "identification": identification and identification.model_dump(mode="json"),
        "crop": str(found.query.crop or "") or None,
        "crops": [str(choice.crop) for choice in editor.choices if choice.crop] if editor else [],
        "words": found.query.words,
        "chips": [term.as_dict() for term in edit.terms],
        "free_text": edit.free_text,
        "notices": list(found.notices),
        "gap_after": found.gap_after,
        "refine_words": list(found.refine_words),
        "results": rows,
    }


def _terminal() -> str:
    """Which protocol for pictures the terminal speaks, as its environment says."""
    if not sys.stdout.isatty():
        return "none"
    if os.environ.get("KITTY_WINDOW_ID") or os.environ.get("TERM") == "xterm-kitty":
        return "kitty"
    return "iterm" if os.environ.get("TERM_PROGRAM") in {"iTerm.app", "WezTerm"} else "none"


def _shown(path: str, protocol: str) -> str:
    """Escape sequences that draw the picture; nothing where its file cannot be read."""
    try:
        with Image.open(path) as image:
            image.thumbnail((320, 320))
            drawn = BytesIO()
            image.convert("RGB").save(drawn, "PNG")
    except OSError:
        return ""
    data = base64.standard_b64encode(drawn.getvalue()).decode()
    if protocol == "iterm":
        return f"\033]1337;File=inline=1;height={ROWS};size={len(drawn.getvalue())}:{data}\a"
    chunks = [data[at : at + KITTY_CHUNK] for at in range(0, len(data), KITTY_CHUNK)]
    heads = [f"a=T,f=100,r={ROWS},m=1", *["m=1"] * (len(chunks) - 1)]
    heads[-1] = heads[-1].replace("m=1", "m=0")
    parts = (f"\033_G{head};{chunk}\033\\" for head, chunk in zip(heads, chunks, strict=True))
    return "".join(parts)
