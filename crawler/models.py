"""Where photos come from: sources, their runs, and what went wrong in each."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from catalog.models import Retailer, Stamped
from catalog.types import MAX_URL
from crawler.kinds import Kind, Params, kind_choices, kind_get, params_load

MAX_NAME = 200


class RunLimits(models.Model):
    """What one run may cost; empty means no limit."""

    max_pages = models.PositiveIntegerField(
        null=True,
        blank=True,
        default=20_000,
        validators=[MinValueValidator(1)],
        help_text="Pages, photos not counted.",
    )
    max_minutes = models.PositiveIntegerField(
        null=True, blank=True, default=600, validators=[MinValueValidator(1)]
    )
    max_megabytes = models.PositiveIntegerField(
        null=True,
        blank=True,
        default=10_000,
        validators=[MinValueValidator(1)],
        help_text="Everything downloaded: pages and photos.",
    )

    class Meta:
        abstract = True


class CrawlSource(RunLimits, Stamped):
    """A shop to crawl, and how politely."""

    class Schedule(models.TextChoices):
        NEVER = "", "Only when started by hand"
        DAILY = "daily", "Every day"
        WEEKLY = "weekly", "Every week"
        CRON = "cron", "By a cron expression"

    name = models.CharField(max_length=MAX_NAME, unique=True)
    retailer = models.ForeignKey(
        Retailer,
        on_delete=models.PROTECT,
        related_name="crawl_sources",
        help_text="Whose listings these are. What a complete crawl does not see again is marked "
        "as vanished.",
    )
    spider = models.CharField(
        "kind", max_length=40, choices=kind_choices, default="structured", db_default="structured"
    )
    params = models.JSONField(default=dict, blank=True, editable=False)
    """What its kind is told beside the seeds; see `crawler.kinds`. Defaults are left out."""
    seeds = models.TextField("addresses", help_text="Where to start, one a line.")
    allowed_hosts = models.TextField(
        blank=True,
        help_text="Hosts that may be asked, one a line; subdomains are included, all others are "
        "refused, also after a redirect. The seeds' own hosts are added when left out. Add the "
        "host that serves the photos if it is another one. A private or loopback address is asked "
        "only if it stands here by itself, such as 127.0.0.1:8000.",
    )
    enabled = models.BooleanField(default=True)
    delay = models.FloatField(
        "delay between requests (seconds)",
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(600)],
        help_text="The least time between two requests to one host; a slow shop is given more by "
        "itself. Empty: 0.5 s, and none for a private address.",
    )
    concurrency = models.PositiveSmallIntegerField(
        "requests at one time",
        default=4,
        validators=[MinValueValidator(1), MaxValueValidator(32)],
        help_text="At most, for each host.",
    )
    max_photos = models.PositiveSmallIntegerField(
        "photos of a product",
        default=12,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="At most, in the order in which the shop shows them.",
    )
    only_changed = models.BooleanField(
        "ask only for what may have changed",
        default=True,
        help_text="By ETag, Last-Modified and the sitemap’s lastmod. Without it every page is read "
        "anew at each crawl; with it at least once in SHOEFINDER_CRAWL_FULL_DAYS.",
    )
    schedule = models.CharField(max_length=10, choices=Schedule, default=Schedule.NEVER, blank=True)
    cron = models.CharField(
        max_length=100,
        blank=True,
        help_text="minute hour day-of-month month day-of-week, e.g. 30 3 * * 1-5",
    )
    jitter_minutes = models.PositiveSmallIntegerField(
        "spread (minutes)",
        default=20,
        validators=[MaxValueValidator(1440)],
        help_text="A scheduled crawl starts up to so much later, by chance, so that not all start "
        "at once.",
    )
    quiet_from = models.TimeField(
        "quiet from",
        null=True,
        blank=True,
        help_text="Between these hours no scheduled crawl starts, and one that runs pauses. One "
        "that you start by hand runs. They may go over midnight.",
    )
    quiet_until = models.TimeField("quiet until", null=True, blank=True)
    due_at = models.DateTimeField("next start", null=True, blank=True, editable=False)
    """Set when the schedule's time has come; the sweep starts it then."""
    quota_megabytes = models.PositiveIntegerField(
        "megabytes in 30 days",
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Downloaded at most by all its crawls together; then none starts until older "
        "ones are out of the 30 days. Empty: no quota.",
    )
    quota_photos = models.PositiveIntegerField(
        "photos stored",
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Of this shop at most. Beyond them new photos are left out, and prices and stock "
        "still followed. Empty: no quota.",
    )
    periodic_task = models.OneToOneField(
        PeriodicTask,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="crawl_source",
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="crawl_source_name_given"),
            models.CheckConstraint(
                condition=Q(delay=None) | Q(delay__gte=0), name="crawl_source_delay_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(concurrency__gte=1), name="crawl_source_concurrency_positive"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def kind(self) -> Kind:
        """Raises SourceInvalid for one that is not there any more."""
        return kind_get(self.spider)

    @property
    def told(self) -> Params:
        """Its parameters, typed as its kind declares them; raises SourceInvalid."""
        return params_load(self.kind.params, self.params)

    @property
    def seed_list(self) -> list[str]:
        return self.seeds.split()

    @property
    def memory_path(self) -> Path:
        """What its pages said at the last crawl; see `crawler.scraping.memory`."""
        return Path(settings.VAR_DIR) / "crawls" / "sources" / f"{self.pk}.sqlite3"

    @property
    def samples_path(self) -> Path:
        """The folder of its last good page and of the first bad one."""
        return Path(settings.VAR_DIR) / "crawls" / "sources" / str(self.pk)

    @property
    def host_list(self) -> list[str]:
        """Allowed hosts, lower case, "host" or "host:port"; those of the seeds come first."""
        seeds = [urlsplit(seed).netloc.rpartition("@")[2] for seed in self.seed_list]
        hosts = [host.lower() for host in [*seeds, *self.allowed_hosts.split()] if host]
        return list(dict.fromkeys(hosts))


class CrawlRun(RunLimits):
    """One crawl of a source, from the request to its end. The row is the truth of its state."""

    class Status(models.TextChoices):
        PENDING = "pending", "Waiting to start"
        RUNNING = "running", "Running"
        CANCELLING = "cancelling", "Being cancelled"
        CANCELLED = "cancelled", "Cancelled"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        INTERRUPTED = "interrupted", "Interrupted"

    class Trigger(models.TextChoices):
        ADMIN = "admin", "Admin"
        COMMAND = "command", "Command"
        SCHEDULE = "schedule", "Schedule"

    PAUSES = ("quiet-hours", "disk-full")
    """Values of ``stopped_by`` of a run that goes on by itself when what stopped it is over."""
    ACTIVE = (Status.PENDING, Status.RUNNING, Status.CANCELLING)
    RESUMABLE = (Status.CANCELLED, Status.INTERRUPTED, Status.FAILED)

    source = models.ForeignKey(CrawlSource, on_delete=models.CASCADE, related_name="runs")
    status = models.CharField(max_length=12, choices=Status, default=Status.PENDING)
    trigger = models.CharField(max_length=10, choices=Trigger)
    is_dry_run = models.BooleanField("dry run", default=False, db_default=False)
    """Shows the first products and stores none; no witness of what a shop has or lacks."""
    is_retry = models.BooleanField("of letters only", default=False, db_default=False)
    """Asks again for what failed in earlier runs, and for nothing else: no witness either."""
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    queued_at = models.DateTimeField(default=timezone.now)
    """When it was last handed to the broker; a message that was lost is sent again."""
    started_at = models.DateTimeField(null=True, blank=True)
    """Of the first attempt: what was last seen before this has vanished."""
    finished_at = models.DateTimeField(null=True, blank=True)
    seconds = models.FloatField("time running", default=0)
    """Over all attempts, without the pauses between them."""
    resumed = models.PositiveIntegerField("times resumed", default=0)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)

    heartbeat_at = models.DateTimeField(null=True, blank=True)
    host = models.CharField(max_length=255, blank=True)
    pid = models.PositiveIntegerField("process", null=True, blank=True)
    process_started = models.FloatField(null=True, blank=True)
    """Start time of the process (seconds since the epoch): a pid alone may be somebody else's."""

    pages = models.PositiveIntegerField(default=0)
    pages_unchanged = models.PositiveIntegerField(default=0)
    """Of the pages: those that said, or whose sitemap said, that they have not changed."""
    products = models.PositiveIntegerField(default=0)
    listings_new = models.PositiveIntegerField(default=0)
    listings_changed = models.PositiveIntegerField(default=0)
    listings_unchanged = models.PositiveIntegerField(default=0)
    listings_missing = models.PositiveIntegerField(default=0)
    """Not met for the first time; the next complete run that does not meet them marks them."""
    listings_vanished = models.PositiveIntegerField(default=0)
    photos_new = models.PositiveIntegerField(default=0)
    photos_known = models.PositiveIntegerField(default=0)
    photos_rejected = models.PositiveIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)
    field_counts = models.JSONField(default=dict, editable=False)
    """How many of the products read had what; see `crawler.types.FIELD_PREFIX`."""
    bytes = models.PositiveBigIntegerField("bytes downloaded", default=0)
    waiting = models.PositiveIntegerField("pages waiting", default=0)

    complete = models.BooleanField(
        default=False, help_text="Whether everything that could be reached was visited."
    )
    stopped_by = models.CharField(max_length=40, blank=True)
    """Why it ended early, as an identifier: limit-pages, cancelled …"""
    error = models.TextField("what went wrong", blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["source"],
                condition=Q(status__in=["pending", "running", "cancelling"]),
                name="crawl_run_one_active_for_source",
            ),
        ]
        indexes = [
            models.Index(fields=["status", "heartbeat_at"], name="crawl_run_status"),
            models.Index(fields=["source", "-id"], name="crawl_run_source"),
        ]

    def __str__(self) -> str:
        return f"{self.source} #{self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("admin:crawler_crawlrun_change", args=[self.pk])

    @property
    def is_active(self) -> bool:
        return self.status in self.ACTIVE

    @property
    def is_paused(self) -> bool:
        return self.status == self.Status.INTERRUPTED and self.stopped_by in self.PAUSES

    @property
    def is_resumable(self) -> bool:
        return self.status in self.RESUMABLE

    @property
    def elapsed(self) -> timedelta:
        """Time spent running; while it runs, as of the last heartbeat."""
        return timedelta(seconds=round(self.seconds))

    @property
    def pages_per_minute(self) -> float:
        return self.pages / self.seconds * 60 if self.seconds else 0.0

    @property
    def pages_known(self) -> int:
        """Visited or waiting; at least 1."""
        return max(1, self.pages + self.waiting)

    @property
    def directory(self) -> Path:
        """Its log, and its frontier while it can be resumed."""
        return Path(settings.VAR_DIR) / "crawls" / str(self.pk)

    @property
    def log_path(self) -> Path:
        return self.directory / "crawl.log"


