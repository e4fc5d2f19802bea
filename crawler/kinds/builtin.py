"""The kinds that come with shoefinder."""

from __future__ import annotations

from dataclasses import dataclass

from crawler.kinds.base import Kind, Params, check_currency, check_language, param

_RULES = (
    "One a line. /shoes/ at the start of the path, or any part of the address; * stands for "
    "anything, $ for its end."
)
_ANYWHERE = "Photos may be fetched from any public host"


def _photos_anywhere(*, default: bool, why: str) -> bool:
    told: bool = param(
        default, _ANYWHERE, f"{why} Pages are asked of the allowed hosts only, and private "
        "addresses never unless they are listed.",
    )  # fmt: skip
    return told


@dataclass(frozen=True, kw_only=True)
class PageParams(Params):
    """Of every kind that reads web pages."""

    include: tuple[str, ...] = param(
        (), "Only addresses like", f"{_RULES} Empty: all. Seeds are read in any case."
    )
    exclude: tuple[str, ...] = param((), "Never addresses like", _RULES)
    currency: str = param(
        "", "Currency", "Where a page offers several, the one to keep, such as EUR. A page that "
        "names none is taken to mean this one.", check=check_currency,
    )  # fmt: skip
    language: str = param(
        "", "Language", "Where a shop has its pages in several languages (hreflang), the one to "
        "read, such as en or de-AT. Pages in another one only lead to it.", check=check_language,
    )  # fmt: skip
    photos_anywhere: bool = _photos_anywhere(
        default=False, why="For shops that keep photos at a host with another name."
    )
    render: str = param(
        "never", "Run the shop's JavaScript", "For shops whose pages are empty without it. Slow: "
        "each page opens in a browser. Needs scrapy-playwright and Chromium on the worker.",
        choices=(("never", "No"), ("always", "Yes, on every page")),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class SitemapParams(PageParams):
    """Of sitemaps alone."""

    sitemap_photos: bool = param(
        True, "Take photos from image sitemaps", "Photos that the sitemap names for a page are "
        "added behind those that the page names itself.",
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ShopifyParams(Params):
    """Of Shopify shops."""

    currency: str = param(
        "", "Currency", "Of the prices, such as EUR. Empty: asked of the shop (/meta.json, else "
        "its front page).", check=check_currency,
    )  # fmt: skip
    product_types: tuple[str, ...] = param(
        (), "Only product types like", "One a line, such as “Shoes” or “Sneaker”; part of the "
        "shop's product type or tags, upper or lower case. Empty: everything it sells.",
    )  # fmt: skip
    photos_anywhere: bool = _photos_anywhere(
        default=True, why="Shopify serves photos from cdn.shopify.com."
    )


@dataclass(frozen=True, kw_only=True)
class WooParams(Params):
    """Of WooCommerce shops."""

    categories: tuple[str, ...] = param(
        (), "Only categories like", "One a line, such as “Shoes”; part of a category's name, upper "
        "or lower case. Empty: everything it sells.",
    )  # fmt: skip
    variations: bool = param(
        True, "Read colours of variable products one by one", "One more request for each such "
        "product: its colours get prices, stock and photos of their own.",
    )  # fmt: skip
    photos_anywhere: bool = _photos_anywhere(
        default=True, why="Many shops serve photos through a network such as i0.wp.com."
    )


@dataclass(frozen=True, kw_only=True)
class FeedParams(Params):
    """Of product feeds."""

    currency: str = param(
        "", "Currency", "Of prices that name none, such as EUR.", check=check_currency
    )
    product_types: tuple[str, ...] = param(
        (), "Only product types like", "One a line, such as “Shoes” or 187; part of product_type "
        "or google_product_category, upper or lower case. Empty: everything in the feed.",
    )  # fmt: skip
    columns: tuple[str, ...] = param(
        (), "Names of fields", "One a line, ours = theirs, where a feed has names of its own, such "
        "as “color = Farbe” or “price = preis_brutto”.",
    )  # fmt: skip
    delimiter: str = param(
        "auto", "Between the columns", "Of CSV feeds.",
        choices=(("auto", "Find out"), ("tab", "Tab"), ("comma", "Comma"),
                 ("semicolon", "Semicolon"), ("bar", "Vertical bar")),
    )  # fmt: skip
    photos_anywhere: bool = _photos_anywhere(
        default=True, why="Feeds name photos at whatever host they are kept."
    )


@dataclass(frozen=True, kw_only=True)
class ImageSearchParams(Params):
    """Of image search."""

    provider: str = param(
        "searxng", "Search engine", "DuckDuckGo and Bing are asked through the library ddgs, a "
        "SearXNG instance through its JSON answers, a folder (for tests) by its files' names.",
        choices=(("searxng", "SearXNG"), ("duckduckgo", "DuckDuckGo"), ("bing", "Bing"),
                 ("folder", "A folder that the address serves")),
    )  # fmt: skip
    models: tuple[str, ...] = param(
        (), "Models", "CSV with a line of names: brand,model,aliases,popular (aliases parted by ;, "
        "popular yes or empty). Empty: every model of the catalog.",
    )  # fmt: skip
    brands: tuple[str, ...] = param(
        (), "Only brands", "One a line, as the catalog writes them, where the models are those of "
        "the catalog. Empty: all.",
    )  # fmt: skip
    suffixes: tuple[str, ...] = param(
        ("none", "used", "on feet", "ebay", "vinted"), "Words added to a model's name",
        "One a line; each is a question of its own, “none” asks for the bare name.",
    )  # fmt: skip
    photos: int = param(200, "Photos of a model", "At most, shared out among its questions.",
                        least=1, most=100_000)  # fmt: skip
    photos_popular: int = param(
        1000, "Photos of a popular model", "The same, for models marked as popular.",
        least=1, most=100_000,
    )  # fmt: skip
    missing_views: bool = param(
        False, "Ask for missing views", "One more question for each of side view, top view, "
        "outsole, pair and on feet that no photo of a model is known to show; for models of the "
        "catalog.",
    )  # fmt: skip
    most_pages: int = param(10, "Pages of a question", "At most.", least=1, most=100)
    language: str = param(
        "", "Language", "Of the answers, such as en or de-AT. Empty: any.", check=check_language
    )
    folder: str = param("", "Folder", "On the worker, for the search engine “a folder” only.")
    photos_anywhere: bool = _photos_anywhere(
        default=True, why="Photos lie at whatever host shows them."
    )


_SPIDERS = "crawler.scraping.spiders"

KINDS = (
    Kind(
        key="structured",
        label="Web pages with structured data",
        summary="Any shop whose pages carry schema.org data or OpenGraph tags, as most do. Starts "
        "at robots.txt, the sitemaps and the seeds, follows links and pagination, and reads each "
        "product's page. Choose this one when in doubt.",
        seeds_help="The shop's front page, a category, or a sitemap, one a line. The sitemaps that "
        "robots.txt names are read in any case.",
        spider=f"{_SPIDERS}.structured.StructuredSpider",
        params=PageParams,
    ),
    Kind(
        key="sitemap",
        label="Sitemaps alone",
        summary="Reads exactly the pages that the sitemaps list and that fit the rules, and "
        "follows no links. Quicker and gentler than following links, where a shop's sitemaps are "
        "complete.",
        seeds_help="Sitemaps (also indexes and .xml.gz), one a line, or the shop's front page: "
        "then the sitemaps that its robots.txt names.",
        seed_example="https://shop.example/sitemap.xml",
        spider=f"{_SPIDERS}.sitemap.SitemapSpider",
        params=SitemapParams,
    ),
    Kind(
        key="shopify",
        label="Shopify",
        summary="Shops that run on Shopify publish what they have at /products.json. Some 250 "
        "products come with each request, with all colours, prices and photos, so no page needs "
        "to be opened.",
        seeds_help="The shop's front page, or collections such as "
        "https://shop.example/collections/sneakers, one a line.",
        spider=f"{_SPIDERS}.shopify.ShopifySpider",
        params=ShopifyParams,
    ),
    Kind(
        key="woocommerce",
        label="WooCommerce",
        summary="WordPress shops with WooCommerce publish their products through the Store API "
        "(/wp-json/wc/store/v1/products), without a key. Some 100 products come with each "
        "request.",
        seeds_help="The shop's front page (also https://host/path/ where WordPress lives in a "
        "folder), one a line.",
        spider=f"{_SPIDERS}.woocommerce.WooSpider",
        params=WooParams,
    ),
    Kind(
        key="feed",
        label="Product feed",
        summary="The file that shops make for Google, Meta and price comparison: RSS or Atom XML "
        "with g: fields, or CSV and TSV, also as .gz. Read in a stream, so a feed may be larger "
        "than memory.",
        seeds_help="Addresses of feeds, one a line.",
        seed_example="https://shop.example/feed.xml",
        spider=f"{_SPIDERS}.feed.FeedSpider",
        params=FeedParams,
    ),
    Kind(
        key="imagesearch",
        label="Image search",
        summary="Photos of models that the catalog or a list names, found by a search engine: "
        "used, worn, from all sides. Each photo is kept with the page that shows it. Look at the "
        "terms of the engine before you start.",
        seeds_help="The search engine: a SearXNG instance, https://duckduckgo.com/ or "
        "https://www.bing.com/.",
        seed_example="https://searx.example/",
        spider=f"{_SPIDERS}.imagesearch.ImageSearchSpider",
        params=ImageSearchParams,
    ),
)
