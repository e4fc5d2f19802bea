"""Listing titles read: brand, model, colours, style code, gender, sizes, and how sure that is."""

from catalog.titles.matching import Candidate, Resolution, TitleCatalog, title_resolve
from catalog.titles.parsing import ParsedTitle, SizeRange, title_parse

__all__ = [
    "Candidate",
    "ParsedTitle",
    "Resolution",
    "SizeRange",
    "TitleCatalog",
    "title_parse",
    "title_resolve",
]
