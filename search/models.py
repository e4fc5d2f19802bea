"""What search keeps: embeddings (the truth), what an index was built from, and visitors' photos."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from catalog.models import ShoeImage, ShoeModel
from search.jobs import Job, PlainJob, ResumedJob


class ImageEmbedding(models.Model):
    """A photo's vector under one encoder. Every index is a cache of this table."""

    image = models.ForeignKey(ShoeImage, on_delete=models.CASCADE, related_name="embeddings")
    encoder_id = models.CharField(max_length=200)
    vector = models.BinaryField()
    """float32, little endian, unit length."""
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["encoder_id", "image"], name="embedding_unique"),
        ]
        indexes = [
            # What came since the last publish, in the order in which it came.
            models.Index(fields=["encoder_id", "id"], name="embedding_arrival"),
        ]

    def __str__(self) -> str:
        return f"{self.image_id} by {self.encoder_id}"


class ImageEvidence(models.Model):
    """What was counted on a photo's pixels (`search.evidence`); holds for every encoder."""

    image = models.OneToOneField(ShoeImage, on_delete=models.CASCADE, related_name="evidence")
    version = models.PositiveSmallIntegerField()
    """Of the way of counting; rows of an older one are made anew."""
    data = models.BinaryField()

    class Meta:
        verbose_name_plural = "image evidence"

    def __str__(self) -> str:
        return f"{self.image_id}, version {self.version}"


class EmbedFailure(models.Model):
    """A stored photo that could not be embedded, and when it is worth another try.

    It waits outside of the work list until ``retry_at`` and so never holds up the others. The photo
    stays accepted: a disk that was not mounted must not change the catalog.
    """

    image = models.OneToOneField(ShoeImage, on_delete=models.CASCADE, related_name="embed_failure")
    reason = models.CharField(max_length=40)
    message = models.CharField(max_length=500)
    attempts = models.PositiveSmallIntegerField(default=1)
    failed_at = models.DateTimeField(default=timezone.now)
    retry_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-failed_at"]
        verbose_name = "failed photo"

    def __str__(self) -> str:
        return f"{self.image_id}: {self.reason}"


class IndexState(models.Model):
    """How far an encoder's index has followed the database. Written after each publish, so that
    whoever dies in between does a little work twice and loses none."""

    encoder_id = models.CharField(max_length=200, unique=True)
    generation = models.PositiveBigIntegerField(default=0)
    """Of the store, as published when this row was written."""
    embedding_id = models.PositiveBigIntegerField(default=0)
    """Rows of ImageEmbedding up to this one are in the index."""
    synced_until = models.DateTimeField(null=True, blank=True)
    """Changes of the catalog that were committed before are in the index."""
    published_at = models.DateTimeField(null=True, blank=True)
    embed_error = models.TextField(blank=True)
    """Why the last embedding run came to nothing; empty when it went well."""

    def __str__(self) -> str:
        return f"{self.encoder_id}: generation {self.generation}"


class IndexBuild(PlainJob):
    """A rebuild of an index: what it was built from and how it went."""

    class Trigger(models.TextChoices):
        ADMIN = "admin", "Admin"
        COMMAND = "command", "Command"
        REPAIR = "repair", "Missing or damaged"
        SWITCH = "switch", "Another encoder"

    encoder_id = models.CharField(max_length=200)
    dim = models.PositiveIntegerField(default=0)
    kind = models.CharField(max_length=20, blank=True)
    total = models.PositiveBigIntegerField(default=0)
    """Vectors that the database held when the build began."""
    count = models.PositiveBigIntegerField(default=0)
    """Vectors written so far; when done, those in the index."""
    size_bytes = models.PositiveBigIntegerField(default=0)
    generation = models.PositiveBigIntegerField(default=0)
    checksum = models.CharField(max_length=128, blank=True)
    schema_version = models.PositiveSmallIntegerField(default=1)
    """Of the payload: raised when what a photo can be filtered by changes its meaning."""
    trigger = models.CharField(max_length=8, choices=Trigger, default=Trigger.COMMAND)

    class Meta(PlainJob.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["encoder_id"],
                condition=models.Q(status="pending"),
                name="build_waits_once_per_encoder",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.encoder_id}: {self.get_status_display().lower()}, {self.count} vectors"


