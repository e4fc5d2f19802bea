"""``manage.py photo_rules replay|restore|report``: see docs/catalog.md."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from catalog.models import PhotoCheck
from catalog.photo_rules import MEANINGS, Rule
from catalog.selectors.photo_rules import rules_report
from catalog.services.photo_checks import (
    ReplayReport,
    photo_rules_replay,
    photos_restore_rule,
)


class Command(BaseCommand):
    help = "Judge stored photos again by the thresholds of now, restore what a rule rejected."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=("report", "replay", "restore"))
        parser.add_argument(
            "--rule", choices=[rule.value for rule in Rule], help="of restore: whose photos"
        )
        parser.add_argument("--dry-run", action="store_true", help="of replay: write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "report":
            for row in rules_report():
                limit = "off" if row.threshold is None else row.threshold
                self.stdout.write(f"{row.rule}: {row.rejected} rejected, threshold {limit}")
        elif options["action"] == "restore":
            if not options["rule"]:
                self.stderr.write("Name a rule with --rule.")
                return
            rule = Rule(options["rule"])
            count = photos_restore_rule(rule=rule)
            self.stdout.write(f"{count} photos accepted again ({MEANINGS[rule].lower()}).")
        else:
            console = Console(file=self.stderr, stderr=True)  # type: ignore[arg-type]
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
            with Bar(*columns, console=console, transient=True) as bar:
                task = bar.add_task("Judging", total=PhotoCheck.objects.count())

                def show(report: ReplayReport) -> bool:
                    bar.update(task, completed=report.photos)
                    return True

                report = photo_rules_replay(dry_run=options["dry_run"], progress=show)
            for rule_name, count in (*report.rejected.items(), *report.restored.items()):
                self.stdout.write(f"  {rule_name}: {count}")
            self.stdout.write(
                f"{'Dry run, nothing written: ' if options['dry_run'] else ''}{report}"
            )
