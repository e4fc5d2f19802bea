"""One onnxruntime session, opened at the first run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from search.encoders.artifacts import remove
from search.exceptions import EncoderError

Features = npt.NDArray[np.float32]


class Session:
    """A graph with one output. ``path`` gives its file, exporting it if need be.

    ``remove`` takes away a file that turns out to be damaged, so that it is made anew.
    """

    def __init__(
        self,
        path: Callable[[], Path],
        *,
        threads: int,
        remove: Callable[[Path], None] = remove,
    ) -> None:
        self._path, self._threads, self._remove = path, threads, remove
        self._lock = threading.Lock()
        self._session: Any = None

    def run(self, inputs: dict[str, npt.NDArray[Any]]) -> Features:
        with self._lock:
            if self._session is None:
                self._session = self._open()
        features: Features = self._session.run(None, inputs)[0]  # run() itself is thread-safe
        return features

    def _open(self) -> Any:
        try:
            import onnxruntime
        except ImportError as error:
            raise EncoderError("onnxruntime is missing: pip install -r requirements.txt") from error
        path = self._path()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        # Waiting threads sleep instead of spinning: web, worker and database share the cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            return onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's own classes share no public base
            self._remove(path)
            raise EncoderError(
                f"The exported weights in {path} were damaged and have been removed; "
                f"try again to export them anew. ({error})"
            ) from error
