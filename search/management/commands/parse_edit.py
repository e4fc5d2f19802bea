"""``manage.py parse_edit``: what a sentence asks to keep, to change and to avoid."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from search.edits import Edit, EditTerm, edit_parse
from search.query import words_clean
from search.vocabulary import catalog_lexicon


class Command(BaseCommand):
    help = "Read a sentence into the chips that the search page would show."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sentence", nargs="+", help='e.g. "same brand but red"')
        parser.add_argument(
            "--json",
            action="store_true",
            help="print the chips as JSON; free text is left out, being no chip of an attribute",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        words = words_clean(" ".join(options["sentence"]))
        edit = edit_parse(words, lexicon=catalog_lexicon())
        if options["json"]:
            self.stdout.write(
                json.dumps([term.as_dict() for term in edit.terms], ensure_ascii=False)
            )
        else:
            self.stdout.write(told(edit))


def told(edit: Edit) -> str:
    """One line for each chip."""
    lines = [_line(term) for term in edit.terms]
    if edit.free_text:
        lines.append(f"{'text':<8}{edit.free_text}")
    return "\n".join(lines) or "Nothing to keep, change or avoid was found in this sentence."


def _line(term: EditTerm) -> str:
    other = term.tone or ("the same" if term.mode == "keep" else "another")
    weight = "" if term.weight == 1 else f"  ×{term.weight:g}"
    return f"{term.mode:<8}{term.attribute:<10}{term.value or other}{weight}"