class SourceAlarm(models.Model):
    """A source brings less than it did: its shop may have changed its pages."""

    source = models.ForeignKey(CrawlSource, on_delete=models.CASCADE, related_name="alarms")
    run = models.ForeignKey(CrawlRun, on_delete=models.CASCADE, related_name="alarms")
    """The latest that showed it."""
    kind = models.CharField(max_length=40)
    message = models.TextField()
    raised_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)
    """By a person, or by a complete run that showed nothing of the kind."""

    class Meta:
        ordering = ["-raised_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "kind"],
                condition=Q(closed_at=None),
                name="source_alarm_one_open_of_kind",
            )
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.message}"


class DeadLetter(models.Model):
    """A page or photo that failed for a reason that may pass: asked again, in the end given up."""

    class Kind(models.TextChoices):
        PAGE = "page", "Page"
        LIST = "list", "List, sitemap or feed"
        PHOTO = "photo", "Photo"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting for another try"
        DEAD = "dead", "Given up"

    source = models.ForeignKey(CrawlSource, on_delete=models.CASCADE, related_name="letters")
    url = models.CharField("address", max_length=MAX_URL)
    url_sha256 = models.CharField(max_length=64, editable=False)
    """Of ``url``: long texts make poor unique keys on some databases."""
    kind = models.CharField(max_length=10, choices=Kind)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    reason = models.CharField(max_length=60)
    """A kind of problem: ``timeout``, ``http-503`` …"""
    message = models.TextField(blank=True)
    attempts = models.PositiveIntegerField("runs in which it failed", default=1)
    first_failed_at = models.DateTimeField("failed first", default=timezone.now)
    last_failed_at = models.DateTimeField("failed last", default=timezone.now)
    next_try_at = models.DateTimeField("next try")
    """Until then no run asks for it, unless somebody wants it now. A dead one is asked for after
    that only where a page leads to it."""
    request = models.JSONField(editable=False)
    """What asks for it again, as the frontier keeps it."""
    listings = models.JSONField(default=list, editable=False)
    """Ids of the listings that the page was about when it was last read."""
    last_run = models.ForeignKey(
        CrawlRun, on_delete=models.SET_NULL, null=True, blank=True, related_name="letters_noted"
    )
    """In which it failed last: a run that writes it twice counts once."""
    retried_by = models.ForeignKey(
        CrawlRun, on_delete=models.SET_NULL, null=True, blank=True, related_name="letters_retried"
    )
    """The latest run that somebody started over it."""

    class Meta:
        ordering = ["-last_failed_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "url_sha256"], name="dead_letter_url_unique_in_source"
            ),
            models.CheckConstraint(
                condition=Q(attempts__gte=1), name="dead_letter_attempts_positive"
            ),
        ]
        indexes = [
            models.Index(fields=["source", "state", "next_try_at"], name="dead_letter_due"),
        ]

    def __str__(self) -> str:
        return self.url


