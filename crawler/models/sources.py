"""Sources of listings and photos: what is asked, how, and when."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django_celery_beat.models import PeriodicTask

from catalog.models import Retailer, Stamped
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
