"""Writes of the catalog. Every change of what a photo can be filtered by stamps the row that an
index follows: ``Listing.changed_at``, ``Colorway.updated_at`` or ``ShoeImage.updated_at``."""

from catalog.services.batches import FoundPhoto, listings_upsert, photos_known, photos_store
from catalog.services.colorways import colorways_refresh
from catalog.services.deleting import colorways_delete, listings_delete, retailer_delete
from catalog.services.drafts import draft_clean
from catalog.services.listings import (
    ListingResult,
    listing_upsert,
    listings_mark_vanished,
    listings_seen,
    retailer_get_or_create,
)
from catalog.services.merging import model_merge, model_merge_plan, model_unmerge
from catalog.services.photos import (
    PhotoResult,
    image_delete,
    image_reject,
    image_restore,
    photo_known,
    photo_store,
)
from catalog.services.predictions import (
    Prediction,
    attribute_correct,
    correction_read,
    corrections_undo,
    predictions_follow,
    predictions_forget,
    predictions_write,
)

__all__ = [
    "FoundPhoto",
    "ListingResult",
    "PhotoResult",
    "Prediction",
    "attribute_correct",
    "colorways_delete",
    "colorways_refresh",
    "correction_read",
    "corrections_undo",
    "draft_clean",
    "image_delete",
    "image_reject",
    "image_restore",
    "listing_upsert",
    "listings_delete",
    "listings_mark_vanished",
    "listings_seen",
    "listings_upsert",
    "model_merge",
    "model_merge_plan",
    "model_unmerge",
    "photo_known",
    "photo_store",
    "photos_known",
    "photos_store",
    "predictions_follow",
    "predictions_forget",
    "predictions_write",
    "retailer_delete",
    "retailer_get_or_create",
]
