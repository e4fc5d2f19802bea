from typing import Any


def model_merge(**k: Any) -> Any:
    raise NotImplementedError


def model_merge_plan(**k: Any) -> Any:
    raise NotImplementedError


def model_unmerge(**k: Any) -> Any:
    raise NotImplementedError
