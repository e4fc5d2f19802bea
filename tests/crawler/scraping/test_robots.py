"""robots.txt that cannot be had forbids everything of its host."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response, TextResponse
from scrapy.utils.test import get_crawler

from crawler.scraping import middlewares
from crawler.scraping.failures import CrawlClosing
from crawler.scraping.middlewares import RobotsMiddleware, RobotsUnavailable

PAGE = Request("https://shop.example/private/staff")


class Host:
    """Answers for robots.txt, one after the other."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)

    async def download_async(self, request: Request) -> Response:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, body = answer
        return TextResponse(request.url, status=status, body=body, request=request)


def robots(
    monkeypatch: pytest.MonkeyPatch, *answers: Any, closing: bool = False
) -> RobotsMiddleware:
    crawler: Any = get_crawler(
        settings_dict={"ROBOTSTXT_OBEY": True, "ROBOTSTXT_USER_AGENT": "shoefinder"}
    )
    made = RobotsMiddleware(crawler)
    crawler.engine = Host(*answers)
    context = SimpleNamespace(closing=asyncio.Event())
    if closing:
        context.closing.set()
    monkeypatch.setattr(middlewares, "context_of", lambda crawler: context)
    return made


@pytest.mark.parametrize("answer", [(503, b"later"), OSError("no answer")])
def test_nothing_is_asked_until_robots_txt_can_be_read(
    monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    made = robots(monkeypatch, answer, (200, b"User-agent: *\nDisallow: /private/\n"))

    async def twice() -> None:
        with pytest.raises(RobotsUnavailable):
            await made.process_request(PAGE)
        with pytest.raises(IgnoreRequest, match="Forbidden by robots"):
            await made.process_request(PAGE)
        await made.process_request(PAGE.replace(url="https://shop.example/shoes"))

    asyncio.run(twice())


def test_a_host_that_fails_for_good_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    most = middlewares.MAX_ROBOTS_FAILURES
    made = robots(monkeypatch, *[OSError("no answer")] * most)  # one question more would fail

    async def often() -> None:
        for _ in range(2 * most):
            with pytest.raises(RobotsUnavailable):
                await made.process_request(PAGE)

    asyncio.run(often())


def test_all_that_wait_for_robots_txt_at_once_keep_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made = robots(monkeypatch, (200, b"User-agent: *\nDisallow: /private/\n"))

    async def together() -> list[Any]:
        asked = [made.process_request(PAGE) for _ in range(4)]
        return await asyncio.gather(*asked, return_exceptions=True)

    told = asyncio.run(together())
    assert [str(one) for one in told] == ["Forbidden by robots.txt"] * 4


def test_what_waited_for_robots_txt_when_the_crawl_ended_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = robots(monkeypatch, CrawlClosing("The crawl is ending."), closing=True)
    with pytest.raises(CrawlClosing):
        asyncio.run(made.process_request(PAGE))