class PreviewItem(models.Model):
    """A product that a dry run found, as it would be stored."""

    run = models.ForeignKey(CrawlRun, on_delete=models.CASCADE, related_name="preview_items")
    position = models.PositiveIntegerField()
    content = models.JSONField()
    """A `crawler.types.Preview`, as its `to_json` gives it."""

    class Meta:
        ordering = ["run", "position"]
        constraints = [
            models.UniqueConstraint(fields=["run", "position"], name="preview_position_unique")
        ]

    def __str__(self) -> str:
        return str(self.content.get("title", ""))


class CrawlError(models.Model):
    """One kind of thing that a run met: how often, and some examples."""

    MAX_EXAMPLES = 20

    run = models.ForeignKey(CrawlRun, on_delete=models.CASCADE, related_name="error_kinds")
    kind = models.CharField(max_length=60)
    is_notice = models.BooleanField(default=False)
    """Left out on purpose (robots.txt, another host): told, but nothing to mend."""
    count = models.PositiveIntegerField(default=0)
    examples = models.JSONField(default=list)
    """At most `MAX_EXAMPLES` of ``{"url": …, "message": …}``, the first ones met."""

    class Meta:
        ordering = ["is_notice", "-count", "kind"]
        constraints = [
            models.UniqueConstraint(fields=["run", "kind"], name="crawl_error_kind_unique_in_run")
        ]

    def __str__(self) -> str:
        return f"{self.kind} × {self.count}"


