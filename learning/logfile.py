"""The log for process-mining tools as a file that is sent: written whole, one at a time, and gone once it is closed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from threading import Lock
from typing import IO, Literal

from domain.messages import refuse
from learning.exporting import EXPORTED, Detail, write_ocel, write_xes
from learning.log import happenings
from learning.traces import TYPES, traces
from store.store import Store

Form = Literal["xes", "json"]
MEDIA: dict[Form, str] = {"xes": "application/xml", "json": "application/json"}
_PIECE = 1 << 16
_WRITING = Lock()


def written(store: Store, form: Form, detail: Detail) -> Iterator[str]:
    """The text of the log, in pieces: XES (by `detail`) or OCEL 2.0. Raises `Refused` while another one is being written."""
    if not _WRITING.acquire(blocking=False):
        raise refuse(
            "busy",
            "ほかの書き出しが進んでいます",
            "another log is being written",
            remedy_ja="しばらくしてもう一度開いてください",
            remedy_en="open it again in a moment",
        )
    try:
        file = _whole(store, form, detail)
    finally:
        _WRITING.release()
    return _pieces(file)


def headers(form: Form, detail: Detail) -> dict[str, str]:
    """It is saved, never shown within a page."""
    name = f"taskforce-{detail}.xes" if form == "xes" else "taskforce-ocel.json"
    return {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }


def _whole(store: Store, form: Form, detail: Detail) -> IO[str]:
    with ExitStack() as until_it_is_whole:
        file = until_it_is_whole.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8"))
        if form == "xes":
            write_xes(traces(happenings(store, TYPES)), file, detail)
        else:
            write_ocel(happenings(store, EXPORTED), file)
        file.seek(0)
        until_it_is_whole.pop_all()
    return file


def _pieces(file: IO[str]) -> Iterator[str]:
    with file:
        while piece := file.read(_PIECE):
            yield piece
