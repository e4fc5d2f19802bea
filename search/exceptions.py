"""Errors of search, sorted by who must act."""

from __future__ import annotations


class SearchError(Exception):
    """Anything that keeps a query from being answered."""


class QueryError(SearchError):
    """The person who asks must change something; the message says what, in their words."""


class QueryPhotoExpired(QueryError):
    """The photo that a link searches with has been deleted; the rest of the query still holds."""


class EncoderError(SearchError):
    """The operator must act: an encoder is not there, not whole, or not configured."""


class IndexUnavailable(SearchError):
    """The index cannot answer now; ``manage.py index rebuild`` makes it anew from the database."""


class IndexMissing(IndexUnavailable):
    """No index has been published yet."""


class IndexDamaged(IndexUnavailable):
    """The files of the index do not match its manifest."""


class IndexBusy(SearchError):
    """Another process is writing the index; wait, then try again."""


class StoreError(SearchError):
    """The operator must act: a store is not configured, or cannot write where it was told to."""


class RecognitionError(SearchError):
    """The operator must act: a method of naming does not exist, or lacks what it needs."""


class SwitchRefused(SearchError):
    """A change of the encoder cannot begin, or not in this way; the message says the mend."""


class LabelsError(SwitchRefused):
    """The owner's file of labelled queries must be corrected; the message names the line."""
