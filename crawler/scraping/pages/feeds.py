"""Items of product feeds as drafts: the fields of Google's specification, and their usual aliases.

https://support.google.com/merchants/answer/7052112 names the fields; Meta's, Heureka's and plain
CSV exports differ in names only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import urlsplit

from catalog.types import MAX_TITLE, ListingDraft
from crawler.scraping.feeds.types import FeedItem, Trouble
from crawler.scraping.pages.options import without_size
from crawler.scraping.pages.products import MAX_IMAGES
from crawler.scraping.pages.stock import availability_parse
from crawler.scraping.pages.urls import url_clean
from crawler.scraping.pages.values import clean, gtin_parse, price_parse

NAMES: dict[str, tuple[str, ...]] = {
    "id": ("id", "sku", "item_id", "offer_id", "product_id", "code", "artikelnummer"),
    "title": ("title", "name", "product_name", "productname", "product"),
    "link": ("link", "url", "product_url", "product_link", "deeplink", "aw_deep_link",
             "canonical_link"),
    "image_link": ("image_link", "image", "image_url", "imageurl", "imgurl", "img", "picture",
                   "image_0_url", "merchant_image_url", "aw_image_url", "enclosure", "content"),
    "additional_image_link": ("additional_image_link", "additional_images", "additional_image_urls",
                              "additional_image_url", "imgurl_alternative", "images",
                              "lifestyle_image_link"),
    "price": ("price", "search_price", "price_vat", "preis", "prix", "precio", "prezzo"),
    "sale_price": ("sale_price", "special_price"),
    "sale_price_effective_date": ("sale_price_effective_date",),
    "currency": ("currency", "currencyid", "currency_code"),
    "availability": ("availability", "stock_status", "in_stock", "available"),
    "brand": ("brand", "manufacturer", "vendor", "brand_name", "marke", "marque", "marca"),
    "color": ("color", "colour", "colors", "colours", "farbe", "couleur", "colore"),
    "gtin": ("gtin", "ean", "upc", "gtin13", "barcode"),
    "mpn": ("mpn", "style_code", "style", "article_number", "model_number"),
    "item_group_id": ("item_group_id", "itemgroup_id", "parent_id", "group_id"),
    "size": ("size", "sizes"),
    "gender": ("gender", "geschlecht"),
    "age_group": ("age_group",),
    "material": ("material",),
    "product_type": ("product_type", "category", "categorytext", "category_path"),
    "google_product_category": ("google_product_category", "fb_product_category"),
    "description": ("description", "summary"),
}  # fmt: skip
"""Google's name → names that are read for it, in this order."""

_SEVERAL = re.compile(r"[\s,;|]+(?=https?://)")
_YES, _NO = {"true", "yes", "1", "y"}, {"false", "no", "0", "n"}


@dataclass(frozen=True, slots=True)
class FeedRules:
    """What the source says about its feed."""

    currency: str = ""
    product_types: tuple[str, ...] = ()
    columns: Mapping[str, str] | None = None
    """Google's name → this feed's own."""


@dataclass(frozen=True, slots=True)
class FeedDraft:
    """A draft, and what tells whether another item is the same shoe in another size."""

    draft: ListingDraft
    group: str
    size: str

    def is_size_of(self, other: FeedDraft) -> bool:
        return bool(
            self.group
            and self.group == other.group
            and self.size
            and other.size
            and self.draft.colour.casefold() == other.draft.colour.casefold()
        )


def columns_read(lines: Sequence[str]) -> dict[str, str]:
    """ "color = Farbe" → {"color": "farbe"}; lines without "=" are left out."""
    pairs = (line.partition("=") for line in lines)
    return {
        ours.strip().lower(): theirs.strip().lower() for ours, is_one, theirs in pairs if is_one
    }


def is_wanted(item: FeedItem, rules: FeedRules) -> bool:
    told = " | ".join(
        value.lower()
        for name in ("product_type", "google_product_category")
        for value in _all(item, name, rules)
    )
    return not rules.product_types or any(word.lower() in told for word in rules.product_types)


