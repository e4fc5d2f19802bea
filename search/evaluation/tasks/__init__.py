"""The tasks by name. A new one is a module here and a line in ``TASKS``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from search.evaluation.protocol import EvaluationError, Measured, Request, Task, methods_chosen
from search.evaluation.tasks.attributes import AttributesTask
from search.evaluation.tasks.cross import CrossTask
from search.evaluation.tasks.edit import EditTask
from search.evaluation.tasks.index import IndexTask
from search.evaluation.tasks.names import NamesTask
from search.evaluation.tasks.photo_rules import PhotoRulesTask
from search.evaluation.tasks.predictions import PredictionsTask
from search.evaluation.tasks.recognise import RecogniseTask
from search.evaluation.tasks.robust import RobustTask
from search.evaluation.tasks.text import TextTask
from search.evaluation.tasks.titles import TitlesTask
from search.evaluation.tasks.unknown import UnknownTask
from search.evaluation.tasks.views import ViewsTask

TASKS: Final[Mapping[str, Task]] = {
    task.name: task
    for task in (
        RecogniseTask(),
        NamesTask(),
        AttributesTask(),
        PredictionsTask(),
        EditTask(),
        TextTask(),
        CrossTask(),
        RobustTask(),
        TitlesTask(),
        PhotoRulesTask(),
        ViewsTask(),
        UnknownTask(),
        IndexTask(),
    )
}

ALL: Final = tuple(name for name in TASKS if name != ViewsTask.name)
"""What `all` runs: hardly any labelled folder tells from where its photos are taken."""


def run_task(name: str, request: Request) -> Measured:
    """Run one task; ``EvaluationError`` for a name that is not in ``TASKS``."""
    if name not in TASKS:
        raise EvaluationError(f"There is no task {name!r}; there are: {', '.join(TASKS)}.")
    task = TASKS[name]
    return task.run(request, methods_chosen(task, request.method))
