"""`adopt`: lifecycles that began before the system did, from a file; and what their records lack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shell.app import As, Json, app
from shell.errors import ShellError
from shell.output import OUT, short
from shell.session import Session

if TYPE_CHECKING:
    from domain.lifecycle.commands import LifecycleCommand
    from domain.lifecycle.state import Lifecycle
    from domain.messages import Actor, Refusal, Refused
    from shell.records import Known
    from store.transaction import Outcome

Told = tuple[str, str]
"""(stream, status)"""
_WORDS = {
    "adopted": "引継ぎ / adopted",
    "would-adopt": "引継ぎ可 / would be adopted",
    "exists": "既に引継ぎ済み / there already",
    "exists-differs": "既にあります(変更は反映しません。追加は --add) / there already (changes not applied; use --add)",
    "added": "追加 / added",
    "would-add": "追加可 / would be added",
    "nothing-new": "新しい記録なし / nothing new",
    "on-record": "",
}
_STAGEWISE = {
    "deliverable": "成果物のない段階 / stages without a deliverable",
    "decision": "決定の記録のない段階 / without a decision",
}
"""Gaps that are told in one line for all stages."""
_WEIGHTS = {"needed": "要 / needed", "useful": "任意 / useful"}


@app.command()
def adopt(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE",
            help="YAML・JSON・CSV のファイル、CSV のフォルダ(--gaps では ID) / file or folder; with --gaps an id",
        ),
    ] = None,
    add: Annotated[
        bool, typer.Option("--add", help="引き継いだ課題に過去の記録を加える / add to adopted records")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="記録せずに確かめる / record nothing, report only")] = False,
    gaps: Annotated[
        bool, typer.Option("--gaps", help="引き継いだ課題に足りないもの / what adopted records lack")
    ] = False,
    as_: As = None,
    json_: Json = False,
) -> None:
    """既に動いている課題を引き継ぐ / adopt what already runs, at any stage, with its earlier record"""
    if gaps:
        if add or check:
            raise ShellError(
                "--gaps: --add・--check と一緒には使えません / cannot go with --add or --check", "→ adopt --gaps [ID]"
            )
        session = Session()
        streams = [session.lifecycle(target)] if target else _adopted(session)
        _report(session, [(s, "on-record") for s in streams], {})
        return
    if target is None:
        raise ShellError(
            "FILE: ファイルがありません / no file is named", "→ `./taskforce adopt examples/adopt/portfolio.yaml`"
        )
    session = Session(writing=True)
    person = session.person(as_) if as_ or session.settings.person else None
    Reception(session, session.actor(person), Path(target), record=not check).take(add)


class Reception:
    """Takes a file in: all rows are checked before any is recorded."""

    def __init__(self, session: Session, actor: Actor, path: Path, *, record: bool) -> None:
        self.session, self.actor, self.path, self.record = session, actor, path, record
        self.now = session.store.clock.now()
        self.imagined: dict[str, Lifecycle] = {}
        """What each stream would be after its command."""

    def take(self, add: bool) -> None:
        from shell.portfolios import read_portfolio

        rows = read_portfolio(self.path)
        told = self._add(rows) if add else self._adopt(rows)
        _report(self.session, told, {} if self.record else self.imagined)

    def _adopt(self, rows: Sequence[Any]) -> list[Told]:
        from shell.histories import adoptions

        commands = adoptions(self.path, rows, self._desk())
        if not self.record:
            there = {c.stream for c in commands if self._loaded(c.stream) is not None}
            for stream in there:
                del self.imagined[stream]  # it stays what it is
            return [(c.stream, "exists" if c.stream in there else "would-adopt") for c in commands]
        return self._record([(c.ref, c) for c in commands], "adopted")

    def _add(self, rows: Sequence[Any]) -> list[Told]:
        from domain.lifecycle.commands import stream_of
        from shell.histories import supplements

        pairs = supplements(self.path, rows, self._desk(), self._known)
        statuses = {stream_of(ref): "nothing-new" for ref, command in pairs if command is None}
        commands = [(ref, command) for ref, command in pairs if command is not None]
        if self.record:
            statuses |= dict(self._record(commands, "added"))
        else:
            statuses |= {command.stream: "would-add" for _, command in commands}
        return [(stream_of(ref), statuses[stream_of(ref)]) for ref, _ in pairs]

    def _record(self, commands: Sequence[tuple[str, LifecycleCommand]], done: str) -> list[Told]:
        from shell.errors import of_refusals
        from store.transaction import Outcome

        results: list[Outcome | Refused] = []
        for begin in range(0, len(commands), 50):
            results += self.session.store.record_many([(c, self.actor) for _, c in commands[begin : begin + 50]])
        fresh = [r for r in results if isinstance(r, Outcome) and not r.duplicate]
        told: list[Told] = []
        refused: list[tuple[str, Refused]] = []
        for (ref, command), result in zip(commands, results, strict=True):
            if isinstance(result, Outcome):
                told.append((command.stream, "exists" if result.duplicate else done))
            elif result.refusal.rule in ("command-id-reused", "already-started"):
                told.append((command.stream, "exists-differs"))
            else:
                refused.append((ref, result))
        if fresh:
            self.session.wake(fresh)
        if refused:
            raise of_refusals(refused, [{"id": stream, "status": status} for stream, status in told])
        return told

    # --- what rows are checked against ---------------------------------------------------------------------------

    def _desk(self) -> Any:
        from shell.histories import Desk
        from store import queries

        store = self.session.store
        published = {f"{r['name']}@{r['version']}" for r in queries.published_definitions(store)}
        default = queries.latest_definition(store, "himeji") or min(published)

        def process(reference: str) -> Any:
            return store.facts(reference).definition

        return Desk(default, published, process, self._judge)

    def _judge(self, command: LifecycleCommand) -> Refusal | None:
        """What the engine would say; what the stream would then be is kept."""
        from domain.lifecycle.adopting import SupplementHistory
        from domain.messages import Recorded, Refused

        kind, store = self.session.store.kinds["lifecycle"], self.session.store
        state = kind.initial(command.stream)
        if isinstance(command, SupplementHistory):
            state = self._loaded(command.stream) or state
        facts = store.facts(kind.needs(state, command))
        try:
            decided = kind.decide(state, command, self.actor, facts, self.now)
        except Refused as refused:
            return refused.refusal
        for version, event in enumerate(decided, 1):
            recorded = Recorded(
                stream=command.stream,
                version=version,
                position=0,
                event=event,
                actor=self.actor,
                occurred_at=self.now,
                command_id=command.command_id,
            )
            state = kind.evolve(state, recorded)
        self.imagined[command.stream] = state
        return None

    def _loaded(self, stream: str) -> Any:
        try:
            return self.session.store.load(stream)[0]
        except LookupError:
            return None

    def _known(self, ref: str) -> Known | None:
        from domain.lifecycle.commands import stream_of
        from shell.records import Known

        state = self._loaded(stream_of(ref))
        if state is None:
            return None
        recorded = self.session.store.events(stream_of(ref), open_texts=False)
        return Known(state, [r.event for r in recorded])


# --- the report ------------------------------------------------------------------------------------------------------


def _adopted(session: Session) -> list[str]:
    """Streams of the adopted lifecycles, oldest first."""
    from store import queries

    return [row["stream"] for row in queries.find_lifecycles(session.store) if row["adopted"]]


def _report(session: Session, told: Iterable[Told], imagined: dict[str, Lifecycle]) -> None:
    """Each lifecycle with what its record lacks, and the totals."""
    from domain.lifecycle.adopting import gaps

    rows: list[dict[str, Any]] = []
    for stream, status in told:
        state = imagined.get(stream) or session.store.load(stream)[0]
        process = session.store.facts(state.definition).definition
        found = gaps(state, process) if process is not None else []
        rows.append(
            {
                "id": stream,
                "ref": state.ref,
                "title": state.title,
                "status": status,
                "stage": state.work or state.stage,
                "round": state.round,
                "closed_as": state.closed_as,
                "gaps": [g.model_dump(mode="json") for g in found],
            }
        )
    lacking = [g for r in rows for g in r["gaps"]]
    totals = {
        "lifecycles": len(rows),
        **{k: n for k, n in sorted(Counter(r["status"] for r in rows).items()) if k != "on-record"},
        **{weight: sum(g["weight"] == weight for g in lacking) for weight in _WEIGHTS},
        "by_field": dict(sorted(Counter(g["field"] for g in lacking).items())),
    }
    OUT.emit({"lifecycles": rows, "totals": totals}, lambda: _told(rows, totals))


def _told(rows: list[dict[str, Any]], totals: dict[str, Any]) -> None:
    for r in rows:
        words = _WORDS[r["status"]]
        stage = r["closed_as"] or r["stage"]
        OUT.say(f"{short(r['id'])} {r['ref']} {r['title']} [{stage}]" + (f" {words}" if words else ""))
        for g in r["gaps"]:
            if g["field"] not in _STAGEWISE:
                OUT.say(f"  {_WEIGHTS[g['weight']]}: {g['message']['ja']} / {g['message']['en']}")
        for field, words in _STAGEWISE.items():
            if stages := [g["stage"] for g in r["gaps"] if g["field"] == field]:
                OUT.say(f"  {_WEIGHTS['useful']}: {words}: {', '.join(stages)}")
    by_field = ", ".join(f"{k} {n}" for k, n in totals["by_field"].items())
    OUT.say("", f"{len(rows)} 件 / lifecycles; 要 / needed {totals['needed']}, 任意 / useful {totals['useful']}")
    if by_field:
        OUT.say(f"  {by_field}")
        OUT.say(
            "足すには、同じ id の行に書いて / to add, write it under the same id and run: ./taskforce adopt --add FILE"
        )
