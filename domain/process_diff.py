"""Two versions of a process definition compared in words: what a person must know before one takes the other's place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from pydantic import BaseModel

from domain.calendar import Span
from domain.messages import Text
from domain.process import Delegation, Outcome, PostRef, ProcessDefinition, Stage, Step, WindDownTask

_FIELDS: Mapping[str, Text] = {
    "name": Text(ja="名前", en="name"),
    "version": Text(ja="版", en="version"),
    "title": Text(ja="題", en="title"),
    "phase": Text(ja="局面", en="phase"),
    "deliverable": Text(ja="様式", en="form"),
    "drafter": Text(ja="起案者", en="drafter"),
    "due": Text(ja="期限", en="due"),
    "remind_before": Text(ja="期限前のお知らせ", en="reminder before"),
    "next": Text(ja="次の段階", en="next stage"),
    "send_back_to": Text(ja="差戻し先", en="may be sent back to"),
    "repeats": Text(ja="繰返し", en="repeats"),
    "decides_outcome": Text(ja="結果を決める", en="decides the outcome"),
    "passes_when": Text(ja="通過の検査", en="checks at the gate"),
    "inform": Text(ja="供覧先", en="informed"),
    "posts": Text(ja="決裁者", en="asked"),
    "need": Text(ja="必要な同意の数", en="agreements needed"),
    "escalate_after": Text(ja="上司への報告まで", en="escalated after"),
    "escalate_to": Text(ja="報告先", en="escalated to"),
    "drafter_may_decide": Text(ja="起案者も決定できる", en="the drafter may decide"),
    "on_reject": Text(ja="否のとき", en="on refusal"),
    "question_stops_clock": Text(ja="質問で時計が止まる", en="a question stops the clock"),
    "then": Text(ja="その後", en="what follows"),
    "stage": Text(ja="続く段階", en="goes on at"),
    "stages": Text(ja="続けうる段階", en="may go on at"),
    "units": Text(ja="組織", en="units"),
    "consult_within": Text(ja="協議の期間", en="consultation lasts"),
    "superior": Text(ja="協議不調のときの裁定者", en="decides after a consultation"),
    "covers": Text(ja="同意の及ぶ項目", en="fields agreed to"),
    "absence": Text(ja="不在のとき", en="in absence"),
    "coordinator_after": Text(ja="庶務担当への連絡まで", en="coordinator told after"),
    "delegations": Text(ja="専決", en="standing delegations"),
    "important": Text(ja="重要な案件", en="important matters"),
    "outside_decision": Text(ja="外部の決裁を入力できる", en="may be decided in another system"),
    "merge_steps": Text(ja="同一人の段階を併合", en="steps that meet in one person merge"),
    "heads": Text(ja="長の役割", en="roles of heads"),
    "max_rounds": Text(ja="改善の期数の上限", en="rounds until only the council decides on improvement"),
    "wind_down_tasks": Text(ja="廃止の整理の作業", en="tasks of the wind-down"),
    "question_due": Text(ja="質問への回答期限", en="a question is answered within"),
}
"""What the fields are called. Fields that are not here are compared by a part of their own, see `compare`."""


def compare(old: ProcessDefinition, new: ProcessDefinition) -> tuple[Text, ...]:
    """Every difference as one line in both languages, stage by stage in the order of the new version; empty when none."""
    found = [*_fields("", "", old, new, skip=("stages", "outcomes", "wind_down", "reopening"))]
    found += _parts("段階", "stage", old.stages, new.stages, _stage)
    for name, ja, en in (("wind_down", "廃止の整理", "wind-down"), ("reopening", "再開の決定", "reopening")):
        before, after = getattr(old, name), getattr(new, name)
        found += _parts(ja, en, [before] if before else [], [after] if after else [], _stage)
    found += _parts("結果", "outcome", old.outcomes, new.outcomes, _outcome)
    return tuple(found)


def _stage(ja: str, en: str, old: Stage, new: Stage) -> Iterator[Text]:
    yield from _fields(ja, en, old, new, skip=("gate",))
    yield from _parts(f"{ja}・経路", f"{en}, step", old.gate, new.gate, _step)


def _step(ja: str, en: str, old: Step, new: Step) -> Iterator[Text]:
    yield from _fields(ja, en, old, new)


def _outcome(ja: str, en: str, old: Outcome, new: Outcome) -> Iterator[Text]:
    yield from _fields(ja, en, old, new)


def _parts(
    ja: str, en: str, old: Sequence[Any], new: Sequence[Any], within: Callable[[str, str, Any, Any], Iterator[Text]]
) -> Iterator[Text]:
    """Parts that have a key: gone, new, under another key, moved, and changed within."""
    olds, news = {p.key: p for p in old}, {p.key: p for p in new}
    renamed = _renamed(olds, news)
    for key, part in olds.items():
        if key not in news and key not in renamed.values():
            yield Text(ja=f"{ja}「{part.title.ja}」({key})がなくなります", en=f"{en} {key!r} ({part.title.en}) is gone")
    for key, part in news.items():
        was = renamed.get(key, key)
        if was not in olds:
            yield Text(ja=f"{ja}「{part.title.ja}」({key})が加わります", en=f"{en} {key!r} ({part.title.en}) is new")
            continue
        if was != key:
            yield Text(
                ja=f"{ja}「{part.title.ja}」の記号が {was} から {key} に変わります",
                en=f"{en} {was!r} ({part.title.en}) becomes {key!r}",
            )
        yield from within(f"{ja}「{part.title.ja}」", f"{en} {key!r}", olds[was], part)
    order = [k for k in news if renamed.get(k, k) in olds]
    stayed = sorted(order, key=lambda k: list(olds).index(renamed.get(k, k)))
    if stayed != order:
        yield Text(
            ja=f"{ja}の順序: {' → '.join(stayed)} から {' → '.join(order)} へ",
            en=f"{en}: order {' -> '.join(stayed)} becomes {' -> '.join(order)}",
        )


def _renamed(olds: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, str]:
    """New key -> the old key of a part that bears the same title and is known under its old key no more."""
    gone = {part.title: key for key, part in olds.items() if key not in news}
    return {key: gone[part.title] for key, part in news.items() if key not in olds and part.title in gone}


def fields(
    ja: str,
    en: str,
    old: BaseModel,
    new: BaseModel,
    skip: Sequence[str] = (),
    *,
    label: Callable[[str], Text],
    show: Callable[[Any, str], str],
) -> Iterator[Text]:
    """What differs between two parts of published documents, field by field. `ja`, `en`: which part, empty for the whole."""
    for name in type(new).model_fields:
        before, after = getattr(old, name), getattr(new, name)
        if name in (*skip, "key") or before == after:
            continue
        called = label(name)
        where = (f"{ja}: " if ja else ""), (f"{en}: " if en else "")
        yield Text(
            ja=f"{where[0]}{called.ja} {show(before, 'ja')} → {show(after, 'ja')}",
            en=f"{where[1]}{called.en} {show(before, 'en')} -> {show(after, 'en')}",
        )


_fields = partial(fields, label=lambda name: _FIELDS[name], show=lambda value, language: shown(value, language))


def shown(value: Any, language: str) -> str:
    """A value of a published document as people read it."""
    if isinstance(value, Text):
        return str(getattr(value, language))
    if isinstance(value, Span):
        if value.working_days is None:
            return f"{value.seconds:g} {'秒' if language == 'ja' else 's'}"
        return f"{value.working_days} {'開庁日' if language == 'ja' else 'working days'}"
    if isinstance(value, PostRef):
        return f"{value.role}@{value.unit}"
    if isinstance(value, Delegation):
        limit = f"<= {value.at_most:,}" if value.at_most is not None else f"= {' | '.join(value.one_of)}"
        return f"{value.field} {limit}: {value.ends_at}"
    if isinstance(value, WindDownTask):
        owner = shown(value.owner, language) if value.owner else "-"
        due = shown(value.due, language) if value.due else "-"
        return f"{shown(value.title, language)} ({value.key}, {owner}, {due})"
    if isinstance(value, bool):
        return ("はい" if value else "いいえ") if language == "ja" else ("yes" if value else "no")
    if isinstance(value, dict):
        return ", ".join(f"{k}={v}" for k, v in sorted(value.items())) or "-"
    if isinstance(value, tuple | list):
        return ", ".join(shown(v, language) for v in value) or "-"
    return "-" if value is None else str(value)
