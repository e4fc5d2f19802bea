"""Where a model's files are: a folder, or a model hub and its cache on this machine."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from search.encoders.artifacts import sha256_of
from search.exceptions import EncoderError

READ_SUFFIXES: Final = frozenset({".json", ".safetensors", ".bin", ".txt", ".model"})


class Source:
    """One model. ``revision`` pins a hub model; ``local_files_only`` never asks the hub."""

    def __init__(
        self, model: str | Path, *, revision: str | None = None, local_files_only: bool = False
    ) -> None:
        self.model = str(model)
        self._revision = revision
        self._local_files_only = local_files_only
        self._absent: Exception | None = None

    @property
    def name(self) -> str:
        return Path(self.model).name if self.folder else self.model

    @cached_property
    def folder(self) -> Path | None:
        path = Path(self.model).expanduser()
        if path.is_dir():
            return path
        if path.is_absolute() or self.model.startswith((".", "~")):
            raise EncoderError(
                f"The encoder's folder {path} does not exist: correct SHOEFINDER_ENCODER."
            )
        return None

    @cached_property
    def exact_revision(self) -> str:
        """The commit of a hub model, a hash of the files of a folder."""
        if self.folder:
            return _content_hash(self.folder)
        # The snapshot folder in the hub's cache is named after the commit.
        path = self._from_hub("config.json") or self._from_hub("modules.json")
        if path is None:
            raise self.unreachable(self._absent) from self._absent
        after = path.parts[::-1].index("snapshots")
        return path.parts[len(path.parts) - after]

    @property
    def loading(self) -> dict[str, Any]:
        """What sentence-transformers is called with."""
        return {
            "model_name_or_path": str(self.folder or self._repository),
            "revision": None if self.folder else self.exact_revision,
            "local_files_only": self._local_files_only or self.folder is not None,
        }

    @property
    def spec(self) -> dict[str, Any]:
        """What makes the same source in another process."""
        return {
            "model": str(self.folder.resolve() if self.folder else self.model),
            "revision": None if self.folder else self.exact_revision,
            "local_files_only": self._local_files_only,
        }

    def json(self, file: str) -> Any:
        """A file of the model as JSON; None when there is no such file."""
        path = self.folder / file if self.folder else self._from_hub(file)
        if path is None or not path.is_file():
            return None
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise EncoderError(f"{path} is damaged ({error}): fetch the model again.") from error

    def unreachable(self, reason: object) -> EncoderError:
        if self.folder:
            return EncoderError(f"The CLIP folder {self.folder} cannot be loaded: {reason}")
        how = "is not in the local cache" if self._local_files_only else "cannot be fetched"
        return EncoderError(
            f"The encoder {self.model!r} {how}: {reason}. Use `lite`, which needs no download; or "
            "correct the name; or fetch the model on a machine that may, and set "
            "SHOEFINDER_ENCODER to its folder."
        )

    @property
    def _repository(self) -> str:
        return self.model if "/" in self.model else f"sentence-transformers/{self.model}"

    def _from_hub(self, file: str) -> Path | None:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError

        try:
            return Path(
                hf_hub_download(
                    self._repository,
                    file,
                    revision=self._revision,
                    local_files_only=self._local_files_only,
                )
            )
        except EntryNotFoundError as error:  # not on the hub, or not in the cache and no hub
            self._absent = error
            return None
        except (HfHubHTTPError, OSError, ValueError) as error:
            raise self.unreachable(error) from error


def _content_hash(folder: Path) -> str:
    """SHA-256 over the names and bytes of what a loader may read."""
    digest = hashlib.sha256()
    found = False
    for path in sorted(folder.rglob("*")):
        if path.suffix in READ_SUFFIXES and path.is_file() and ".cache" not in path.parts:
            digest.update(f"{path.relative_to(folder).as_posix()} {sha256_of(path)}\n".encode())
            found = True
    if not found:
        raise EncoderError(f"The folder {folder} holds no model.")
    return digest.hexdigest()
