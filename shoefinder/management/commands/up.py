"""``manage.py up``: everything that one machine runs, under one supervisor."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from shoefinder.stack import StackError, StackLeft, stack_opened, stack_parts
from shoefinder.stack.lock import StackRunning


class Command(BaseCommand):
    help = "Run broker, web, workers and schedule of one machine; Ctrl-C stops them all."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, default=8000, help="port of the web server")

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        def told(name: str, what: str) -> None:
            self.stderr.write(f"{name}: {what}")

        try:
            with stack_opened(on_event=told) as stack:
                call_command("migrate", verbosity=0)
                for part in stack_parts(host=host, port=port):
                    stack.start(part)
                self.stdout.write(f"shoefinder answers on http://{host}:{port}/ (Ctrl-C stops it)")
                stack.watch()
        except (StackError, StackRunning) as error:
            raise CommandError(str(error)) from error
        except StackLeft:
            self.stdout.write("Stopped.")
