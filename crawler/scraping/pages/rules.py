"""Which addresses a source wants: patterns in the manner of robots.txt."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit


class UrlRules:
    """Addresses that fit one of ``include`` (none: all) and none of ``exclude``.

    A pattern that begins with "/" stands at the start of the path, any other one anywhere; "*"
    stands for anything, "$" at its end for the end of the address.

    >>> rules = UrlRules(["/shoes/"], ["*sale*"])
    >>> rules.allows("https://shop.example/shoes/low?x=1"), rules.allows("https://shop.example/hats")
    (True, False)
    """

    def __init__(self, include: Iterable[str] = (), exclude: Iterable[str] = ()) -> None:
        self._include = [_pattern(one) for one in include]
        self._exclude = [_pattern(one) for one in exclude]

    def allows(self, url: str) -> bool:
        path = url[url.find(urlsplit(url).netloc) + len(urlsplit(url).netloc) :] or "/"

        def fits(pattern: tuple[bool, re.Pattern[str]]) -> bool:
            of_path, regex = pattern
            return (regex.match(path) if of_path else regex.search(url)) is not None

        wanted = not self._include or any(map(fits, self._include))
        return wanted and not any(map(fits, self._exclude))


def _pattern(written: str) -> tuple[bool, re.Pattern[str]]:
    end = written.endswith("$")
    # Runs of "*" mean one; several would make a slow pattern.
    parts = re.split(r"\*+", written[:-1] if end else written)
    body = ".*?".join(re.escape(part) for part in parts)
    return written.startswith("/"), re.compile(body + ("$" if end else ""), re.IGNORECASE)