def item_draft(
    item: FeedItem, *, base: str, rules: FeedRules, now: datetime | None = None
) -> FeedDraft | Trouble:
    """The draft of an item, or why there is none.

    Args:
        base: the feed's own address, for links without a host.
        now: to tell whether a sale is on.
    """

    def one(name: str) -> str:
        return next(iter(_all(item, name, rules)), "")

    where = f"Item {item.number} ({clean(one('id'))[:60] or 'without id'})"
    title, link = clean(one("title")), one("link").strip()
    if not title:
        return Trouble("title-missing", f"{where} has no title.")
    if not link:
        return Trouble("link-missing", f"{where} has no link, so its page is not known.")
    url = url_clean(link, base=base)
    if url is None:
        return Trouble("url-invalid", f"{where} leads to {_shown(link)}, which is no address of a "
                       "web page without a password in it.")  # fmt: skip
    size = clean(one("size"))
    price, currency = _price(one, now or datetime.now(UTC))
    draft = ListingDraft(
        url=url,
        title=without_size(title[:MAX_TITLE], size, clean(one("color"))),
        sku=clean(one("id"))[:100],
        mpn=clean(one("mpn"))[:100],
        gtin=gtin_parse({"gtin": one("gtin")}),
        brand=clean(one("brand")),
        group_id=clean(one("item_group_id"))[:100],
        colour=clean(one("color")),
        category=clean(one("product_type") or one("google_product_category")),
        gender=_gender(one("gender"), one("age_group")),
        material=clean(one("material")),
        price=price,
        currency=currency or rules.currency,
        availability=_availability(one("availability")),
        description=clean(one("description")),
        image_urls=_images(item, rules, base),
    )
    return FeedDraft(draft, group=draft.group_id, size=size)


def _all(item: FeedItem, name: str, rules: FeedRules) -> Sequence[str]:
    """The values of a field: by the source's own name for it, else by its usual ones."""
    own = (rules.columns or {}).get(name)
    for alias in (own,) if own else NAMES[name]:
        if alias and (values := item.fields.get(alias)):
            return values
    return ()


def _price(one: Callable[[str], str], now: datetime) -> tuple[Decimal | None, str]:
    beside = clean(one("currency")).upper()[:3]
    price, currency = price_parse(one("price"), beside)
    sale, sale_currency = price_parse(one("sale_price"), beside)
    span = one("sale_price_effective_date")
    if sale is not None and (price is None or sale < price) and _is_on(span, now):
        price, currency = sale, sale_currency or currency
    return price, currency or beside


def _is_on(span: str, now: datetime) -> bool:
    """Whether a sale is on: "2026-11-01T00:00+0100/2026-11-30T23:59+0100"; always if not told."""
    start, _, end = span.strip().partition("/")
    moments = [_moment(start), _moment(end)]
    return not (
        (moments[0] is not None and now < moments[0])
        or (moments[1] is not None and now > moments[1])
    )


def _moment(written: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(written.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _availability(written: str) -> str:
    word = written.strip().lower()
    if word in _YES | _NO:
        return "in-stock" if word in _YES else "out-of-stock"
    return availability_parse(written)


def _gender(gender: str, age: str) -> str:
    """ "kids" for what is made for children, whoever of them."""
    is_adult = age.strip().lower() in {"", "adult", "adults"}
    return clean(gender) if is_adult else "kids"


def _images(item: FeedItem, rules: FeedRules, base: str) -> tuple[str, ...]:
    written = [
        url
        for name in ("image_link", "additional_image_link")
        for value in _all(item, name, rules)
        for url in _SEVERAL.split(value.strip())
    ]
    urls = (url_clean(one.replace("&amp;", "&"), base=base) for one in written)
    return tuple(dict.fromkeys(url for url in urls if url))[:MAX_IMAGES]


def _shown(link: str) -> str:
    """An address without its password."""
    try:
        parts = urlsplit(link)
        if parts.password or parts.username:
            link = parts._replace(netloc=f"…@{parts.hostname or ''}").geturl()
    except ValueError:
        pass
    return f"“{link[:120]}”"
