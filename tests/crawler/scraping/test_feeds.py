"""Feeds as files: every format and encoding, and everything that can be wrong with them."""

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.scraping.feeds import FeedItem, Trouble, feed_read

G = 'xmlns:g="http://base.google.com/ns/1.0"'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "feed"


def read(path: Path, content: str | bytes, **options: Any) -> tuple[list[FeedItem], list[Trouble]]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    told = list(feed_read(path, **options))
    return (
        [one for one in told if isinstance(one, FeedItem)],
        [one for one in told if isinstance(one, Trouble)],
    )


def titles(items: list[FeedItem]) -> list[str]:
    return [" ".join(item.fields["title"]) for item in items]


def rss(*items: str, head: str = '<?xml version="1.0"?>', names: str = G) -> str:
    inner = f"<channel><title>Shop</title>{''.join(items)}</channel>"
    return f"{head}<rss version='2.0' {names}>{inner}</rss>"


def entry(number: int, title: str = "Low") -> str:
    return f"<item><g:id>{number}</g:id><title>{title}</title></item>"


# --- XML ------------------------------------------------------------------------------------------


def test_rss_with_google_fields(path: Path) -> None:
    items, troubles = read(
        path,
        rss(
            "<item><id>x</id><g:id>7</g:id><title><![CDATA[Tom & <b>Jerry</b>]]></title>"
            "<g:additional_image_link>/1</g:additional_image_link>"
            "<g:additional_image_link>/2</g:additional_image_link>"
            "<g:shipping><g:country>DE</g:country><g:price>5 EUR</g:price></g:shipping></item>"
        ),
    )

    assert troubles == []
    fields = items[0].fields
    assert fields["id"] == ["7", "x"]
    assert fields["title"] == ["Tom & <b>Jerry</b>"]
    assert fields["additional_image_link"] == ["/1", "/2"]
    assert "price" not in fields


def test_atom_and_a_default_namespace(path: Path) -> None:
    items, _ = read(
        path,
        f"""<feed xmlns="http://www.w3.org/2005/Atom" {G}><entry>
        <title>Low</title><link rel="self" href="/no"/><link href="/p"/><g:id>1</g:id>
        </entry></feed>""",
    )

    assert items[0].fields["link"] == ["/p"]


@pytest.mark.parametrize("name", ["product", "offer", "SHOPITEM", "article"])
def test_plain_lists_of_products(path: Path, name: str) -> None:
    items, troubles = read(
        path, f'<list><{name} id="5"><Title>Low</Title><g:price>3</g:price></{name}></list>'
    )

    assert troubles == []
    assert items[0].fields == {"id": ["5"], "title": ["Low"], "price": ["3"]}


def test_a_prefix_that_is_not_declared(path: Path) -> None:
    items, troubles = read(path, rss(entry(1), names=""))

    assert (items[0].fields["id"], troubles) == (["1"], [])


def test_what_browsers_forgive_is_forgiven(path: Path) -> None:
    items, troubles = read(
        path, rss(entry(1, "Tom & Jerry&nbsp;&eacute;\x00\x0b &#233; &lt;"), entry(2))
    )

    assert titles(items) == ["Tom & Jerry\xa0é   é <", "Low"]
    assert troubles == []


def test_an_element_that_is_never_closed_costs_no_other_item(path: Path) -> None:
    items, troubles = read(path, rss(entry(1), entry(2, "<b>Low"), entry(3)))

    assert sorted(item.fields["id"][0] for item in items) == ["1", "2", "3"]
    assert {trouble.kind for trouble in troubles} == {"invalid-xml"}


@pytest.mark.parametrize("cut", [10, 40, 70, 90])
def test_a_feed_cut_off_keeps_what_was_whole(path: Path, cut: int) -> None:
    whole = rss(*(entry(n) for n in range(50)))

    items, troubles = read(path, whole[:-cut])

    assert 48 <= len(items) <= 50
    assert all(item.fields["title"] == ["Low"] for item in items)
    assert troubles[0].kind == "truncated"
    assert f"behind item {len(items)}" in troubles[0].message


def test_an_entity_bomb_stays_small_and_files_stay_unread(path: Path) -> None:
    lols = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    head = f'<!DOCTYPE x [<!ENTITY l0 "lol">{lols}<!ENTITY f SYSTEM "file:///etc/passwd">]>'

    items, _ = read(path, rss(entry(1, "&l11;"), entry(2, "&f;"), entry(3), head=head))

    assert [item.fields.get("title") for item in items] == [None, None, ["Low"]]


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16"),
        ("cp1252", "windows-1252"),
        ("cp1252", "utf-8"),
        ("iso-8859-1", "ISO-8859-1"),
        ("utf-8", "utf-16"),
        ("utf-8", "klingon"),
    ],
)
def test_encodings_declared_and_lied_about(path: Path, encoding: str, declared: str) -> None:
    head = f'<?xml version="1.0" encoding="{declared}"?>'

    items, troubles = read(path, rss(entry(1, "Café Größe"), head=head).encode(encoding))

    assert (titles(items), troubles) == (["Café Größe"], [])


def test_the_server_knows_the_encoding_where_the_feed_does_not_say(path: Path) -> None:
    items, _ = read(path, "id,title\n1,Žluť\n".encode("cp1250"), charset="windows-1250")

    assert titles(items) == ["Žluť"]


