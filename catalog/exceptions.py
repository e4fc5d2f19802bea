"""Errors of the catalog. Each message is written for the person who must act."""

from __future__ import annotations

from catalog.types import DraftRejection, PhotoRejection


class CatalogError(Exception):
    """Anything that the catalog refuses; the message says what, and the mend where there is one."""


class PhotoRejected(CatalogError):
    """These bytes are not taken in as a photo."""

    def __init__(self, reason: PhotoRejection, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class DraftRejected(CatalogError):
    """A shop's page does not say enough to be a listing."""

    def __init__(self, reason: DraftRejection, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class FilterError(CatalogError):
    """A filter in an address that the catalog never wrote."""


class MergeError(CatalogError):
    """A merge, or its undoing, that would lose something."""


class ImportRefused(CatalogError):
    """A file that cannot be imported at all; single bad rows are reported instead."""


class TitleError(CatalogError):
    """A decision about a title that cannot be made, or not any more."""


class CorrectionError(CatalogError):
    """A correction that is no value of its attribute."""
