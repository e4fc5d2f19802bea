"""Reads any shop that publishes structured data: sitemaps, pagination, links, product pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin

from scrapy import Request
from scrapy.http import Response, TextResponse
from scrapy.utils.datatypes import LocalCache
from scrapy.utils.gz import gunzip, gzip_magic_number

from catalog.types import ListingDraft
from crawler.scraping.browser import RENDER
from crawler.scraping.context import KEY, CrawlContext
from crawler.scraping.failures import problem_of
from crawler.scraping.letters import LEADS
from crawler.scraping.pages import Page, Prefer, page_read, url_clean
from crawler.scraping.pages.languages import language_pick
from crawler.scraping.pages.products import MAX_IMAGES
from crawler.scraping.pages.rules import UrlRules
from crawler.scraping.pages.sitemaps import SitemapEntry, is_sitemap, sitemap_read
from crawler.scraping.spiders.base import ShopSpider
from crawler.scraping.spiders.yields import MAX_BARREN_STEPS, Yields
from crawler.types import Problem

SITEMAP, PRODUCT, LISTED, NEXT, SEED, LINK = 60, 40, 30, 20, 10, 0
"""Priorities: what is surely a product before what may lead to one."""
PHOTOS = "sitemap_photos"
"""In the meta of a request for a page: the photos that a sitemap names for it."""
_YIELDS = "yields"
MAX_MET = 10_000


class StructuredSpider(ShopSpider):
    """Starts at robots.txt and the seeds, follows sitemaps and links, reads what pages say."""

    name = "structured"

    def __init__(self, context: CrawlContext, **kwargs: Any) -> None:
        super().__init__(context, **kwargs)
        self.yields = Yields(context.frontier.note(_YIELDS))
        self.prefer = Prefer(currency=self.params.currency)
        self.rules = UrlRules(self.params.include, self.params.exclude)
        self._met: LocalCache[str, None] = LocalCache(MAX_MET)
        """Links that were asked for already: the menu of each page is made of them."""
        context.before_commit = self.keep

    def keep(self) -> None:
        """Put what was learnt beside what is waiting."""
        self.context.frontier.set_note(_YIELDS, self.yields.to_json())

    def begin(self, seeds: Sequence[str], *, sitemaps: Sequence[str]) -> Iterator[Request]:
        for url in sitemaps:
            yield self.ask(url, self.parse, priority=SITEMAP)
        if not sitemaps and seeds:
            url = urljoin(seeds[0], "/sitemap.xml")
            yield self.ask(url, self.parse, priority=SITEMAP, is_guess=True)
        for seed in seeds:
            yield self.ask(seed, self.parse, priority=SEED)

    # --- sitemaps --------------------------------------------------------------------------------

    def parse(self, response: Response) -> Iterator[Any]:
        """Any page: a sitemap, a product, or a list of them."""
        body = response.body
        if gzip_magic_number(response):
            try:
                body = gunzip(body, max_size=self.settings.getint("DOWNLOAD_MAXSIZE"))
            except Exception as error:
                self.tell(response, "invalid-gzip", f"Cannot be unpacked: {error}")
                return
        if is_sitemap(body):
            yield from self.parse_sitemap(response, body)
        elif isinstance(response, TextResponse) and body is response.body:
            yield from self.parse_page(response)
        elif not response.meta.get("is_guess"):
            kind = (response.headers.get("Content-Type") or b"unknown").decode("latin-1")
            self.tell(response, "not-a-page", f"Not a web page: {kind}", is_notice=True)

    def parse_sitemap(self, response: Response, body: bytes) -> Iterator[Request]:
        try:
            for entry in sitemap_read(body):
                url = url_clean(self.in_language(entry), base=response.url)
                if url is None:
                    continue
                if entry.is_sitemap:
                    meta = {"is_seed": True, LEADS: True}
                    request = self.ask(url, self.parse, priority=SITEMAP, **meta)
                    yield from self._new(request, of=response)
                elif self.rules.allows(url):
                    yield from self._new(self.page_request(entry, url), of=response)
        except ValueError as error:
            self.tell(response, "invalid-sitemap", f"Not readable to the end: {error}")

    def in_language(self, entry: SitemapEntry) -> str:
        """The address of an entry in the source's language."""
        wanted = self.params.language
        return (language_pick(entry.alternates, wanted) if wanted else None) or entry.loc

    def page_request(self, entry: SitemapEntry, url: str) -> Request:
        photos = self.photos_listed(entry, url)
        return self.ask(
            url,
            self.parse,
            priority=LISTED,
            is_listed=True,
            lastmod=entry.lastmod,
            **({PHOTOS: photos} if photos else {}),
        )

    def photos_listed(self, entry: SitemapEntry, url: str) -> list[str]:
        """The photos that an image sitemap names for a page."""
        photos = [photo for one in entry.photos if (photo := url_clean(one, base=url))]
        return photos[: self.context.plan.max_photos]

    # --- pages -----------------------------------------------------------------------------------

    def parse_page(self, response: TextResponse) -> Iterator[Any]:
        page = page_read(response.text, response.url, prefer=self.prefer)
        if (other := self.translated(page, response)) is not None:
            yield from self._new(self.ask(other, self.parse, priority=PRODUCT), of=response)
            return
        for problem in page.problems:
            self.tell(response, problem.kind, problem.message)
        for draft in self.drafts(page, response):
            home = self._at_home(draft, response)
            if home.price is not None and not home.currency:
                home = replace(home, currency=self.params.currency)
            yield from self.product(home, response, otherwise=response.url)
        # Everything that a shop lists in its sitemap is found there; its navigation would only
        # lead to the same pages again.
        follow = not (page.drafts and response.meta.get("is_listed"))
        requests = list(self.links(page, response, follow=follow))
        fruitful = any(request.priority == PRODUCT for request in requests)
        self.yields.saw(response.url, products=len(page.drafts), fruitful=fruitful)
        steps = 0 if page.drafts or fruitful else response.meta.get("barren_steps", 0) + 1
        if steps > MAX_BARREN_STEPS:
            if requests:
                message = f"{steps} pages in a row led to no new product; its links are left out."
                self.tell(response, "no-yield", message, is_notice=True)
            return
        for request in requests:
            request.meta["barren_steps"] = steps
            yield request

    def _at_home(self, draft: ListingDraft, response: Response) -> ListingDraft:
        """A page may call itself canonically by an address elsewhere; then its own is kept."""
        home = draft.url if self.context.rules.allows(draft.url) else response.url
        return replace(draft, url=home)

    def ask(self, url: str, callback: Any, *, priority: int = 0, **meta: Any) -> Request:
        if self.params.render == "always" and priority != SITEMAP and "is_robots" not in meta:
            meta[RENDER] = True
        return super().ask(url, callback, priority=priority, **meta)

    def translated(self, page: Page, response: Response) -> str | None:
        """Where this page is found in the source's language; None if this is it or none is."""
        wanted = self.params.language
        url = language_pick(page.alternates, wanted) if wanted else None
        if url is None or url in {response.url, url_clean(response.url, base=response.url)}:
            return None
        return url

    def drafts(self, page: Page, response: Response) -> Sequence[ListingDraft]:
        """With photos of the sitemap; of several on a page nobody knows which they show."""
        listed = response.meta.get(PHOTOS)
        if not listed or len(page.drafts) != 1:
            return page.drafts
        draft = page.drafts[0]
        photos = tuple(dict.fromkeys(self.photos_of(draft, listed)))[:MAX_IMAGES]
        return [replace(draft, image_urls=photos)]

    def photos_of(self, draft: ListingDraft, listed: Sequence[str]) -> Sequence[str]:
        """Its own; where the page names none, those that the sitemap names."""
        return draft.image_urls or listed

    def links(self, page: Page, response: Response, *, follow: bool) -> Iterator[Request]:
        for url in page.product_links:
            yield from self._new(
                self.ask(url, self.parse, priority=PRODUCT), of=response, tell=True
            )
        if not follow:
            return
        for url in page.next_links:
            yield from self._new(self.ask(url, self.parse, priority=NEXT), of=response)
        for url in page.links:
            if url in self._met:
                continue
            priority = PRODUCT if self.yields.is_product(url) else LINK
            yield from self._new(self.ask(url, self.parse, priority=priority), of=response)

    def _is_wanted(self, request: Request) -> bool:
        """By the source's rules, which are of pages: not of sitemaps, nor of pagination."""
        return request.priority in {SITEMAP, NEXT} or self.rules.allows(request.url)

    def _new(self, request: Request, *, of: Response, tell: bool = False) -> Iterator[Request]:
        """The request, if its page may be asked for, was not yet, and promises something."""
        if not self.context.rules.allows(request.url):
            if tell or request.priority in {SITEMAP, LISTED}:
                refusal = self.context.rules.refusal(request.url)
                self.context.problem(of.meta[KEY], problem_of(refusal, request))
            return
        if self.is_seen(request):
            self._met[request.url] = None
            return
        if not self._is_wanted(request):
            return
        if request.priority < LISTED and self.yields.is_barren(request.url):
            message = "Pages of this kind led to no product; further ones are left out."
            notice = Problem("no-yield", request.url, message, is_notice=True)
            self.context.problem(of.meta[KEY], notice)
            return
        yield request
