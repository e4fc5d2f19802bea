"""Whether a product can be had: schema.org's and Google's names for it, and shops' own words."""

from __future__ import annotations

import re
from typing import Any

from catalog.models import Availability
from crawler.scraping.pages.values import text

_NAMED = {
    Availability.IN_STOCK: (
        "instock", "instoreonly", "onlineonly", "limitedavailability", "available",
    ),
    Availability.OUT_OF_STOCK: (
        "outofstock", "soldout", "discontinued", "unavailable", "notavailable", "oos", "reserved",
    ),
    Availability.PREORDER: (
        "preorder", "presale", "backorder", "madetoorder", "availablefororder", "pending",
    ),
}  # fmt: skip
_IN_WORDS = {
    Availability.IN_STOCK: (
        "auf lager", "vorrätig", "lieferbar", "sofort lieferbar", "verfügbar", "sofort verfügbar",
        "en stock", "disponible", "disponibile", "disponível", "em estoque", "em stock",
        "op voorraad", "leverbaar", "i lager", "på lager", "varastossa", "dostępny", "w magazynie",
        "skladem", "na sklade", "raktáron", "în stoc", "stokta", "stokta var", "mevcut",
        "в наличии", "в наявності", "διαθέσιμο", "在庫あり", "재고 있음", "재고있음",
        "有货", "现货", "有貨",
    ),
    Availability.OUT_OF_STOCK: (
        "nicht auf lager", "ausverkauft", "nicht lieferbar", "nicht verfügbar", "vergriffen",
        "rupture de stock", "en rupture de stock", "épuisé", "indisponible", "agotado",
        "sin existencias", "no disponible", "esaurito", "non disponibile", "esgotado",
        "indisponível", "fora de estoque", "uitverkocht", "niet op voorraad", "niet leverbaar",
        "slut i lager", "slutsåld", "udsolgt", "utsolgt", "ikke på lager", "loppu",
        "loppuunmyyty", "niedostępny", "wyprzedany", "vyprodáno", "není skladem", "elfogyott",
        "tükendi", "stokta yok", "нет в наличии", "немає в наявності", "распродано", "εξαντλημένο",
        "在庫なし", "在庫切れ", "売り切れ", "完売", "품절", "재고 없음", "缺货", "售罄", "缺貨",
    ),
    Availability.PREORDER: (
        "vorbestellbar", "vorbestellung", "précommande", "en précommande", "reserva", "preventa",
        "preordine", "pré-venda", "pré-encomenda", "voorverkoop", "förbeställning", "przedsprzedaż",
        "předobjednávka", "ön sipariş", "предзаказ", "передзамовлення", "予約", "予約受付中",
        "예약", "예약 주문", "预售", "預購",
    ),
}  # fmt: skip
"""As shops say it where they should name one of schema.org's."""
_BY_WORDS = {word: value for value, words in _IN_WORDS.items() for word in words}
_BY_NAME = {word: value for value, words in _NAMED.items() for word in words}


def availability_parse(value: Any) -> str:
    """A catalog Availability value from schema.org's, Google's or a shop's words; "" if unknown."""
    word = re.split(r"[/#:]", text(value).rstrip("/"))[-1].lower()
    known = _BY_NAME.get(re.sub(r"[^a-z]", "", word)) or _BY_WORDS.get(word.strip(" .!"))
    return str(known or "")
