"""What goes to stdout: one JSON document with `--json`, else tables and sentences for people."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text as Styled

from domain.calendar import JST, local_day, wareki
from store.tables import moment_text


class Output:
    """One per process. `json` is set by the option, before or after the command."""

    def __init__(self) -> None:
        self.json = False
        self.notes: list[str] = []

    @property
    def console(self) -> Console:
        width = None if sys.stdout.isatty() else 120
        return Console(file=sys.stdout, highlight=False, width=width, soft_wrap=False)

    def say(self, *lines: str) -> None:
        """A sentence for people; nothing with `--json`."""
        if not self.json:
            for line in lines:
                self.console.print(Styled(harmless(line)), soft_wrap=True)

    def note(self, line: str) -> None:
        """A remark on stderr. With `--json` it waits for the end: an error then takes it into its one document."""
        if self.json:
            self.notes.append(line)
        else:
            sys.stderr.write(harmless(line) + "\n")

    def flush_notes(self) -> None:
        """Write the remarks that waited: nothing went wrong."""
        sys.stderr.write("".join(f"{line}\n" for line in self.notes))
        self.notes.clear()

    def emit(self, document: Any, people: Callable[[], None]) -> None:
        """The document with `--json`, else what `people` prints."""
        if self.json:
            ascii_only = not sys.stdout.encoding.lower().startswith("utf")
            sys.stdout.write(json.dumps(document, ensure_ascii=ascii_only, indent=2, default=plain) + "\n")
        else:
            people()

    def table(self, title: str, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        table = Table(title=title or None, title_justify="left", show_edge=False, pad_edge=False, header_style="bold")
        for header in headers:
            table.add_column(header, overflow="fold")
        for row in rows:
            table.add_row(*(Styled("" if cell is None else harmless(str(cell))) for cell in row))
        self.console.print(table)


_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    """Text without characters that would steer a terminal or turn the order of what is read."""
    return _STEERING.sub("\ufffd", text)


OUT = Output()


def plain(value: Any) -> Any:
    """JSON for what JSON lacks: moments in ISO 8601 with Z."""
    if isinstance(value, datetime):
        text = moment_text(value)
        return text.replace(".000000Z", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def day(moment: datetime | date | None) -> str:
    """令和7年4月1日 (2025-04-01), the day in Japan."""
    if moment is None:
        return ""
    local = local_day(moment) if isinstance(moment, datetime) else moment
    return f"{wareki(local)} ({local.isoformat()})"


def short_day(moment: datetime | None) -> str:
    return "" if moment is None else local_day(moment).isoformat()


def minute(moment: datetime) -> str:
    return moment.astimezone(JST).strftime("%Y-%m-%d %H:%M")


def short(identifier: str) -> str:
    """The first eight characters: enough to name it again in all but huge stores."""
    return identifier[:8]
