"""Two versions of the rules of the bodies compared in words, and who would sit otherwise than today."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from pydantic import BaseModel

from domain.bodies import BodyRules, Formal, Seat, members_of, posts_of
from domain.directory import Directory
from domain.messages import Text
from domain.process_diff import fields, shown

_FIELDS: Mapping[str, Text] = {
    "name": Text(ja="名前", en="name"),
    "version": Text(ja="版", en="version"),
    "secretariat": Text(ja="事務局", en="secretariat"),
    "selects": Text(ja="選定する会議", en="body that selects"),
    "priority_fields": Text(ja="重点取組分野", en="priority fields"),
    "title": Text(ja="名称", en="title"),
    "chair": Text(ja="議長", en="chair"),
    "vice_chairs": Text(ja="副議長", en="vice-chairs"),
    "members": Text(ja="構成員", en="members"),
    "quorum": Text(ja="定足数(超える割合)", en="quorum (share to be exceeded)"),
    "notice": Text(ja="招集の通知", en="notice"),
    "rhythm": Text(ja="開催日", en="days of the year"),
    "formal": Text(ja="決裁を要する議題", en="matters decided formally afterwards"),
    "view": Text(ja="視点", en="view"),
    "weight": Text(ja="重み", en="weight"),
    "better": Text(ja="よい方向", en="better"),
    "anchors": Text(ja="点数の意味", en="what the scores mean"),
    "chairs": Text(ja="座長の役割", en="roles that may chair"),
    "adviser": Text(ja="アドバイザーを要する", en="needs an adviser"),
    "departments": Text(ja="関係部署の数", en="departments"),
    "chair_of": Text(ja="座長として", en="as chair"),
    "adviser_of": Text(ja="アドバイザーとして", en="as adviser"),
    "member_of": Text(ja="構成員として", en="as member"),
}


def compare(old: BodyRules, new: BodyRules) -> tuple[Text, ...]:
    """Every difference as one line in both languages; empty when there is none."""
    whole = Text(ja="", en="")
    return (
        *_fields(whole, old, new, ("bodies", "criteria", "classes", "capacity")),
        *_parts("会議", "body", "key", old.bodies, new.bodies),
        *_parts("評価項目", "criterion", "key", old.criteria, new.criteria),
        *_parts("体制の区分", "class", "weight", old.classes, new.classes),
        *_fields(Text(ja="一人の受持ちの上限", en="most that one carries"), old.capacity, new.capacity, (), "_of"),
    )


def seated(old: BodyRules, new: BodyRules, directory: Directory, day: date) -> tuple[Text, ...]:
    """Who sits in each body under the new rules and not under the old ones, or the other way round, by the directory of a day."""
    before = {b.key: b for b in old.bodies}
    found = []
    for body in new.bodies:
        were = {m.person for m in members_of(before[body.key], directory, day)} if body.key in before else set()
        are = {m.person for m in members_of(body, directory, day)}
        for people, ja, en in ((are - were, "加わります", "joins"), (were - are, "外れます", "leaves")):
            found += [Text(ja=f"{body.title.ja}: {p} が{ja}", en=f"{body.title.en}: {p} {en}") for p in sorted(people)]
    return tuple(found)


def unseated(rules: BodyRules, directory: Directory) -> tuple[Text, ...]:
    """Seats for which the directory has no post."""
    found = []
    for body in rules.bodies:
        for seat in (body.chair, *body.vice_chairs, *body.members, *(f.by for f in body.formal)):
            if not posts_of(seat, directory):
                where = f"@{seat.unit}" if seat.unit else ""
                found.append(
                    Text(
                        ja=f"{body.title.ja}: {seat.role}{where} の職が名簿にありません",
                        en=f"{body.title.en}: the directory has no post {seat.role}{where}",
                    )
                )
    return tuple(dict.fromkeys(found))


def _parts(ja: str, en: str, key: str, old: Sequence[Any], new: Sequence[Any]) -> Iterator[Text]:
    """Parts that are gone or new, and what changes within those that stay."""
    olds, news = {getattr(p, key): p for p in old}, {getattr(p, key): p for p in new}
    for name, part in olds.items():
        if name not in news:
            yield Text(
                ja=f"{ja}「{part.title.ja}」({name})がなくなります", en=f"{en} {name!r} ({part.title.en}) is gone"
            )
    for name, part in news.items():
        if name not in olds:
            yield Text(ja=f"{ja}「{part.title.ja}」({name})が加わります", en=f"{en} {name!r} ({part.title.en}) is new")
        else:
            yield from _fields(Text(ja=f"{ja}「{part.title.ja}」", en=f"{en} {name!r}"), olds[name], part, (key,))
    order = [n for n in news if n in olds]
    if order != [n for n in olds if n in news]:
        yield Text(ja=f"{ja}の順序: {' → '.join(order)}", en=f"{en}: order {' -> '.join(order)}")


def _fields(where: Text, old: BaseModel, new: BaseModel, skip: Sequence[str], suffix: str = "") -> Iterator[Text]:
    return fields(where.ja, where.en, old, new, skip, label=lambda name: _FIELDS[name + suffix], show=_shown)


def _shown(value: Any, language: str) -> str:
    if isinstance(value, Seat):
        return f"{value.role}@{value.unit}" if value.unit else value.role
    if isinstance(value, Formal):
        return f"{value.category} ({_shown(value.by, language)}, {_shown(value.within, language)})"
    if isinstance(value, tuple):
        return ", ".join(_shown(v, language) for v in value) or "-"
    return shown(value, language)
