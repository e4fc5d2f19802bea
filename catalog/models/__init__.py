"""What exists: brands, models, colorways, who sells them, and their photos."""

from catalog.models.checks import PhotoCheck
from catalog.models.choices import (
    Availability,
    Category,
    Closure,
    Gender,
    Height,
    ImageStatus,
    View,
    ViewBy,
)
from catalog.models.colorways import Colorway, ColorwayColour, ColorwayRedirect
from catalog.models.listings import Listing, PriceObservation, Retailer
from catalog.models.names import (
    Brand,
    BrandAlias,
    ShoeModel,
    ShoeModelAlias,
    ShoeModelMerge,
    Stamped,
)
from catalog.models.photos import ImageSource, ShoeImage, image_path
from catalog.models.predictions import AttributePrediction
from catalog.models.reviews import TitleReview
from catalog.models.suggestions import MergeSuggestion

__all__ = [
    "AttributePrediction",
    "Availability",
    "Brand",
    "BrandAlias",
    "Category",
    "Closure",
    "Colorway",
    "ColorwayColour",
    "ColorwayRedirect",
    "Gender",
    "Height",
    "ImageSource",
    "ImageStatus",
    "Listing",
    "MergeSuggestion",
    "PhotoCheck",
    "PriceObservation",
    "Retailer",
    "ShoeImage",
    "ShoeModel",
    "ShoeModelAlias",
    "ShoeModelMerge",
    "Stamped",
    "TitleReview",
    "View",
    "ViewBy",
    "image_path",
]
