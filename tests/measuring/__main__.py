"""``python -m tests.measuring FOLDER``: what the processes have left there, as one .coverage."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from coverage import CoverageData

from tests.measuring.sitecustomize import PACKAGES, ROOT


def main(folder: Path) -> None:
    data = CoverageData()
    data.erase()
    for file in sorted(folder.glob("*.json")):
        data.add_lines(json.loads(file.read_text()))
    # What no process has loaded is in the report too.
    data.touch_files(
        str(file)
        for package in PACKAGES
        for file in sorted((ROOT / package).rglob("*.py"))
        if "migrations" not in file.parts
    )
    data.write()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
