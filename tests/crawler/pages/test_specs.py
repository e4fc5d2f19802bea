"""The table of details of a page, where nothing meant for machines tells colour and brand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from catalog.types import ListingDraft
from crawler.scraping.pages import page_read

URL = "https://shop.example/p/1"
TOLD = {"@type": "Product", "name": "Glide", "brand": "Aero", "offers": {"price": "80"}}


def read(details: str, **more: Any) -> ListingDraft:
    script = f'<script type="application/ld+json">{json.dumps({**TOLD, **more})}</script>'
    (draft,) = page_read(f"<html><body>{script}{details}</body></html>", URL).drafts
    return draft


def colour(details: str, **more: str) -> str:
    return read(details, **more).colour


@pytest.mark.parametrize(
    "details",
    [
        "<table><tr><th>Farbe:</th><td><span>Schwarz/Weiß</span></td></tr></table>",
        "<table><tr><td>Colour</td><td>Schwarz/Weiß</td></tr></table>",
        "<dl><dt>Genre</dt><dd>Homme</dd><dt>Couleur</dt><dd>Schwarz/Weiß</dd></dl>",
        "<ul><li><b>Kolor</b>: Schwarz/Weiß</li><li>Kolor podeszwy: Rot</li></ul>",
        "<p>Color: Schwarz/Weiß</p><p>Colour: schwarz/weiß</p>",
        "<div><b>Colour:</b> Schwarz/Weiß<br><b>Sole:</b> Red</div>",
        "<li><span>Color</span> <span>Schwarz/Weiß</span></li>",
        "<div class=label>Farbe</div><div class=value>Schwarz/Weiß</div>",
        "<div>Color: <span class=selected>Schwarz/Weiß</span></div>",
        "<p><strong>Color</strong><br>Schwarz/Weiß</p>",
        "<meta name='twitter:label2' content='Color'><meta name='twitter:data2' "
        "content='Schwarz/Weiß'>",
        "<p>Color: Schwarz/Weiß</p><table><tr><th>Sole color</th><td>Red</td></tr></table>",
    ],
)
def test_the_colour_is_read(details: str) -> None:
    assert colour(details) == "Schwarz/Weiß"


@pytest.mark.parametrize(
    "details",
    [
        "<p>Color: choose one</p>",
        "<dl><dt>Color</dt><dd>Black</dd><dd>Red</dd></dl>",
        "<p>Color: Black</p><aside><p>Color: Red</p></aside>",
        "<div>Color</div><div><a>Black</a><a>Red</a></div>",
        "<div>Color: <i>Black</i><i>Red</i></div>",
        "<div>Color</div><ul><li>Black</li></ul>",
        "<nav><span>Color</span><span>Black</span></nav>",
        "<span>Color</span><select><option>Black</select>",
        "<div><b>Color:</b></div>",
        f"<p>Color: Black {'and more ' * 20}</p>",
        "<table><tr><th>Color</th><td><select><option>Black</select></td></tr></table>",
        "<table><tr><td>Color</td><td>Black</td><td>Red</td></tr></table>",
        "<dl><dt>Color</dt></dl>",
        "<p>Color: Black, Red</p><select name='attribute_pa_color'><option value=''>Choose"
        "<option value=black>Black<option value=red>Red</select>",
    ],
)
def test_no_colour_is_guessed(details: str) -> None:
    assert colour(details) == ""


def test_what_is_meant_for_machines_is_believed_first() -> None:
    assert colour("<p>Color: Black</p>", color="Red") == "Red"


def test_a_makers_own_name_of_a_colour_is_believed_where_html_says_what_it_is() -> None:
    assert colour("<table><tr><th>Color</th><td>Sea Salt</td></tr></table>") == "Sea Salt"
    assert colour("<dl><dt>Color</dt><dd>Sea Salt</dd></dl>") == "Sea Salt"
    assert colour("<p>Color: Sea Salt</p>") == ""
    assert colour("<table><tr><th>Color</th><td>Select a colour</td></tr></table>") == ""
    assert colour("<table><tr><th>Colors</th><td>3</td></tr></table>") == ""


def test_codes_price_and_stock_too() -> None:
    details = (
        "<ul><li>Product Code: G-1</li><li>Availability: In Stock</li></ul><table>"
        "<tr><td>EAN:</td><td>4006381333931</td></tr>"
        "<tr><th>Preis</th><td>1.299,00 €</td></tr></table>"
    )
    nothing: dict[str, Any] = {"offers": {"availability": ""}}

    told = read(details, **nothing)

    assert (told.sku, told.gtin, told.availability) == ("G-1", "4006381333931", "in-stock")
    assert (str(told.price), told.currency) == ("1299.00", "EUR")
    assert str(read(details).price) == "80.00", "what machines are told is believed"
    assert read(details + "<p>SKU: G-2</p>", **nothing).sku == "", "two are none"


def test_the_brand_too() -> None:
    details = "<table><tr><td>Marke:</td><td>Borea</td></tr></table>"

    assert read(details, brand="").brand == "Borea"
    assert read(details).brand == "Aero"
    assert read(f"{details}<p>Hersteller: Other</p>", brand="").brand == ""
