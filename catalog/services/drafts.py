"""What a crawl hands in, made safe: every text cleaned, every value of its vocabulary."""

from __future__ import annotations

import hashlib
import re
from decimal import Decimal
from urllib.parse import urlsplit

from catalog.exceptions import DraftRejected
from catalog.models import Availability
from catalog.text import name_clean, text_clean, text_clean_lines
from catalog.types import MAX_NAME, MAX_TITLE, MAX_URL, DraftRejection, ListingDraft
from catalog.words import audience_split, availability_parse

MAX_DESCRIPTION = 5_000
MAX_PRICE = Decimal("9999999999.99")


def url_digest(url: str) -> str:
    """64 hex digits that stand for an address in unique keys."""
    return hashlib.sha256(url.encode()).hexdigest()


def draft_clean(draft: ListingDraft) -> ListingDraft:
    """The draft with every text safe to store and every value of its vocabulary.

    Raises:
        DraftRejected: no http(s) address, or neither title nor model name.
    """
    url = draft.url.strip() if isinstance(draft.url, str) else ""
    if len(url) > MAX_URL or not url.isprintable() or " " in url or not is_web(url):
        raise DraftRejected(
            DraftRejection.URL_INVALID, f"“{text_clean(url, 80)}” is not the address of a page."
        )
    title = text_clean(draft.title, MAX_TITLE)
    model = text_clean(draft.model, MAX_NAME)
    if not title and not model:
        raise DraftRejected(DraftRejection.TITLE_MISSING, f"The page {url[:200]} names no product.")
    price = draft.price
    if price is not None:
        in_range = price.is_finite() and 0 <= price <= MAX_PRICE
        price = price.quantize(Decimal("0.01")) if in_range else None
    currency = text_clean(draft.currency, 10).upper()
    availability = text_clean(draft.availability, 100)
    if availability not in Availability.values:
        availability = availability_parse(availability)
    return ListingDraft(
        url=url,
        title=title or model,
        sku=text_clean(draft.sku, 100),
        mpn=text_clean(draft.mpn, 100),
        gtin=re.sub(r"\D", "", text_clean(draft.gtin, 40))[:14],
        brand=name_clean(draft.brand),
        model=model,
        group_id=text_clean(draft.group_id, 100),
        colour=text_clean(draft.colour, MAX_NAME),
        category=text_clean(draft.category, MAX_NAME),
        gender=text_clean(draft.gender or audience_split(title or model)[1], MAX_NAME),
        material=text_clean(draft.material, MAX_NAME),
        price=price,
        currency=currency if re.fullmatch(r"[A-Z]{3}", currency) and price is not None else "",
        availability=availability,
        description=text_clean_lines(draft.description, MAX_DESCRIPTION),
        licence=text_clean(draft.licence, MAX_NAME),
        image_urls=draft.image_urls,
        seen_at=draft.seen_at,
    )


def is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False


def draft_published(draft: ListingDraft) -> dict[str, str]:
    """The fields as the page told them, for provenance and to see whether it changed."""
    fields = ("title", "brand", "model", "group_id", "colour", "category", "gender", "material",
              "sku", "mpn", "gtin", "currency", "availability", "licence")  # fmt: skip
    told = {name: str(getattr(draft, name)) for name in fields if getattr(draft, name)}
    if draft.price is not None:
        told["price"] = f"{draft.price:f}"
    return told
