"""Masks over columns mean what ``matches`` says of each row, however the table came to be."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from search.stores.base import Payload, Where
from search.stores.columns import Columns, where_key
from search.stores.memory import matches

NUMBERS = st.integers(-(2**63), 2**63 - 1)
REALS = st.floats(allow_nan=False)
NAMES = st.sampled_from("ab")
near = st.sampled_from([0, 1, 2**53, 2**53 + 1, -(2**63), 2**63 - 1]) | NUMBERS
payloads = st.lists(
    st.dictionaries(NAMES, near | REALS | st.lists(near, max_size=3).map(tuple)), max_size=8
)
bounds = st.none() | near | st.floats()
wheres = st.builds(
    Where,
    any_of=st.dictionaries(NAMES, st.frozensets(near | st.integers(), max_size=3), max_size=2),
    between=st.dictionaries(NAMES, st.tuples(bounds, bounds), max_size=2),
)


@given(payloads, wheres)
def test_a_mask_is_what_matches_says(rows: list[Payload], where: Where) -> None:
    expected = [matches(row, where) for row in rows]
    assert Columns.of(rows).mask(where).tolist() == expected


@given(payloads)
def test_payloads_come_back(rows: list[Payload]) -> None:
    assert Columns.of(rows).payloads() == rows


@given(payloads, payloads, st.data())
def test_tables_can_be_joined_cut_and_changed(
    above: list[Payload], below: list[Payload], data: st.DataObject
) -> None:
    rows = above + below
    table = Columns.concat([Columns.of(above), Columns.of(below)])
    assert table.payloads() == rows
    some = data.draw(st.permutations(range(len(rows))))[: len(rows) // 2]
    wanted = np.array(some, np.int64)
    assert table.take(wanted).payloads() == [rows[row] for row in some]
    new: list[Payload] = [{"a": row} for row in some]
    changed = dict(enumerate(rows)) | dict(zip(some, new, strict=True))
    replaced = table.replace(wanted, Columns.of(new))
    assert replaced.payloads() == [changed[row] for row in range(len(rows))]
    assert Columns.from_arrays(replaced.to_arrays("x"), "x").payloads() == replaced.payloads()


@given(payloads, wheres)
def test_reading_back_keeps_the_masks(rows: list[Payload], where: Where) -> None:
    table = Columns.of(rows)
    again = Columns.from_arrays(table.to_arrays("x"), "x")
    assert (again.mask(where) == table.mask(where)).all()


def test_many_values_are_found_as_few_are() -> None:
    table = Columns.of([{"a": number} for number in range(200)])
    wanted = frozenset(range(0, 400, 3)) | {2**70}
    expected = [number in wanted for number in range(200)]
    assert table.mask(Where(any_of={"a": wanted})).tolist() == expected


def test_numpy_numbers_are_numbers() -> None:
    rows: list[Any] = [{"a": np.int32(3), "b": np.float32(0.5), "c": (np.int64(1),), "d": True}]
    assert Columns.of(rows).payloads() == [{"a": 3, "b": 0.5, "c": (1,), "d": 1}]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda arrays: arrays.pop("x_head"),
        lambda arrays: arrays.pop("x_0_values"),
        lambda arrays: arrays.update(x_0_values=arrays["x_0_values"][1:]),
        lambda arrays: arrays.update(x_head=np.frombuffer(b"no JSON", np.uint8)),
        lambda arrays: arrays.update(x_0_rows=np.array([0, 99])),
    ],
)
def test_spoilt_arrays_are_refused(spoil: Any) -> None:
    arrays = Columns.of([{"a": 1}, {"a": 2}]).to_arrays("x")
    spoil(arrays)
    with pytest.raises((KeyError, ValueError)):
        Columns.from_arrays(arrays, "x")


def test_equal_filters_have_equal_keys() -> None:
    one = Where({"a": frozenset({1, 2}), "b": frozenset()}, {"p": (1.0, None)})
    two = Where({"b": frozenset(), "a": frozenset({2, 1})}, {"p": (1.0, None)})
    assert where_key(one) == where_key(two)
    assert where_key(one) != where_key(Where({"a": frozenset({1})}))
    assert where_key(Where({"a": frozenset()})) != where_key(Where())
