"""What search writes: vectors, and the indexes that are caches of them."""

from catalog.services.photo_checks import photos_forget_rejected
from search.active import active_encoder
from search.selectors import IndexHealth, IndexStatus, index_status
from search.services.building import (
    index_ensure,
    index_ensure_request,
    index_rebuild,
    index_rebuild_request,
    index_rebuild_run,
    index_require,
)
from search.services.embedding import (
    EmbedProgress,
    EmbedReport,
    embed_failures_retry,
    embed_pending,
)
from search.services.evaluations import (
    evaluation_delete,
    evaluation_request,
    evaluations_sweep,
    report_path,
)
from search.services.looking import evidence_pending
from search.services.predicting import predictions_pending
from search.services.recognising import (
    recogniser_fit,
    recogniser_fit_request,
    recogniser_fit_run,
    recognisers_catch_up,
    recognisers_refresh,
)
from search.services.replaying import (
    rules_replay_request,
    rules_replay_run,
    rules_replays_sweep,
)
from search.services.reporting import name_report_create, name_reports_review
from search.services.switch_run import encoder_switch_run
from search.services.switching import (
    encoder_follow_setting,
    encoder_forget,
    encoder_rollback,
    encoder_switch_cancel,
    encoder_switch_request,
    encoder_switch_resume,
    photos_behind,
)
from search.services.syncing import SyncReport, index_sync
from search.services.title_evidence import suggestions_weigh, titles_weigh
from search.services.verifying import VerifyReport, index_verify

__all__ = [
    "EmbedProgress",
    "EmbedReport",
    "IndexHealth",
    "IndexStatus",
    "SyncReport",
    "VerifyReport",
    "active_encoder",
    "embed_failures_retry",
    "embed_pending",
    "encoder_follow_setting",
    "encoder_forget",
    "encoder_rollback",
    "encoder_switch_cancel",
    "encoder_switch_request",
    "encoder_switch_resume",
    "encoder_switch_run",
    "evaluation_delete",
    "evaluation_request",
    "evaluations_sweep",
    "evidence_pending",
    "index_ensure",
    "index_ensure_request",
    "index_rebuild",
    "index_rebuild_request",
    "index_rebuild_run",
    "index_require",
    "index_status",
    "index_sync",
    "index_verify",
    "name_report_create",
    "name_reports_review",
    "photos_behind",
    "photos_forget_rejected",
    "predictions_pending",
    "recogniser_fit",
    "recogniser_fit_request",
    "recogniser_fit_run",
    "recognisers_catch_up",
    "recognisers_refresh",
    "report_path",
    "rules_replay_request",
    "rules_replay_run",
    "rules_replays_sweep",
    "suggestions_weigh",
    "titles_weigh",
]