def test_memory_stays_flat(path: Path) -> None:
    path.write_text(rss(*(entry(n, "x" * 2_000) for n in range(5_000))))
    tracemalloc.start()
    try:
        assert sum(1 for _ in feed_read(path)) == 5_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert path.stat().st_size > 10_000_000
    assert peak < 5_000_000


# --- tables ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_tables(path: Path, delimiter: str, encoding: str, end: str) -> None:
    rows = [["g:ID", "title", "Image Link"], ["1", '"Größe ""42"""', "/1"], ["2", "Low", "/2"]]
    content = end.join(delimiter.join(row) for row in rows) + end

    items, troubles = read(path, content.encode(encoding))

    assert troubles == []
    assert titles(items) == ['Größe "42"', "Low"]
    assert items[1].fields["image_link"] == ["/2"]


def test_a_row_may_have_several_lines(path: Path) -> None:
    items, troubles = read(path, 'id,title\n1,"Low\nshoe, red"\n2,High\n')

    assert (titles(items), troubles) == (["Low\nshoe, red", "High"], [])


def test_quotes_that_are_none_cost_no_other_row(path: Path) -> None:
    rows = '1\t5" heel\n2\t"open\n3\t"a" b\n4\tlast\n'

    items, troubles = read(path, "id\ttitle\n" + rows)

    assert [item.fields["id"][0] for item in items] == ["1", "2", "3", "4"]
    assert titles(items)[1] == "open"
    assert troubles == []


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("3", "Line 3 has 1 cells, the first row names 2"),
        ("3,a,b,c", "has 4 cells"),
        ("x," * 1_000_000, "longer than"),
        ("3," + "x" * 1_100_000, "longer than"),
    ],
)
def test_a_broken_row_is_told_and_left_out(path: Path, row: str, told: str) -> None:
    items, troubles = read(path, f"id,title\n1,a\n{row}\n2,b\n")

    assert titles(items) == ["a", "b"]
    assert [trouble.kind for trouble in troubles] == ["invalid-row"]
    assert told in troubles[0].message


def test_empty_cells_behind_the_last_column_are_nothing(path: Path) -> None:
    items, troubles = read(path, "id,title\n1,a,,\n\n,,\n2,\n")

    assert [dict(item.fields) for item in items] == [
        {"id": ["1"], "title": ["a"]},
        {},
        {"id": ["2"]},
    ]
    assert troubles == []


def test_nul_characters_are_left_out_and_told(path: Path) -> None:
    items, troubles = read(path, "id,title\n1,a\x00b\n2,c\n")

    assert titles(items) == ["ab", "c"]
    assert [trouble.kind for trouble in troubles] == ["nul-characters"]


def test_a_header_of_a_million_columns_is_no_feed(path: Path) -> None:
    items, (trouble,) = read(path, "x," * 1_000_000 + "\n1,2\n")
    assert (items, trouble.kind) == ([], "not-a-feed")

    items, (trouble,) = read(path, "x," * 3_000 + "\n1,2\n")
    assert (items, trouble.kind) == ([], "not-a-feed")


def test_the_last_row_may_be_cut_off(path: Path) -> None:
    items, (trouble,) = read(path, "id,title,price\n1,a,2\n2,b")

    assert (titles(items), trouble.kind) == (["a"], "truncated")


def test_excel_says_which_delimiter(path: Path) -> None:
    items, _ = read(path, "sep=;\nid;title\n1;a, b\n")

    assert titles(items) == ["a, b"]


def test_the_owner_may_say_which_delimiter(path: Path) -> None:
    items, _ = read(path, "id|title;x;y\n1|a;b;c\n", delimiter="|")

    assert items[0].fields["title_x_y" if "title_x_y" in items[0].fields else "title;x;y"] == [
        "a;b;c"
    ]


# --- packed, and what is no feed ------------------------------------------------------------------


@pytest.mark.parametrize("behind", [b"", bytes(100)])
def test_gzip_also_in_several_members(path: Path, behind: bytes) -> None:
    whole = gzip.compress(b"id,title\n1,a\n") + gzip.compress(b"2,b\n") + behind

    items, troubles = read(path, whole)

    assert (titles(items), troubles) == (["a", "b"], [])


def test_gzip_that_is_cut_off(path: Path) -> None:
    rows = "".join(f"{n},{n * 7919 % 1000}\n" for n in range(2_000))

    items, (trouble,) = read(path, gzip.compress(f"id,title\n{rows}".encode())[:-500])

    assert len(items) > 1_000
    assert trouble.kind == "truncated"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "empty-feed"),
        (b"\xef\xbb\xbf \n", "empty-feed"),
        (b"<!DOCTYPE html><p>", "not-a-feed"),
        (b'{"a": 1}', "not-a-feed"),
        (b"PK\x03\x04", "not-a-feed"),
        (b"\x1f\x8b\x08", "truncated"),
        (gzip.compress(b"", mtime=0), "empty-feed"),
        (b"\x1f\x8bnonsense", "truncated"),
    ],
)
def test_what_is_no_feed_is_told(path: Path, content: bytes, kind: str) -> None:
    items, (trouble,) = read(path, content)

    assert (items, trouble.kind) == ([], kind)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400), st.sampled_from([b"", b"<rss><channel><item>", b"id,title\n"]))
def test_any_bytes_end_without_an_exception(path: Path, content: bytes, before: bytes) -> None:
    read(path, before + content)
