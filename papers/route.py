"""The route of a document: its stamp boxes (決裁欄), and every answer in the order of the route."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from domain.messages import Frozen, Recorded, Text
from domain.written import said
from papers import words
from papers.circulations import Asked, Circulation
from papers.collecting import Collected
from papers.names import Names
from papers.words import day, moment, stamp_day
from store.codec import ERASED

_NONE = Text(ja="", en="")


class Box(Frozen):
    """One field of the 決裁欄. `stamp` is the word in the seal, empty while there is none; then `note` says why."""

    post: Text
    step: Text
    name: str
    stamp: str
    date: str
    seal_name: str
    note: Text


class RouteRow(Frozen):
    """One answer, or a request without one. A retracted answer stays, struck through."""

    step: Text
    post: Text
    unit: Text
    capacity: Text
    """The post in which the person acted, where it is not the one that was asked."""
    name: str
    decision: Text
    at: str
    due: str
    comment: str
    conditions: tuple[str, ...]
    retracted: bool
    retraction: str


def boxes(found: Collected, c: Circulation) -> list[Box]:
    if c.imported:
        return []
    names, r = found.names, c.submitted
    found_boxes = [
        Box(
            post=names.acting_post(r, c.drafting_post),
            step=Text(ja="起案", en="draft"),
            name=names.person(r.actor.person),
            stamp="起案",
            date=stamp_day(r.occurred_at),
            seal_name=_seal(names.person(r.actor.person)),
            note=_NONE,
        )
    ]
    final = _final_step(found, c)
    found_boxes += [_box(a, names, final) for a in c.asked if a.answer is not None or not _undone(a)]
    if c.ended is None:
        found_boxes += [
            Box(
                post=title, step=title, name="", stamp="", date="", seal_name="", note=Text(ja="未着", en="not reached")
            )
            for title in _to_come(found, c)
        ]
    return found_boxes


def _undone(a: Asked) -> bool:
    return a.closed is not None and getattr(a.closed.event, "because", "") in ("retracted", "migrated")


def _box(a: Asked, names: Names, final: str) -> Box:
    asked: Any = a.recorded.event
    answer = a.answer
    if answer is None:
        note = Text(ja=f"回議中 期限 {day(asked.due_at)}", en="in circulation")
        if a.closed is not None:
            note = words.UNANSWERED.get(str(getattr(a.closed.event, "because", "")), words.RESULTS["closed"])
        return Box(post=asked.post_title, step=asked.title, name="", stamp="", date="", seal_name="", note=note)
    given: Any = answer.recorded.event
    # A body decides under whoever presides; what is recorded comes from its session.
    name = names.person(getattr(answer.recorded.event, "presided", None) or answer.recorded.actor.person)
    agreed_last = given.decision == "approve" and asked.step == final
    stands = words.STANDS[getattr(given, "stands", "holder")]
    stamp = words.FINAL.ja if agreed_last else words.STAMPS.get(given.decision, given.decision)
    if stands.ja:
        stamp = words.BY_DEPUTY.get(given.decision, stamp)
    return Box(
        post=asked.post_title,
        step=asked.title,
        name=name,
        stamp=stamp,
        date=stamp_day(answer.recorded.occurred_at),
        seal_name=_seal(name),
        note=stands,
    )


def _seal(name: str) -> str:
    """What stands in a seal: the surname."""
    if name == ERASED:
        return "消去"
    return name.split()[0][:6] if name.split() else name


def _final_step(found: Collected, c: Circulation) -> str:
    """Key of the step that decides: the last of the gate, or the one at which a standing delegation ends it."""
    if ends_at := getattr(c.document, "ends_at", None):
        return str(ends_at)
    gate = _gate(found, c)
    return gate[-1].key if gate else ""


def _gate(found: Collected, c: Circulation) -> Sequence[Any]:
    # A migration may have changed the route while the document was on it.
    reference = c.told[-1].state.definition
    if reference not in found.definitions:
        return ()
    try:
        return found.definitions[reference][0].stage(c.document.stage).gate
    except KeyError:
        return ()


def _to_come(found: Collected, c: Circulation) -> list[Text]:
    reached = max((int(getattr(a.recorded.event, "step_index", -1)) for a in c.asked if not _undone(a)), default=-1)
    merged = {t.recorded.event.step for t in c.told if t.recorded.event.type == "StepMerged"}  # type: ignore[attr-defined]
    gate, final = list(_gate(found, c)), _final_step(found, c)
    last = next((i for i, step in enumerate(gate) if step.key == final), len(gate) - 1)
    return [step.title for step in gate[reached + 1 : last + 1] if step.key not in merged]


def route(c: Circulation, names: Names) -> list[RouteRow]:
    rows = []
    for a in c.asked:
        asked: Any = a.recorded.event
        base = {
            "step": asked.title,
            "post": asked.post_title,
            "unit": names.unit_of(asked.post),
            "due": day(asked.due_at),
        }
        rows += [_answered(answer.recorded, answer.retraction, asked.post, base, names) for answer in a.answers]
        if a.answer is None and not (a.answers and a.closed is not None):
            decision = Text(ja="回議中", en="in circulation")
            if a.closed is not None:
                decision = words.UNANSWERED.get(str(getattr(a.closed.event, "because", "")), words.RESULTS["closed"])
            rows.append(
                RouteRow(
                    **base,
                    capacity=_NONE,
                    name="",
                    decision=decision,
                    at="",
                    comment="",
                    conditions=(),
                    retracted=False,
                    retraction="",
                )
            )
    return rows


def _answered(r: Recorded, retraction: Recorded | None, post: str, base: dict[str, Any], names: Names) -> RouteRow:
    given: Any = r.event
    acted = getattr(given, "acting_as", None) or r.actor.capacity
    other = acted is not None and acted != post
    return RouteRow(
        **base,
        capacity=names.post(acted) if other else _NONE,
        name=names.person(r.actor.person),
        decision=_decision(given),
        at=moment(r.occurred_at),
        comment=said(given),
        conditions=tuple(_condition(c, names) for c in getattr(given, "conditions", ())),
        retracted=retraction is not None,
        retraction=_retraction(retraction, names) if retraction is not None else "",
    )


def _decision(given: Any) -> Text:
    """The decision, and 「代」 when it was a deputy's."""
    word = words.DECISIONS.get(given.decision, Text(ja=given.decision, en=given.decision))
    stands = words.STANDS[getattr(given, "stands", "holder")]
    return Text(ja=f"{word.ja}({stands.ja})", en=f"{word.en} ({stands.en})") if stands.ja else word


def _retraction(r: Recorded, names: Names) -> str:
    return f"取消 / retracted {moment(r.occurred_at)} {names.person(r.actor.person)}: {said(r.event)}"


def _condition(condition: Any, names: Names) -> str:
    by = f" — {names.unit(condition.by)}" if condition.by else ""
    due = f"、期限 / due {day(condition.due)}" if condition.due else ""
    return f"{condition.text}{by}{due}"