class EncoderSwitch(Job):
    """The site changes its encoder: what was asked for, how far it is, and what came of it.

    The row that became DONE last names the encoder that answers searches; the update that makes it
    so is the swap. Without such a row ``SHOEFINDER_ENCODER`` is the one.
    """

    class Status(models.TextChoices):
        PENDING = "pending", "Waiting"
        RUNNING = "running", "Running"
        HELD = "held", "Waits for a decision"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    class Stage(models.TextChoices):
        EMBEDDING = "embedding", "Embedding photos"
        BUILDING = "building", "Building the index"
        VERIFYING = "verifying", "Verifying the index"
        COMPARING = "comparing", "Comparing with the old one"
        SWAPPING = "swapping", "Swapping"

    class Trigger(models.TextChoices):
        FIRST = "first", "First encoder"
        COMMAND = "command", "Command"
        ADMIN = "admin", "Admin"
        SETTING = "setting", "Setting changed"
        ROLLBACK = "rollback", "Rollback"

    name = models.CharField(max_length=400)
    """As ``SHOEFINDER_ENCODER`` takes it."""
    encoder_id = models.CharField(max_length=200)
    dim = models.PositiveIntegerField()
    from_name = models.CharField(max_length=400, blank=True)
    from_encoder_id = models.CharField(max_length=200, blank=True)
    setting = models.CharField(max_length=400, blank=True)
    """What ``SHOEFINDER_ENCODER`` said when this was asked for; another value later is a wish."""
    status = models.CharField(max_length=9, choices=Status, default=Status.PENDING)
    stage = models.CharField(max_length=9, choices=Stage, default=Stage.EMBEDDING)
    trigger = models.CharField(max_length=8, choices=Trigger, default=Trigger.COMMAND)
    unfinished = models.BooleanField(null=True, default=True, unique=True, editable=False)
    """True until it is over, then NULL: so the database allows one at a time."""
    anyway = models.BooleanField(default=False)
    """The owner wants it although photos are missing or labelled queries are answered worse."""
    total = models.PositiveBigIntegerField(default=0)
    """Photos to embed, or to compare, in this stage."""
    count = models.PositiveBigIntegerField(default=0)
    bytes_needed = models.PositiveBigIntegerField(default=0)
    """Disk that vectors and index were expected to take, as told before."""
    comparison = models.JSONField(null=True, blank=True)
    """How both encoders answered the owner's labelled queries; see `search.labelled`."""
    message = models.TextField(blank=True)
    """Why it is held or has failed, and the mend."""
    swapped_at = models.DateTimeField(null=True, blank=True, db_index=True)

    class Meta(Job.Meta):
        verbose_name_plural = "encoder switches"

    def __str__(self) -> str:
        return f"{self.name}: {self.get_status_display().lower()}"


