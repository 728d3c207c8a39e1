"""What a reorganisation would do, in words, before it is recorded: who takes over what, what waits for whom, who is left without a post."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import sqlalchemy as sa

from domain.calendar import wareki
from domain.directory import Directory
from domain.directory_changes import ReorganiseUnit, UnitReorganised, decide, folded
from domain.messages import Text
from store.queries import rows
from store.store import Store
from store.tables import instructions, lifecycles, requests


def effects(store: Store, command: ReorganiseUnit) -> list[Text]:
    """One sentence an effect. Raises `Refused` for what the directory would not stand with."""
    before = store.facts().directory
    (event,) = decide(before, command)
    assert isinstance(event, UnitReorganised)
    after = folded(before, event)
    return [
        _taken_over(store, command, after),
        *_new(event, after),
        *_posts(store, event, before, after),
        *_below(command, after),
        *_without_post(event, before, after),
    ]


def left_without_post(store: Store, command: ReorganiseUnit) -> list[Text]:
    """Who would hold no post from the day on, one sentence a person. Raises `Refused` as `effects` does."""
    before = store.facts().directory
    (event,) = decide(before, command)
    assert isinstance(event, UnitReorganised)
    return list(_without_post(event, before, folded(before, event)))


def _taken_over(store: Store, command: ReorganiseUnit, after: Directory) -> Text:
    query = (
        sa.select(sa.func.count())
        .select_from(lifecycles)
        .where(lifecycles.c.section == command.unit, lifecycles.c.closed.is_(False))
    )
    with store.database.read() as connection:
        number = int(connection.execute(query).scalar_one())
    old, new = _unit(after, command.unit), _unit(after, command.to)
    return Text(
        ja=f"{wareki(command.on)}から「{new.ja}」が「{old.ja}」を引き継ぎます。進行中の課題 {number} 件は「{new.ja}」の職員が扱います",
        en=f"from {command.on} {new.en} stands for {old.en}; its people look after {number} running lifecycle(s)",
    )


def _new(event: UnitReorganised, after: Directory) -> Iterator[Text]:
    for unit in event.units:
        above = _unit(after, unit.parent) if unit.parent else Text(ja="-", en="-")
        yield Text(
            ja=f"新しい組織: {unit.name.ja}({unit.id}、「{above.ja}」の下)",
            en=f"new unit: {unit.name.en} ({unit.id}, below {above.en})",
        )
    for post in event.posts:
        unit_name = _unit(after, post.unit)
        yield Text(
            ja=f"新しい職: {post.title.ja}({post.id}、{unit_name.ja})",
            en=f"new post: {post.title.en} ({post.id}, {unit_name.en})",
        )


def _posts(store: Store, event: UnitReorganised, before: Directory, after: Directory) -> Iterator[Text]:
    """Each post of the old unit, the one that takes over, who holds that on the day, and what waits."""
    change = event.reorganisation
    waiting = _waiting(store, list(change.posts))
    for old, new in change.posts.items():
        holders = after.holders(new, change.on)
        was, becomes = _post(after, old), _post(after, new)
        who_ja = "、".join(holders) or "就く職員がいません。同じ日付の人事異動を取り込んでください"
        who_en = ", ".join(holders) or "nobody holds it that day: load moves for the same day"
        yield Text(
            ja=f"{was.ja} → {becomes.ja}(待っている依頼 {waiting[old]} 件): {who_ja}",
            en=f"{was.en} → {becomes.en} ({waiting[old]} waiting): {who_en}",
        )


def _waiting(store: Store, posts: list[str]) -> Counter[str]:
    """Open requests and unanswered instructions of the bodies, by post."""
    asked = rows(store, sa.select(requests.c.post).where(requests.c.post.in_(posts)))
    instructed = sa.select(instructions.c.post).where(
        instructions.c.answered_at.is_(None), instructions.c.post.in_(posts)
    )
    return Counter(str(r["post"]) for r in (*asked, *rows(store, instructed)))


def _below(command: ReorganiseUnit, after: Directory) -> Iterator[Text]:
    below = [u.name for u in after.units if u.parent == command.unit]
    if below:
        yield Text(
            ja=f"下の組織({'、'.join(n.ja for n in below)})は変わりません。それぞれ改めてください",
            en=f"the units below it stay as they are: {', '.join(n.en for n in below)}; reorganise each",
        )


def _without_post(event: UnitReorganised, before: Directory, after: Directory) -> Iterator[Text]:
    """Whoever held a post of the old unit on the day and holds none from then on."""
    change = event.reorganisation
    held = {p: old for old in change.posts for p in before.holders(old, change.on)}
    for person, old in held.items():
        if not after.posts_of(person, change.on):
            was = _post(after, old)
            yield Text(
                ja=f"{person}(今は{was.ja})はその日から職がなく、何も記録できません。"
                "同じ日付の人事異動で新しい職に就けてください",
                en=f"{person} (now {was.en}) holds no post from that day and can record nothing: "
                "load a move for the same day",
            )


def _unit(directory: Directory, unit: str) -> Text:
    found = directory.unit(unit)
    return found.name if found is not None else Text(ja=unit, en=unit)


def _post(directory: Directory, post: str) -> Text:
    found = directory.post(post)
    return found.title if found is not None else Text(ja=post, en=post)
