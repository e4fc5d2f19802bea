"""Search in Django's admin: the index, the encoder, and what was evaluated."""

from search import admin_recognition
from search.admin.encoders import EncoderSwitchAdmin
from search.admin.index import EmbedFailureAdmin, IndexBuildAdmin
from search.evaluations_admin import EvaluationRunAdmin

__all__ = [
    "EmbedFailureAdmin",
    "EncoderSwitchAdmin",
    "EvaluationRunAdmin",
    "IndexBuildAdmin",
    "admin_recognition",
]
