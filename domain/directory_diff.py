"""Two directories compared in words: what an import would change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from domain.directory import Absence, Deputy, Directory, Person, Post, Reorganisation, Tenure, Unit
from domain.messages import Text

T = TypeVar("T")


def differences(old: Directory, new: Directory) -> list[Text]:
    """One sentence a difference, units first; none when the two say the same."""
    return [
        *_listed("組織", "unit", old.units, new.units, lambda u: u.id, _unit),
        *_listed("職", "post", old.posts, new.posts, lambda p: p.id, _post),
        *_listed("職員", "person", old.people, new.people, lambda p: p.id, _person),
        *_listed("在職", "tenure", old.tenures, new.tenures, lambda t: (t.person, t.post, t.since), _tenure),
        *_listed(
            "代決の順位", "deputy", old.deputies, new.deputies, lambda d: (d.post, d.deputy, d.since, d.scope), _deputy
        ),
        *_listed("不在", "absence", old.absences, new.absences, lambda a: (a.person, a.since), _absence),
        *_listed(
            "機構改革", "reorganisation", old.reorganisations, new.reorganisations, lambda r: r.unit, _reorganisation
        ),
    ]


def _listed(
    ja: str, en: str, old: Sequence[T], new: Sequence[T], key: Callable[[T], Any], told: Callable[[T], str]
) -> Iterator[Text]:
    before, after = {key(x): x for x in old}, {key(x): x for x in new}
    for k, x in before.items():
        if k not in after:
            yield Text(ja=f"{ja}がなくなる: {told(x)}", en=f"{en} gone: {told(x)}")
    for k, x in after.items():
        if k not in before:
            yield Text(ja=f"{ja}が加わる: {told(x)}", en=f"new {en}: {told(x)}")
        elif before[k] != x:
            yield Text(
                ja=f"{ja}が変わる: {told(before[k])} → {told(x)}", en=f"{en} changes: {told(before[k])} → {told(x)}"
            )


def _unit(u: Unit) -> str:
    duties = f"; {', '.join(u.duties)}" if u.duties else ""
    return f"{u.id} {u.name.ja} ({u.kind}{f' < {u.parent}' if u.parent else ''}{duties})"


def _post(p: Post) -> str:
    return f"{p.id} {p.title.ja} ({p.role}, {p.unit})"


def _person(p: Person) -> str:
    return (
        f"{p.id} ({', '.join([p.language, *(['service'] if p.service else []), *(['auditor'] if p.auditor else [])])})"
    )


def _tenure(t: Tenure) -> str:
    return f"{t.person} {t.post} {t.since}–{t.until or ''}{f' ({t.capacity})' if t.capacity else ''}"


def _deputy(d: Deputy) -> str:
    scope = f" [{', '.join(d.scope)}]" if d.scope else ""
    return f"{d.post} ← {d.deputy} ({d.order}) {d.since}–{d.until or ''}{scope}"


def _absence(a: Absence) -> str:
    return f"{a.person} {a.since}–{a.until}"


def _reorganisation(r: Reorganisation) -> str:
    return f"{r.unit} → {r.to} ({r.on})"
