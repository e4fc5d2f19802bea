"""Answers that come after their requests were given up."""

from __future__ import annotations

import asyncio

from scrapy.http import Response

from crawler.scraping.download import KEPT_ANSWERS, Asked, LateAnswers

URL = "https://shop.example/slow"


def asked(number: int = 0) -> Asked:
    return "GET", f"{URL}/{number}", b""


def test_the_next_try_takes_what_is_under_way_or_has_come() -> None:
    async def answers() -> list[Response | None]:
        late, gate = LateAnswers(), asyncio.Event()

        async def answer() -> Response:
            await gate.wait()
            return Response(URL)

        transfers = [asyncio.create_task(answer()) for _ in range(2)]
        for number, transfer in enumerate(transfers):
            late.expect(asked(number), transfer)
        under_way = late.take(asked(0))
        gate.set()
        await asyncio.wait(transfers)
        await asyncio.sleep(0)
        taken = [under_way, late.take(asked(1)), late.take(asked(0)), late.take(asked(1))]
        return [one and one.result() for one in taken]

    first, second, *again = asyncio.run(answers())

    assert (first, second) != (None, None)
    assert again == [None, None]


def test_what_failed_is_asked_for_anew_and_few_answers_are_kept() -> None:
    async def kept() -> list[int]:
        late = LateAnswers()

        async def answer(number: int) -> Response:
            if number == KEPT_ANSWERS:
                raise ConnectionError
            return Response(URL)

        transfers = [asyncio.create_task(answer(number)) for number in range(KEPT_ANSWERS + 3)]
        for number, transfer in enumerate(transfers):
            late.expect(asked(number), transfer)
        await asyncio.wait(transfers)
        await asyncio.sleep(0)
        return [number for number in range(len(transfers)) if late.take(asked(number))]

    numbers = asyncio.run(kept())

    assert len(numbers) == KEPT_ANSWERS
    assert not {0, 1, KEPT_ANSWERS} & set(numbers)
