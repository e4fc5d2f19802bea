"""Tables in and out: dry run, report, idempotent, and safe against hostile files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import example, given
from hypothesis import strategies as st

from catalog.exceptions import ImportRefused
from catalog.models import Brand, BrandAlias, Colorway, ShoeModel, ShoeModelAlias
from catalog.services import listing_upsert, model_merge, retailer_get_or_create
from catalog.services.importing import catalog_export, catalog_import
from catalog.tabular import cell_quote, cell_unquote, csv_write, rows_read
from tests.factories import (
    BrandAliasFactory,
    BrandFactory,
    ColorwayFactory,
    ShoeModelAliasFactory,
    ShoeModelFactory,
    draft,
)

pytestmark = pytest.mark.django_db

Write = Callable[..., Path]


@pytest.fixture
def file(tmp_path: Path) -> Write:
    def write(content: str | bytes, name: str = "in.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def snapshot() -> dict[str, list[dict[str, Any]]]:
    tables = (Brand, BrandAlias, ShoeModel, ShoeModelAlias, Colorway)
    return {table.__name__: list(table.objects.order_by("pk").values()) for table in tables}


def test_brands_with_aliases(file: Write) -> None:
    path = file("Name,Aliases\nNew Balance,NB; N.B.\nVans,\n")
    report = catalog_import(kind="brands", path=path)
    assert (report.created, report.updated, report.rejected) == (2, 0, [])
    assert set(BrandAlias.objects.values_list("name", flat=True)) == {"NB", "N.B."}
    before = snapshot()
    again = catalog_import(kind="brands", path=path)
    assert (again.unchanged, snapshot()) == (2, before)
    more = catalog_import(kind="brands", path=file("name,aliases\nnb,Newbie\n"))
    assert (more.updated, Brand.objects.count(), BrandAlias.objects.count()) == (1, 2, 3)


def test_models_and_colorways(file: Write) -> None:
    models = file(
        "brand;name;aliases;category;height;gender;closure;material;description\n"
        "Acme;Runner;R1|R-1;Running Shoes;Hi;Women's;laces;Mesh;Light.\n"
    )
    assert catalog_import(kind="models", path=models).created == 1
    model = ShoeModel.objects.get()
    assert (model.category, model.height, model.gender, model.closure) == (
        "running", "high", "women", "laces",
    )  # fmt: skip
    colorways = file(
        "brand,model,colour,style_code\nACME,r1,Black / White,ab 1\nAcme,Runner,Red,\n"
        "Bolt,New One,Black,X\n",
        "colorways.csv",
    )
    report = catalog_import(kind="colorways", path=colorways)
    assert (report.created, report.rejected) == (3, [])
    row = Colorway.objects.get(style_code="AB1")
    assert (row.model, row.colours, row.height) == (model, ("black", "white"), "high")
    before = snapshot()
    assert catalog_import(kind="colorways", path=colorways).unchanged == 3
    assert catalog_import(kind="models", path=models).unchanged == 1
    assert snapshot() == before


def test_an_empty_cell_leaves_what_is_there_and_a_full_one_writes_it(file: Write) -> None:
    row = ColorwayFactory.create(model=ShoeModelFactory.create(category="boot", material="Wool"))
    told = f"brand,name,category,material\n{row.brand.name},{row.model.name},,Felt\n"
    assert catalog_import(kind="models", path=file(told)).updated == 1
    told = f"brand,name,category\n{row.brand.name},{row.model.name},sandal\n"
    assert catalog_import(kind="models", path=file(told)).updated == 1
    row.refresh_from_db()
    assert (row.model.material, row.category) == ("Felt", "sandal")


def test_a_colorway_of_a_known_code_gets_the_new_colours(file: Write) -> None:
    row = ColorwayFactory.create(name="Black", style_code="A1")
    told = f"brand,model,colour,style_code\n{row.brand.name},{row.model.name},Red / Gum,a1\n"
    assert catalog_import(kind="colorways", path=file(told)).updated == 1
    row.refresh_from_db()
    assert row.colours == ("red", "tan")
    assert row.sort_name.endswith("red / gum")


@pytest.mark.parametrize("suffix", ["csv", "json"])
def test_what_is_exported_is_imported(file: Write, tmp_path: Path, suffix: str) -> None:
    brand = BrandFactory.create(name="=Acme+")
    BrandAliasFactory.create(brand=brand, name="@A, “B”")
    model = ShoeModelFactory.create(brand=brand, name="'@Runner", description="a\nb", height="low")
    ShoeModelAliasFactory.create(model=model, name="R,1")
    ColorwayFactory.create(model=model, name="Black / White", style_code="A1")
    ColorwayFactory.create(model=model, name="Red", style_code="")
    gone = ShoeModelFactory.create(brand=brand, name="Old")
    model_merge(source=gone, target=model)
    paths = {kind: tmp_path / f"{kind}.{suffix}" for kind in ("brands", "models", "colorways")}
    counts = [catalog_export(kind=kind, path=path) for kind, path in paths.items()]
    assert counts == [1, 1, 2]
    before = snapshot()
    for kind, path in paths.items():
        report = catalog_import(kind=kind, path=path)
        assert (report.created, report.updated, report.rejected) == (0, 0, []), kind
    assert snapshot() == before
    for table in (Colorway, ShoeModelAlias, BrandAlias):
        table.objects.all().delete()
    ShoeModel.objects.filter(merged_into__isnull=False).delete()
    ShoeModel.objects.all().delete()
    Brand.objects.all().delete()
    for kind, path in paths.items():
        assert catalog_import(kind=kind, path=path).rejected == []
    model = ShoeModel.objects.get()
    assert (model.brand.name, model.name, model.description) == ("=Acme+", "'@Runner", "a\nb")
    assert {row.name for row in model.aliases.all()} == {"R,1", "Old"}
    assert {(row.name, row.style_code) for row in Colorway.objects.all()} == {
        ("Black / White", "A1"),
        ("Red", ""),
    }


def test_no_cell_of_an_export_is_run_by_a_spreadsheet(tmp_path: Path) -> None:
    BrandFactory.create(name="=HYPERLINK(1)")
    BrandFactory.create(name="@SUM(1)")
    catalog_export(kind="brands", path=tmp_path / "b.csv")
    rows = list(csv.reader(io.StringIO((tmp_path / "b.csv").read_text())))
    assert {row[0] for row in rows[1:]} == {"'=HYPERLINK(1)", "'@SUM(1)"}


def test_rejected_rows_are_told_with_line_and_reason(file: Write) -> None:
    BrandFactory.create(name="Bolt")
    BrandAliasFactory.create(brand=Brand.objects.get(), name="BT")
    path = file(
        b'name,aliases\n"two\nlines",ok\n,no name\nAcme,BT\nonly one cell\n'
        b"Nul\x00,x\nLong," + b"y" * 30_000 + b'\nGood,g\n"broken"x,z\n'
    )
    report = catalog_import(kind="brands", path=path)
    told = {row.line: row.reason for row in report.rejected}
    assert set(told) == {4, 5, 6, 7, 8, 10}
    assert "empty" in told[4]
    assert "means the brand Bolt already" in told[5]
    assert "1 cells, the header has 2" in told[6]
    assert "NUL" in told[7]
    assert "longer than" in told[8]
    assert report.created == 2
    assert set(Brand.objects.values_list("name", flat=True)) == {"Bolt", "two lines", "Good"}


def test_unknown_words_are_refused_with_those_that_are_known(file: Write) -> None:
    path = file("brand,name,category,closure\nA,B,hat,\nA,C,,glue\n")
    report = catalog_import(kind="models", path=path)
    assert [row.line for row in report.rejected] == [2, 3]
    assert "Known are sneaker" in report.rejected[0].reason
    assert not ShoeModel.objects.exists()


def test_a_dry_run_tells_the_same_and_writes_nothing(file: Write) -> None:
    path = file("brand,model,colour,style_code\nA,B,Red,1\nA,B,Red,1\nA,B,,\n")
    before = snapshot()
    dry = catalog_import(kind="colorways", path=path, dry_run=True)
    assert snapshot() == before
    wet = catalog_import(kind="colorways", path=path)
    assert str(dry) == str(wet) == "1 new, 0 changed, 1 unchanged, 1 rejected"


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        ("name\nÄ\n".encode("latin-1"), "a.csv", "not UTF-8"),
        ("name\nx\n".encode("utf-16"), "a.csv", "UTF-16"),
        (b"", "a.csv", "empty"),
        (b"colour\nred\n", "a.csv", "“name” is missing"),
        (b"name,Name\nx,y\n", "a.csv", "twice"),
        (b"{", "a.json", "not JSON"),
        (b"[" * 100_000, "a.json", "not JSON"),
        (b'{"name": 1}', "a.json", "list of objects"),
        (b"x", "a.xlsx", "not read"),
    ],
)
def test_files_that_cannot_be_read_at_all(
    file: Write, content: bytes, name: str, words: str
) -> None:
    with pytest.raises(ImportRefused, match=words):
        catalog_import(kind="brands", path=file(content, name))


def test_json_items_may_be_anything(file: Write) -> None:
    items = [
        {"name": "A", "aliases": ["B", "C"]},
        7,
        {"name": {"x": 1}},
        {"name": None},
        {"Name": "D"},
    ]
    report = catalog_import(kind="brands", path=file(json.dumps(items), "in.json"))
    assert [row.line for row in report.rejected] == [2, 3, 4]
    assert set(BrandAlias.objects.values_list("name", flat=True)) == {"B", "C"}


def test_an_import_meets_what_a_crawl_wrote(file: Write) -> None:
    listing_upsert(retailer=retailer_get_or_create(name="S"), draft=draft())
    told = "brand,model,colour,style_code\nacme,RUNNER LOW,Black / White,ac1001\n"
    assert catalog_import(kind="colorways", path=file(told)).unchanged == 1


def test_the_commands(file: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = file("name\nAcme\n\x00\n" + "".join(f"{'x' * 9}\x00{n}\n" for n in range(20)))
    report = tmp_path / "report.csv"
    call_command("import_catalog", "brands", str(path), "--dry-run", report=report)
    out = capsys.readouterr()
    assert "Dry run, nothing written: 1 new" in out.out
    assert "line 3: " in out.err
    assert "… and 11 more" in out.err
    assert len(report.read_text().splitlines()) == 22
    call_command("import_catalog", "brands", str(path))
    call_command("export_catalog", "brands", str(tmp_path / "out.json"))
    assert json.loads((tmp_path / "out.json").read_text()) == [{"name": "Acme", "aliases": ""}]
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_catalog", "brands", str(tmp_path / "none.csv"))
    with pytest.raises(CommandError, match="not written"):
        call_command("export_catalog", "brands", str(tmp_path / "out.xml"))


@given(st.text(max_size=60))
def test_quoting_a_cell_can_be_taken_back(text: str) -> None:
    assert cell_unquote(cell_quote(text)) == text
    assert not cell_quote(text).startswith(("=", "+", "-", "@", "\t", "\r"))


@example([["", "\t"]])
@given(st.lists(st.lists(st.text(max_size=20), min_size=2, max_size=2), max_size=5))
def test_csv_round_trip(rows: list[list[str]]) -> None:
    rows = [[cell.replace("\0", "").replace("\r", "") for cell in row] for row in rows]
    columns, read = rows_read(csv_write(("a", "b"), rows).encode("utf-8", "replace"), suffix="csv")
    expected = [row for row in rows if any(cell.strip() for cell in row)]
    assert columns == ["a", "b"]
    assert [list(row.cells.values()) for row in read] == [
        [cell.encode("utf-8", "replace").decode() for cell in row] for row in expected
    ]


@given(st.binary(max_size=300), st.sampled_from(["csv", "json"]))
def test_any_file_is_read_or_refused(content: bytes, suffix: str) -> None:
    try:
        _, rows = rows_read(b"name,b\n" * (suffix == "csv") + content, suffix=suffix)
        assert all(row.error or row.cells for row in rows)
    except ImportRefused:
        return
