"""Reads across the tables of the catalog; each states how many queries it costs."""

from catalog.selectors.browsing import (
    BrandEntry,
    ColorwayPage,
    ModelEntry,
    ModelPage,
    Sort,
    brands_list,
    colorways_list,
    models_list,
)
from catalog.selectors.cards import ColorwayCard, Cover, colorway_cards, photo_counts
from catalog.selectors.details import (
    ColorwayDetail,
    ListingDetail,
    brand_get,
    colorway_detail,
    colorway_moved_to,
    model_get,
)
from catalog.selectors.facets import Facet, FacetValue, facets
from catalog.selectors.labelled import LabelledPhoto, photos_labelled
from catalog.selectors.matching import colorways_matching
from catalog.selectors.payloads import Payload, image_payloads
from catalog.selectors.predictions import colours_of, corrections, disagreeing
from catalog.selectors.texts import listing_texts

__all__ = [
    "BrandEntry",
    "ColorwayCard",
    "ColorwayDetail",
    "ColorwayPage",
    "Cover",
    "Facet",
    "FacetValue",
    "LabelledPhoto",
    "ListingDetail",
    "ModelEntry",
    "ModelPage",
    "Payload",
    "Sort",
    "brand_get",
    "brands_list",
    "colorway_cards",
    "colorway_detail",
    "colorway_moved_to",
    "colorways_list",
    "colorways_matching",
    "colours_of",
    "corrections",
    "disagreeing",
    "facets",
    "image_payloads",
    "listing_texts",
    "model_get",
    "models_list",
    "photo_counts",
    "photos_labelled",
]
