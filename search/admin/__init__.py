"""Search in Django's admin: the index, the encoder, recognition, and what was evaluated."""

from search.admin import recognition
from search.admin.encoders import EncoderSwitchAdmin
from search.admin.evaluations import EvaluationRunAdmin
from search.admin.index import EmbedFailureAdmin, IndexBuildAdmin
from search.admin.replays import RulesReplayAdmin

__all__ = [
    "EmbedFailureAdmin",
    "EncoderSwitchAdmin",
    "EvaluationRunAdmin",
    "IndexBuildAdmin",
    "RulesReplayAdmin",
    "recognition",
]
