"""Every kind of stream, one line each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.bodies_stream import RulesKind
from domain.directory_stream import DirectoryKind
from domain.feeds.kind import FeedKind
from domain.kinds import Kind
from domain.lifecycle.kind import LifecycleKind
from domain.process_stream import DefinitionKind
from domain.reader_stream import ReaderKind
from domain.selection.kind import SelectionKind
from domain.sessions.kind import SessionKind
from domain.sessions.rhythm import RhythmKind

KINDS: Mapping[str, Kind[Any]] = {
    k.name: k
    for k in (
        LifecycleKind(),
        DirectoryKind(),
        DefinitionKind(),
        ReaderKind(),
        RulesKind(),
        SelectionKind(),
        SessionKind(),
        RhythmKind(),
        FeedKind(),
    )
}
