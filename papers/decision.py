"""A decision on paper (決裁文書): one version of a deliverable in full, its route, and how it ended.

A paper of a gate that is decided rests on the events up to that decision and what was shown of it for information since: printed
again later, it is the same bytes. One that is still on its way says so, and as of which event.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from domain.lifecycle.registering import shown
from domain.messages import Frozen, Recorded, Text
from domain.written import said
from papers import words
from papers.body import Body, body, with_files
from papers.circulations import Circulation, Told
from papers.collecting import Collected, NothingToPrint
from papers.names import Names
from papers.route import Box, RouteRow, boxes, route
from papers.words import day, moment


class Line(Frozen):
    """A label and what stands beside it."""

    label: Text
    value: str


class Happening(Frozen):
    at: str
    line: Text
    who: str
    post: str
    said: str


class Earlier(Frozen):
    """A version of the same document that went round before."""

    version: int
    submitted: str
    result: Text
    ended: str
    who: str
    why: str
    hash: str


class Hash(Frozen):
    label: Text
    detail: str
    hash: str


class AsOf(Frozen):
    """The event that a paper rests on."""

    number: int
    at: str
    rehearsal: bool


class DecisionPaper(Frozen):
    title: str
    subject: Text
    edition: str
    status: Text
    state: Literal["open", "passed", "failed"]
    facts: tuple[Line, ...]
    boxes: tuple[Box, ...]
    body: Body
    comment: str
    route: tuple[RouteRow, ...]
    happenings: tuple[Happening, ...]
    earlier: tuple[Earlier, ...]
    trail: tuple[Hash, ...]
    as_of: AsOf
    footer: str


def choose(found: Collected, stage: str, round_: int | None, version: int | None) -> Circulation:
    """The circulation of a stage: of the last round and version unless named. Raises `NothingToPrint`."""
    of_stage = [c for c in found.circulations if c.document.stage == stage]
    if not of_stage:
        there = dict.fromkeys(c.document.stage for c in found.circulations)
        raise NothingToPrint(
            "--stage",
            stage,
            Text(ja="この段階の文書はまだ提出されていません", en="nothing has been handed in for this stage yet"),
            Text(ja="あるもの: " + ("、".join(there) or "なし"), en="there are: " + (", ".join(there) or "none")),
        )
    of_round = [c for c in of_stage if c.document.round == (round_ or of_stage[-1].document.round)]
    chosen = [c for c in of_round if version is None or c.document.version == version]
    if not chosen:
        named = [f"{c.document.round}-{c.document.version}" for c in of_stage]
        raise NothingToPrint(
            "--round" if not of_round else "--version",
            round_ if not of_round else version,
            Text(ja="この期・版の文書はありません", en="there is no such round or version"),
            Text(ja="あるもの(期-版): " + "、".join(named), en="there are (round-version): " + ", ".join(named)),
        )
    return chosen[-1]


def last_version(found: Collected, c: Circulation) -> int:
    """Version of the last event that a paper rests on."""
    return c.last.version if c.ended is not None else found.last.version


def decision_paper(found: Collected, c: Circulation) -> DecisionPaper:
    """The paper of one circulation; no more is told than belongs to it."""
    document, names = c.document, found.names
    until = last_version(found, c)
    event = next(t.recorded for t in reversed(found.told) if t.recorded.version <= until)
    deliverable = str(getattr(document, "deliverable", document.stage))
    return DecisionPaper(
        title=c.state.title,
        subject=document.title if hasattr(document, "title") else Text(ja=document.stage, en=document.stage),
        edition=f"第{document.round}期 第{document.version}版",
        status=words.RESULTS[c.result],
        state="open" if c.ended is None else "passed" if c.in_force else "failed",
        facts=tuple(_facts(found, c)),
        boxes=tuple(boxes(found, c)),
        body=with_files(
            body(deliverable, document.content, names, found.stages(c.state.definition)),
            getattr(document, "attachments", ()),
        ),
        comment=said(document),
        route=tuple(route(c, names)),
        happenings=tuple(happening(t, names) for t in c.told),
        earlier=tuple(_earlier(found, c)),
        trail=tuple(_trail(found, c, event)),
        as_of=as_of(found, event),
        footer=f"{c.state.ref} {document.stage} {document.round}-{document.version}",
    )


def as_of(found: Collected, last: Recorded) -> AsOf:
    return AsOf(number=last.version, at=moment(last.occurred_at), rehearsal=found.rehearsal)


def actor_name(names: Names, recorded: Recorded) -> str:
    return names.person(recorded.actor.person)


def happening(t: Told, names: Names) -> Happening:
    return Happening(
        at=moment(t.recorded.occurred_at),
        line=t.line,
        who=actor_name(names, t.recorded),
        post=names.acting_post(t.recorded, getattr(t.recorded.event, "post", None)).ja,
        said=t.said,
    )


def _line(ja: str, en: str, value: str) -> Line:
    return Line(label=Text(ja=ja, en=en), value=value)


def _facts(found: Collected, c: Circulation) -> list[Line]:
    """The 起案 block."""
    document, state = c.document, c.state
    lines = [
        _line("件名", "subject", state.title),
        _line("文書", "document", str(getattr(document, "title", document.stage))),
        _line("整理番号", "reference", f"{state.ref} / {found.stream}"),
        _line(
            "期・版",
            "round, version",
            f"第{document.round}期 第{document.version}版 / {document.round}, {document.version}",
        ),
        _line("担当", "section in charge", f"{state.bureau_name.ja} {state.section_name.ja} / {state.section_name.en}"),
        _line("プロセス定義", "process definition", state.definition),
    ]
    if c.imported:
        return lines + _imported(c, found.names)
    post = found.names.acting_post(c.submitted, c.drafting_post)
    ended = f"{words.RESULTS[c.result]} {day(c.ended.occurred_at)}" if c.ended else str(words.RESULTS["circulating"])
    return [
        *lines,
        _line(
            "起案者",
            "drafted by",
            f"{post.ja} {actor_name(found.names, c.submitted)}".strip() + (f" ({post.en})" if post.en else ""),
        ),
        *_numbered(c, found.names),
        _line("起案日", "drafted on", day(c.submitted.occurred_at)),
        *_decided(c),
        _line("結果", "result", ended),
    ]


def _numbered(c: Circulation, names: Names) -> list[Line]:
    """起案番号, under the section that it was drawn in; documents of before there were numbers have none."""
    number = getattr(c.document, "number", None)
    if number is None:
        return []
    drawn = names.directory.unit(number.section) if number.section != c.state.section else None
    return [_line("起案番号", "number", str(shown(number, drawn.name if drawn else c.state.section_name)))]


def _decided(c: Circulation) -> list[Line]:
    """決裁日 and, where the decision was made in another system, its number there."""
    outside: Any = next((t.recorded.event for t in c.told if t.recorded.event.type == "OutsideDecisionEntered"), None)
    if c.result != "passed" or c.ended is None:
        return []
    if outside is None:
        return [_line("決裁日", "decided on", day(c.ended.occurred_at))]
    return [
        _line("決裁日", "decided on", day(outside.decided_on)),
        _line("外部の決裁", "decided in another system", f"{outside.system} {outside.number} ({outside.post_title})"),
    ]


def _imported(c: Circulation, names: Names) -> list[Line]:
    """Where a document from before the system comes from, who entered it, and what is known of its decision."""
    document = c.document
    lines = [
        _line("移行元", "imported from", " ".join(str(p) for p in (document.source.name, document.source.url) if p)),
        _line("移行", "entered", f"{day(c.submitted.occurred_at)} {actor_name(names, c.submitted)}"),
        _line("完了日", "finished on", day(document.finished_on)),
        _line("記入のない欄", "left open", "、".join(document.incomplete)),
    ]
    decided: Any = c.ended.event if c.ended is not None and c.result == "decided_before" else None
    if decided is not None:
        lines += [
            _line("決裁日(移行元)", "decided on", day(decided.decided_on)),
            _line("決裁者(移行元)", "decided by", decided.by),
            _line("決裁の記録", "document of the decision", decided.document),
        ]
    return [*(x for x in lines if x.value), _line("結果", "result", str(words.RESULTS[c.result]))]


def _earlier(found: Collected, c: Circulation) -> list[Earlier]:
    """Versions of the same stage and round before this one, since the last that passed."""
    place = found.circulations.index(c)
    before = [o for o in found.circulations[:place] if o.key == c.key]
    passed = max((i for i, o in enumerate(before) if o.in_force), default=-1)
    return [_went_round(o, found.names) for o in before[passed + 1 :]]


def _went_round(c: Circulation, names: Names) -> Earlier:
    ended = c.ended
    reason = said(ended.event) if ended else ""
    if ended is not None and not reason:
        # The reason of a sending back is the comment of the answer that caused it.
        reason = next((t.said for t in reversed(c.told) if t.recorded.command_id == ended.command_id and t.said), "")
    return Earlier(
        version=c.document.version,
        submitted=f"{day(c.submitted.occurred_at)} {actor_name(names, c.submitted)}",
        result=words.RESULTS[c.result],
        ended=day(ended.occurred_at) if ended else "",
        who=f"{names.acting_post(ended).ja} {actor_name(names, ended)}".strip() if ended else "",
        why=reason,
        hash=c.document.content_hash,
    )


def _trail(found: Collected, c: Circulation, last: Recorded) -> list[Hash]:
    reference = c.state.definition
    rows = [
        Hash(
            label=Text(ja="文書(この版)", en="document, this version"),
            detail=f"第{c.document.version}版 / version {c.document.version}",
            hash=c.document.content_hash,
        ),
        Hash(
            label=Text(ja="最後の事象", en="last event"),
            detail=f"第{last.version}事象、記録位置 {last.position} / event {last.version}, log position {last.position}",
            hash=found.hashes[last.version],
        ),
    ]
    if reference in found.definitions:
        rows.append(
            Hash(
                label=Text(ja="プロセス定義", en="process definition"),
                detail=reference,
                hash=found.definitions[reference][1],
            )
        )
    return rows


def dated(found: Collected, version: int) -> datetime:
    """The moment of an event of the lifecycle."""
    return next(t.recorded.occurred_at for t in reversed(found.told) if t.recorded.version <= version)
