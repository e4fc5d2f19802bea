"""manage.py evaluate unknown and names: is what is not known left without a name?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from search.evaluation.datasets import read_folders
from search.evaluation.protocol import EvaluationError
from search.evaluation.report import write_json
from search.evaluation.tasks import run_task
from search.evaluation.tasks.unknown import auroc, calibration_error, false_names
from tests.search.evaluation.asking import request, results
from tests.search.evaluation.folders import model_folders


class TestUnknown:
    def test_models_in_the_gallery_are_told_from_others(self, tmp_path: Path) -> None:
        data = model_folders(tmp_path / "shoes", models=5, photos=8)
        file = tmp_path / "figures.json"
        measured = run_task("unknown", request(data, side="all"))
        write_json([measured], file)
        rows = results(file, "unknown")
        names = ("nearest", "knn")  # what cannot unlearn is not asked about what it learned
        assert set(rows) == {*names, *(f"{name}@no-shoe" for name in names)}
        assert rows["nearest"]["auroc"]["n"] == 80
        assert rows["nearest@no-shoe"]["auroc"]["n"] == 40 + 50 + 50 + 40 + 40
        assert rows["nearest@no-shoe"]["auroc"]["value"] > 0.9
        assert rows["nearest"]["auroc"]["value"] > 0.5
        assert set(rows["knn"]) == {"auroc", "false_names", "ece"}
        assert "of the unknown are given a name" in measured.setting

    def test_models_that_the_gallery_lacks_are_the_unknown_ones(self, tmp_path: Path) -> None:
        gallery = model_folders(tmp_path / "gallery", models=3, photos=5)
        queries = model_folders(tmp_path / "queries", models=4, photos=2)
        measured = run_task("unknown", request(tmp_path, gallery=gallery, queries=queries))
        assert "6 known and 2 unknown" in measured.setting

    def test_figures_by_hand(self) -> None:
        known, unknown = np.array([0.9, 0.8, 0.4]), np.array([0.5, 0.4])
        assert auroc(known, unknown) == pytest.approx((2 + 2 + 0.5) / 6)
        assert auroc(known, known) == 0.5
        assert false_names(known, unknown) == 1.0
        assert false_names(known, np.array([0.1])) == 0.0
        assert calibration_error(np.array([0.75, 0.75]), np.array([True, False])) == 0.25
        assert calibration_error(np.array([1.0]), np.array([True])) == 0.0

    def test_nothing_known_is_nothing_to_measure(self, tmp_path: Path) -> None:
        gallery = model_folders(tmp_path / "gallery", models=1, photos=3)
        queries = model_folders(tmp_path / "queries", models=1, photos=3)
        (queries / "acme_model_0").rename(queries / "acme_model_7")
        with pytest.raises(EvaluationError, match="known nor unknown"):
            run_task("unknown", request(tmp_path, gallery=gallery, queries=queries))


class TestNames:
    def test_the_recogniser_is_measured_as_served(self, tmp_path: Path) -> None:
        data = model_folders(tmp_path / "shoes", models=5, photos=16)
        file = tmp_path / "figures.json"
        measured = run_task("names", request(data, method="blend,blend:2"))
        write_json([measured], file)
        rows = results(file, "names")
        assert set(rows) == {"knn", "blend", "blend:2"}
        assert set(rows["blend"]) == {"top1", "top5", "ece", "auroc", "false_names"}
        judged = [photo for photo in read_folders(data) if photo.split == "test"]
        assert rows["blend"]["top1"]["n"] == len(judged) > 0
        held_out = [photo for photo in read_folders(data) if photo.split == "validation"]
        assert f"calibrated on {len(held_out)}" in measured.setting

    def test_shots_are_a_number(self, tmp_path: Path) -> None:
        data = model_folders(tmp_path / "shoes", models=3, photos=12)
        with pytest.raises(EvaluationError, match="METHOD:N"):
            run_task("names", request(data, method="blend:few"))

    def test_learned_prompts_need_words_that_can_be_learned(self, tmp_path: Path) -> None:
        data = model_folders(tmp_path / "shoes", models=3, photos=12)
        with pytest.raises(EvaluationError, match="prompt_tower"):
            run_task("names", request(data, method="coop:2"))
