"""Evidence files of the document that is being drafted. Handing it in freezes them; what is decided on covers them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from domain.attachments import MOST, Attachment
from domain.facts import Facts
from domain.lifecycle.authority import may_draft
from domain.lifecycle.commands import LifecycleCommand
from domain.lifecycle.state import Lifecycle
from domain.messages import Actor, Command, Event, Recorded, Text, refuse

Changes = dict[str, Any]


# --- commands --------------------------------------------------------------------------------------------------------


class AttachFile(LifecycleCommand):
    """Attach a file whose bytes are in the store already; one with the same name is replaced."""

    type = "AttachFile"
    file: Attachment


class DetachFile(LifecycleCommand):
    """Take an attachment off the draft. Versions handed in with it keep it."""

    type = "DetachFile"
    name: str


# --- events ----------------------------------------------------------------------------------------------------------


class FileAttached(Event):
    """`replaces` is the sha256 of the file that had the same name."""

    type = "FileAttached"
    stage: str
    round: int
    file: Attachment
    replaces: str | None = None


class FileDetached(Event):
    type = "FileDetached"
    stage: str
    round: int
    file: Attachment


# --- rules -----------------------------------------------------------------------------------------------------------


def attached(state: Lifecycle) -> tuple[Attachment, ...]:
    """The attachments of the document of this stage and round."""
    return state.attachments.get(_place(state.work, state.round), ())


def _attach(state: Lifecycle, command: AttachFile, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    _may_change(state, actor, facts, now)
    here = attached(state)
    known = next((a for a in here if a.name == command.file.name), None)
    if known is not None and known.sha256 == command.file.sha256:
        raise refuse(
            "attached-already",
            f"{known.name} は同じ内容で添付済みです",
            f"{known.name} is attached already, with the same content",
            remedy_ja="何もする必要はありません",
            remedy_en="nothing needs to be done",
        )
    if known is None and len(here) >= MOST:
        raise refuse(
            "too-many-attachments",
            f"添付は一文書に {MOST} 点までです",
            f"a document takes {MOST} attachments at most",
            remedy_ja="不要な添付を外すか、まとめてください(`./taskforce detach`)",
            remedy_en="take some off, or put them together (`./taskforce detach`)",
        )
    replaced = known.sha256 if known is not None else None
    return [FileAttached(stage=state.work, round=state.round, file=command.file, replaces=replaced)]


def _detach(state: Lifecycle, command: DetachFile, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    _may_change(state, actor, facts, now)
    known = next((a for a in attached(state) if a.name == command.name), None)
    if known is None:
        names = ", ".join(a.name for a in attached(state)) or "-"
        raise refuse(
            "not-attached",
            f"name: {command.name} は添付されていません(添付: {names})",
            f"name: {command.name!r} is not attached; attached are: {names}",
            remedy_ja="名前を確かめてください(`./taskforce attachments`)",
            remedy_en="check the name (`./taskforce attachments`)",
        )
    return [FileDetached(stage=state.work, round=state.round, file=known)]


def _may_change(state: Lifecycle, actor: Actor, facts: Facts, now: datetime) -> None:
    may_draft(actor, state, facts, now)
    if state.in_circulation:
        raise refuse(
            "in-circulation",
            "文書は回議中です。回議中の添付は変えられません",
            "the document is in circulation; its attachments do not change",
            remedy_ja="引き戻してから改めてください(`./taskforce withdraw`)。改めた部分への同意は失効し、本人に知らされます",
            remedy_en="take it back first (`./taskforce withdraw`); agreements to what changes are void, and their givers told",
        )
    if not any(r.kind == "draft" for r in state.requests):
        raise refuse(
            "nothing-to-draft",
            "いま作成中の文書はありません",
            "no document is being drafted now",
            remedy_ja="`./taskforce show` で今の状態を確認してください",
            remedy_en="see where it stands with `./taskforce show`",
        )


# --- folds -----------------------------------------------------------------------------------------------------------


def _place(stage: str, round_: int) -> str:
    return f"{stage}/{round_}"


def _with(state: Lifecycle, event: FileAttached | FileDetached, added: tuple[Attachment, ...]) -> Changes:
    place = _place(event.stage, event.round)
    others = tuple(a for a in state.attachments.get(place, ()) if a.name != event.file.name)
    return {"attachments": {**state.attachments, place: tuple(sorted((*others, *added), key=lambda a: a.name))}}


def _attached(state: Lifecycle, event: FileAttached, _: Recorded) -> Changes:
    return _with(state, event, (event.file,))


def _detached(state: Lifecycle, event: FileDetached, _: Recorded) -> Changes:
    return _with(state, event, ())


COMMANDS: dict[str, type[Command]] = {k.type: k for k in (AttachFile, DetachFile)}
EVENTS: dict[str, type[Event]] = {k.type: k for k in (FileAttached, FileDetached)}
HANDLERS: Mapping[type[Command], Callable[[Lifecycle, Any, Actor, Facts, datetime], Sequence[Event]]] = {
    AttachFile: _attach,
    DetachFile: _detach,
}
FOLDS: Mapping[type[Event], Callable[[Lifecycle, Any, Recorded], Changes]] = {
    FileAttached: _attached,
    FileDetached: _detached,
}
LINES: Mapping[type[Event], Callable[[Lifecycle, Any], Text]] = {
    FileAttached: lambda s, v: Text(
        ja=f"添付{'を差替え' if v.replaces else ''}: {v.file.name}",
        en=f"{'attachment replaced' if v.replaces else 'attached'}: {v.file.name}",
    ),
    FileDetached: lambda s, v: Text(ja=f"添付を外す: {v.file.name}", en=f"attachment taken off: {v.file.name}"),
}