class PhotoImport(models.Model):
    """A folder of labelled photos that is to become part of the catalog: looked at first, then
    taken in."""

    class Labels(models.TextChoices):
        FOLDER = "folder", "Folders are named BRAND_MODEL"
        FEATURES = (
            "features",
            "Folders are named BRAND_HIGHTOP_COLOUR_SOLE_NAME, or features.csv tells it",
        )
        CSV = "csv", "labels.csv (or products.csv) names file, brand, model …"

    class Status(models.TextChoices):
        PENDING = "pending", "Waiting for a worker"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        STOPPED = "stopped", "Stopped"
        FAILED = "failed", "Failed"

    MAX_REJECTIONS = 1000

    folder = models.CharField(max_length=500, blank=True)
    """Relative to SHOEFINDER_IMPORT_ROOT; "" for an archive."""
    archive = models.CharField(max_length=200, blank=True)
    """The uploaded zip's own name."""
    labels = models.CharField("labels", max_length=10, choices=Labels, default=Labels.FOLDER)
    is_dry_run = models.BooleanField("dry run", default=True)
    """Whether status and numbers are those of looking at it, or of taking it in."""
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    stop_requested = models.BooleanField(default=False)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField("new", default=0)
    updated = models.PositiveIntegerField("changed", default=0)
    unchanged = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    rejections = models.JSONField(default=list, blank=True)
    """The first `MAX_REJECTIONS`: ``{"line": …, "what": …, "reason": …}``."""
    samples = models.JSONField(default=list, blank=True)
    """The first photos and what is said about them, for the cards of the dry run."""
    error = models.TextField(blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True
    )
    created_at = models.DateTimeField(default=timezone.now)
    asked_at = models.DateTimeField(default=timezone.now)
    """When a worker was last asked for it."""
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["status"], name="photo_import_status")]

    def __str__(self) -> str:
        return self.folder or self.archive

    def get_absolute_url(self) -> str:
        return reverse("admin:crawler_photoimport_change", args=[self.pk])

    @property
    def is_active(self) -> bool:
        return self.status in (self.Status.PENDING, self.Status.RUNNING)

    @property
    def directory(self) -> Path:
        """Where the files of an upload are kept, for web and workers."""
        return Path(settings.VAR_DIR) / "imports" / str(self.pk)