class EvaluationRun(ResumedJob):
    """One task of `manage.py evaluate`: what was measured, and the page that shows it."""

    class Trigger(models.TextChoices):
        ADMIN = "admin", "Admin"
        COMMAND = "command", "Command"

    task = models.CharField(max_length=20)
    data = models.CharField(max_length=500)
    """What was judged: "the catalog", a folder, or two of them. Runs that share task and data can
    be compared."""
    encoder_id = models.CharField(max_length=200, blank=True)
    setting = models.TextField(blank=True)
    """Gallery and queries in a sentence."""
    results = models.JSONField(default=dict)
    """{method: {metric: {"value", "low", "high", "n"}}}"""
    extras = models.JSONField(default=dict)
    """{method: {heading: text}}: what is no metric."""
    report = models.CharField(max_length=100, blank=True)
    """File name of the page below ``VAR_DIR/evaluation/reports``; empty without one."""
    trigger = models.CharField(max_length=8, choices=Trigger, default=Trigger.COMMAND)
    stage = models.CharField(max_length=100, blank=True)
    """``done`` and ``total`` are of the stage that runs."""

    class Meta(ResumedJob.Meta):
        indexes = [models.Index(fields=["task", "-requested_at"], name="evaluation_task")]
        constraints = [
            models.UniqueConstraint(
                fields=["task"],
                condition=models.Q(status="pending"),
                name="evaluation_waits_once_per_task",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task} of {self.data}: {self.get_status_display().lower()}"


class RulesReplay(ResumedJob):
    """All stored photos are judged anew by the photo rules of now, or it is told what would change.

    What is judged counts from the moment it is written; a replay whose process is gone goes on with
    the photo after `last`.
    """

    is_dry_run = models.BooleanField("dry run", default=True)
    last = models.PositiveBigIntegerField(default=0, editable=False)
    """Photos up to this id are judged."""
    rejected = models.JSONField(default=dict)
    """Rule → photos that it rejects and that were accepted before."""
    restored = models.JSONField(default=dict)
    """Rule → photos that it rejected before and that pass now."""

    class Meta(ResumedJob.Meta):
        verbose_name = "judging anew"
        verbose_name_plural = "photos judged anew"
        constraints = [
            models.UniqueConstraint(
                fields=["is_dry_run"],
                condition=models.Q(status="pending"),
                name="replay_waits_once",
            ),
        ]

    def __str__(self) -> str:
        what = "What the photo rules would change" if self.is_dry_run else "Photos judged anew"
        return f"{what}: {self.get_status_display().lower()}"

    @property
    def changes(self) -> int:
        """Photos that are rejected or accepted now and were not before."""
        return int(sum(self.rejected.values()) + sum(self.restored.values()))


class QueryPhoto(models.Model):
    """A visitor's photo, without metadata, under a name nobody can guess, until it expires."""

    token = models.CharField(max_length=43, unique=True)
    file = models.FileField(upload_to="queries/", max_length=200)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    crops = models.JSONField(null=True, blank=True)
    """Proposed crops as `search.crop.Crop` writes them; null until the photo was looked at."""
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.token[:8]


class RecogniserFit(PlainJob):
    """A method of naming learns the catalog's photos under one encoder: how far, how well.

    What it learned is a file (`search.recognition.fits`), a cache of the catalog like an index.
    """

    class Trigger(models.TextChoices):
        ADMIN = "admin", "Admin"
        COMMAND = "command", "Command"
        CHANGE = "change", "The catalog changed"

    encoder_id = models.CharField(max_length=200)
    method = models.CharField(max_length=40)
    shots = models.PositiveSmallIntegerField(default=0)
    """At most so many photos of each model; 0: all."""
    trigger = models.CharField(max_length=8, choices=Trigger, default=Trigger.COMMAND)
    doing = models.CharField(max_length=100, blank=True)
    count = models.PositiveIntegerField(default=0)
    """Steps of what is being done, of ``total``."""
    total = models.PositiveIntegerField(default=0)
    photos = models.PositiveIntegerField(default=0)
    shoe_models = models.PositiveIntegerField(default=0)
    embedding_id = models.PositiveBigIntegerField(default=0)
    """Rows of ImageEmbedding up to this one could be learned from."""
    embeddings = models.PositiveBigIntegerField(default=0)
    """How many there were."""
    figures = models.JSONField(default=dict, blank=True)
    """On held-out photos; empty where there were too few."""

    class Meta(PlainJob.Meta):
        verbose_name = "fit of a recogniser"
        verbose_name_plural = "fits of recognisers"
        constraints = [
            models.UniqueConstraint(
                fields=["encoder_id", "method"],
                condition=models.Q(status="pending"),
                name="fit_waits_once_per_method",
            ),
        ]
        indexes = [
            models.Index(fields=["encoder_id", "method", "status"], name="fit_of_method"),
        ]

    def __str__(self) -> str:
        return f"{self.method}: {self.get_status_display().lower()}"


class NameReport(models.Model):
    """A visitor says what shoe a photo shows, or that its name is wrong.

    Kept is the photo's vector. The photo itself only with consent; else it expires as it would.
    """

    class Kind(models.TextChoices):
        MINE = "mine", "This is my shoe"
        WRONG = "wrong", "The name is wrong"

    class Status(models.TextChoices):
        NEW = "new", "To review"
        ACCEPTED = "accepted", "Accepted as a label"
        REJECTED = "rejected", "Rejected"

    kind = models.CharField(max_length=5, choices=Kind)
    status = models.CharField(max_length=8, choices=Status, default=Status.NEW)
    encoder_id = models.CharField(max_length=200)
    vector = models.BinaryField()
    """float32, little endian, unit length."""
    method = models.CharField(max_length=40, blank=True)
    named = models.ForeignKey(
        ShoeModel, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    """What the answer card said."""
    confidence = models.FloatField(default=0.0)
    model = models.ForeignKey(
        ShoeModel, on_delete=models.SET_NULL, null=True, blank=True, related_name="name_reports"
    )
    """What the shoe is: as the visitor says, until a reviewer corrects it."""
    said = models.CharField(max_length=200, blank=True)
    """The right name in the visitor's words."""
    photo = models.FileField(upload_to="reports/", max_length=200, blank=True)
    """Only with consent."""
    reported_at = models.DateTimeField(default=timezone.now)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-reported_at", "-id"]
        indexes = [models.Index(fields=["status", "-reported_at"], name="report_review")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.model or self.said or self.named or '?'}"
