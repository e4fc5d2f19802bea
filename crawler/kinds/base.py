"""A kind of source, and its typed parameters: one description for form, command and spider."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_type_hints

from crawler.exceptions import SourceInvalid

MAX_VALUE = 10_000

P = TypeVar("P", bound="Params")


@dataclass(frozen=True, kw_only=True)
class Params:
    """What a kind is told. A subclass is a frozen dataclass whose fields are made by `param`.

    A field is a bool, an int, a str, or a tuple of str (one a line in forms).
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """How a parameter is shown and checked."""

    label: str
    help: str
    choices: tuple[tuple[str, str], ...] = ()
    least: int | None = None
    most: int | None = None
    check: Callable[[Any], str] | None = None
    """Gives what is wrong with a value, or ""."""


def param(
    default: Any,
    label: str,
    help: str,
    *,
    choices: tuple[tuple[str, str], ...] = (),
    least: int | None = None,
    most: int | None = None,
    check: Callable[[Any], str] | None = None,
) -> Any:
    """A field of a `Params` class."""
    told = Described(label=label, help=help, choices=choices, least=least, most=most, check=check)
    return field(default=default, metadata={"param": told})


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A way in which shops publish what they have."""

    key: str
    label: str
    summary: str
    """When to choose it, and what it reads: two or three sentences for the owner of the source."""
    seeds_help: str
    """What the addresses of such a source are."""
    seed_example: str = "https://shop.example/"
    spider: str
    """Dotted path of the spider class; loaded in the crawl's own process only."""
    params: type[Params] = Params


@dataclass(frozen=True, slots=True)
class Parameter:
    """A field of a `Params` class, as forms and commands see it."""

    name: str
    type: type
    default: Any
    told: Described

    @property
    def is_lines(self) -> bool:
        return self.type is tuple


def parameters(params: type[Params]) -> list[Parameter]:
    """The parameters of a kind, in the order in which they are written."""
    hints = get_type_hints(params)
    found = []
    for one in dataclasses.fields(params):
        hint = hints[one.name]
        kind = tuple if getattr(hint, "__origin__", None) is tuple else hint
        found.append(Parameter(one.name, kind, one.default, one.metadata["param"]))
    return found


def params_load(params: type[P], values: Mapping[str, Any]) -> P:
    """Typed parameters from JSON or from a command line; what is not told keeps its default.

    Raises:
        SourceInvalid: a value that the kind cannot use, with what it takes.
    """
    return params(**{
        one.name: _value(one, values[one.name])
        for one in parameters(params)
        if one.name in values
    })  # fmt: skip


def params_dump(params: Params) -> dict[str, Any]:
    """As JSON keeps them: only what differs from the defaults, so that a better default arrives."""
    told = {one.name: getattr(params, one.name) for one in parameters(type(params))
            if getattr(params, one.name) != one.default}  # fmt: skip
    return {name: list(v) if isinstance(v, tuple) else v for name, v in told.items()}


def _value(one: Parameter, raw: Any) -> Any:
    value, told = _converted(one, raw), one.told
    if told.choices and value == "":
        value = one.default
    wrong = ""
    if told.choices and value not in dict(told.choices):
        wrong = f"choose one of {', '.join(key or '(empty)' for key, _ in told.choices)}"
    elif told.least is not None and value < told.least:
        wrong = f"at least {told.least}"
    elif told.most is not None and value > told.most:
        wrong = f"at most {told.most}"
    elif told.check is not None:
        wrong = told.check(value)
    if wrong:
        raise SourceInvalid(f"“{one.told.label}”: {wrong}.")
    return value


def _converted(one: Parameter, raw: Any) -> Any:
    if one.type is bool:
        if isinstance(raw, bool):
            return raw
        word = str(raw).strip().lower()
        if word in {"true", "yes", "on", "1"}:
            return True
        if word in {"false", "no", "off", "0", ""}:
            return False
        raise SourceInvalid(f"“{one.told.label}”: say yes or no.")
    if one.type is int:
        try:
            return int(raw)
        except (TypeError, ValueError) as error:
            raise SourceInvalid(f"“{one.told.label}”: give a whole number.") from error
    if one.type is tuple:
        lines = raw if isinstance(raw, list | tuple) else str(raw).splitlines()
        return tuple(line for text in lines if (line := str(text).strip()[:MAX_VALUE]))
    return str(raw).strip()[:MAX_VALUE]


# --- checks -------------------------------------------------------------------------------------


def check_currency(value: str) -> str:
    return "" if re.fullmatch(r"([A-Z]{3})?", value) else "an ISO 4217 code such as EUR, or empty"


def check_language(value: str) -> str:
    fits = re.fullmatch(r"([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?", value)
    return "" if fits else "a language such as en or de-AT, or empty"
