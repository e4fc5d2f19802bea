"""manage.py evaluate: its interface, and what it tells of what cannot be done."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.core.management import CommandError

from search.evaluation.naming import METHODS
from search.evaluation.protocol import EvaluationError, methods_chosen
from search.evaluation.tasks import ALL, TASKS, cross, names, recognise, run_task
from tests.search.evaluation.asking import evaluate, request
from tests.search.evaluation.folders import footlocker, model_folders


@pytest.fixture
def few_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that learn by steps cost minutes, and TestRecognise has measured each."""
    for module in (recognise, cross, names):
        monkeypatch.setattr(module, "METHODS", {name: METHODS[name] for name in ("knn", "blend")})


class TestCommand:
    @pytest.mark.parametrize("task", sorted(TASKS))
    def test_missing_and_empty_data_fail(self, task: str, tmp_path: Path) -> None:
        file = tmp_path / "figures.json"
        for folder in (tmp_path / "nothing", tmp_path / "empty"):
            with pytest.raises(CommandError, match=re.escape(folder.name)):
                evaluate(task, "--data", str(folder), "--json", str(file))
            (tmp_path / "empty").mkdir(exist_ok=True)
        assert not file.exists()

    @pytest.mark.parametrize(
        "task", ["recognise", "attributes", "predictions", "cross", "robust", "unknown"]
    )
    def test_a_missing_side_is_named(self, task: str, tmp_path: Path) -> None:
        gallery = model_folders(tmp_path / "gallery", models=1, photos=1)
        with pytest.raises(CommandError, match=r"no folder .*nowhere"):
            evaluate(task, "--gallery", str(gallery), "--queries", str(tmp_path / "nowhere"))

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["guess"], "no task 'guess'"),
            (["recognise", "--method", "magic"], "no method 'magic'"),
            (["recognise", "--gallery", "x"], "together"),
            (["recognise", "--encoder", "nobody"], "No encoder is called"),
        ],
    )
    def test_what_cannot_be_done_is_told(self, arguments: list[str], message: str) -> None:
        with pytest.raises(CommandError, match=message):
            evaluate(*arguments)

    @pytest.mark.parametrize("option", [["--limit", "0"], ["--limit", "x"], ["--seed", "-1"]])
    def test_numbers_are_checked(self, option: list[str]) -> None:
        with pytest.raises(CommandError):
            evaluate("edit", *option)

    def test_all_tasks_in_one_go(self, tmp_path: Path, few_methods: None) -> None:
        data = footlocker(tmp_path / "data", models=8, photos=3)
        model_folders(data / "sneakers50", models=4, photos=12)
        file, page = tmp_path / "figures.json", tmp_path / "report.html"
        notes = tmp_path / "tables.md"
        evaluate("all", "--data", str(data), "--json", str(file), "--html", str(page),
                 "--markdown", str(notes), "--limit", "1000")  # fmt: skip
        found = json.loads(file.read_text())
        assert [one["task"] for one in found] == list(ALL)
        html = page.read_text()
        assert html.count("<section id=") == len(ALL)
        addresses = re.findall(r'(?:src|href)="([^"]*)"', html)
        assert all(address.startswith(("data:", "#")) for address in addresses)
        assert html.count("data:image/svg+xml") >= 6
        assert html.count("data:image/jpeg") > 10
        assert "<script" not in html
        headings = [f"### {task}" for task in ALL]
        assert [x for x in notes.read_text().splitlines() if x.startswith("###")] == headings

    def test_all_tells_what_is_missing_and_keeps_the_rest(
        self, tmp_path: Path, few_methods: None
    ) -> None:
        data = model_folders(tmp_path / "shoes", models=4, photos=12)
        file = tmp_path / "figures.json"
        with pytest.raises(CommandError, match="edit: "):
            evaluate("all", "--data", str(data), "--json", str(file), "--limit", "500")
        found = json.loads(file.read_text())
        tasks = [one["task"] for one in found] if isinstance(found, list) else [found["task"]]
        assert "recognise" in tasks

    def test_baselines_come_first_and_each_method_once(self) -> None:
        assert methods_chosen(TASKS["edit"], "slerp, sum,direction:0.7") == (
            "image", "text", "sum", "product", "slerp", "direction:0.7",
        )  # fmt: skip

    def test_methods_take_parameters(self, tmp_path: Path) -> None:
        data = model_folders(tmp_path / "shoes", models=3, photos=4)
        asked = request(data, side="all", method="knn:1,knn:3:0.1")
        rows = run_task("recognise", asked).rows
        assert set(rows) == {f"knn:{k}{size}" for k in ("1", "3:0.1") for size in ("", "@1", "@2")}
        for method in ("knn:0", "knn:x", "knn:3:0", "prototype:2"):
            with pytest.raises(EvaluationError, match="knn takes"):
                run_task("recognise", request(data, side="all", method=method))
        boxes = footlocker(tmp_path / "data", models=2)
        with pytest.raises(EvaluationError, match="parameter"):
            run_task("edit", request(boxes, method="sum:7"))
