"""How approvers answer: when, and with what decision. Silence is possible, and helps nobody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from math import log
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from domain.calendar import local_day
from domain.lifecycle import commands as c
from domain.lifecycle.state import Lifecycle, Request
from rehearsal import offices
from rehearsal.script import MARK, Intention, Script, later, meeting_day, on_day, scripted

if TYPE_CHECKING:
    from rehearsal.people import Deed, People

_MEDIAN_DAYS: Mapping[str, float] = {
    "section_chief": 1.2,
    "bureau_director": 2.0,
    "secretariat_director": 1.6,
    "deputy_mayor": 3.5,
    "headquarters_vice_director": 4.0,
}
"""Working days until half of the holders of a role have answered (ours); the tail is log-normal."""
_SPREAD = 0.75
_RETURNS: Mapping[str, float] = {"section_chief": 0.07, "secretariat_director": 0.05, "bureau_director": 0.03}
"""Share of first versions that a role sends back (ours)."""
_SILENT = 0.006
"""Share of requests that nobody touches before a superior has been told; a third of those, never."""
_REASONS: Mapping[str, tuple[str, ...]] = {
    "setup": ("受益者の範囲が広すぎる。対象を絞ること", "関係部署に窓口担当課を加えること"),
    "analysis": ("根拠資料が古い。直近年度の数字に改めること", "根本原因が現象の言い換えにとどまる"),
    "hypothesis": ("検証方法では効果を切り分けられない", "期待する効果の根拠を示すこと"),
    "coordination": ("繁忙期の負担について合意がない", "所管との役割分担が曖昧である"),
    "proposal": ("運用費の見積りが甘い。5年分で比べること", "アナログ案の検討が足りない"),
    "budgeting": ("積算の内訳が不足している", "国庫補助の可能性を確かめること"),
    "pt_formation": ("従事割合が現実的でない", "運用担当を構成員に加えること"),
    "kpi_setting": ("成果指標が活動量になっている", "基準値の出典を示すこと"),
    "implementation": ("不参加者の理由が書かれていない", "障害時の対応の記録を添えること"),
    "monitoring": ("目標未達の要因分析を加えること", "費用との比較が必要"),
    "review": ("廃止した場合の影響も比べること", "利用者の声を加えること"),
}
_CONDITIONS = (
    "個人情報の取扱いを担当課と協議すること",
    "高齢者向けの説明会を開くこと",
    "3か月後に中間報告を行うこと",
    "既存システムとの連携方法を確認すること",
)


def intentions(people: People, state: Lifecycle, script: Script, r: Request, now: datetime) -> list[Intention]:
    """When the holder of the post means to answer: at first sight, after a reminder, and once a superior has been told."""
    if r.post in people.in_session:
        return []
    meant = people.means(state.stream, "answer", r.id)
    if meant and not _urged_anew(people, state.stream, r):
        return []
    finance = _finance(people, r)
    if finance and state.budgets and not _indicated(state):
        return []
    rng, calendar = people.dice("answer", r.id), people.facts.calendar
    post = people.facts.directory.post(r.post)
    role = post.role if post else ""
    silent = rng.random() < _SILENT and not finance
    if not meant and not silent:
        if role == "mayor":
            at = _sitting(people, now, rng)
        else:
            days = 0.5 if finance else rng.lognormvariate(log(_MEDIAN_DAYS.get(role, 2.5)), _SPREAD)
            at = later(calendar, now, days, rng)
        return [Intention(at, state.stream, "answer", r.id)]
    urged = people.dice("urged", r.id)
    if r.escalated and urged.random() < 0.67:
        at = later(calendar, now, urged.randrange(1, 6), urged)
        return [Intention(at, state.stream, "answer", f"{r.id} urged")]
    if r.reminded and not silent and role != "mayor" and people.dice("reminded", r.id).random() < 0.6:
        return [Intention(later(calendar, now, 1, urged), state.stream, "answer", f"{r.id} reminded")]
    return []


def _urged_anew(people: People, stream: str, r: Request) -> bool:
    """Somebody reminded the holder of the post since they last made up their mind."""
    if r.escalated:
        return not people.means(stream, "answer", f"{r.id} urged")
    return r.reminded and not people.means(stream, "answer", f"{r.id} reminded")


def _sitting(people: People, now: datetime, rng: Random) -> datetime:
    """The mayor decides where the council sits; now and then a matter is left for the sitting after."""
    calendar = people.facts.calendar
    earliest = local_day(later(calendar, now, 2, rng))
    day = meeting_day(calendar, earliest)
    if rng.random() < 0.08:
        day = meeting_day(calendar, date.fromordinal(day.toordinal() + 1))
    return on_day(calendar, day, rng)


def _finance(people: People, r: Request) -> bool:
    post = people.facts.directory.post(r.post)
    return post is not None and post.role == "finance_director" and r.step != "concurrence"


def _indicated(state: Lifecycle) -> bool:
    line = offices.line_of(state)
    return line is not None and line.amount("indicated") is not None


class Verdict(NamedTuple):
    """What whoever decides says to a request."""

    decision: c.Decision
    comment: str = ""
    outcome: str | None = None
    back_to: str | None = None
    conditions: tuple[c.Condition, ...] = ()


def deed(people: People, intention: Intention, state: Lifecycle, now: datetime) -> Deed | None:
    """The answer, by somebody who holds the post today and did not draft what is decided on."""
    r = state.request(intention.subject.split(" ")[0])
    if r is None or state.submission is None:
        return None
    person = people.holder(r.post, now, but=state.submission.person, rng=people.dice("decision", r.id))
    if person is None:
        return None
    given = verdict(people, state, r, now)
    command = c.AnswerRequest(
        command_id=f"rehearsal:answer:{r.id}",
        stream=state.stream,
        request=r.id,
        decision=given.decision,
        comment=given.comment,
        conditions=given.conditions,
        back_to=given.back_to,
        outcome=given.outcome,
        seen=state.submission.content_hash,
    )
    return command, scripted(person, r.post)


def verdict(people: People, state: Lifecycle, r: Request, now: datetime) -> Verdict:
    """By the script of the matter and the dice of the request."""
    script, stage, rng = people.scripts[state.stream], people.stage_of(state), people.dice("verdict", r.id)
    decision = _decision(people, state, script, r, rng)
    if decision in ("return", "reject"):
        comment = MARK + rng.choice(_REASONS.get(r.stage, ("記載を見直すこと",)))
        far = decision == "return" and stage.send_back_to and not stage.decides_outcome and rng.random() < 0.12
        return Verdict(decision, comment, back_to=stage.send_back_to[-1] if far else None)
    if stage.decides_outcome and r.step_index == len(stage.gate) - 1:
        outcome = _outcome(state, script)
        back_to = script.back_to if outcome == "improvement" else None
        comment = f"{MARK}評価報告のとおり了承" if outcome == state.recommendation else _departing(script)
        return Verdict("approve", comment, outcome, back_to)
    if decision == "conditions":
        due = local_day(later(people.facts.calendar, now, rng.randrange(20, 60), rng))
        text = MARK + rng.choice(_CONDITIONS)
        return Verdict(decision, conditions=(c.Condition(text=text, by=state.section, due=due),))
    return Verdict(decision)


def _decision(people: People, state: Lifecycle, script: Script, r: Request, rng: Random) -> c.Decision:
    assert state.submission is not None
    post = people.facts.directory.post(r.post)
    role, chance = post.role if post else "", rng.random()
    if script.fate == "rejected" and r.stage == "proposal" and role == "mayor":
        return "reject"
    if r.step == "concurrence" and chance < 0.04 and state.submission.version == 1:
        return "reject"
    patience = 1.0 if state.submission.version == 1 or state.repeats else 0.25 if state.submission.version == 2 else 0
    if chance < _RETURNS.get(role, 0.01) * patience * (0.4 if state.repeats else 1):
        return "return"
    return "conditions" if chance > 0.94 and not people.stage_of(state).repeats else "approve"


def _outcome(state: Lifecycle, script: Script) -> str | None:
    """What the record says; in a later round the matter has been mended, and goes on."""
    return script.outcome if state.round == 1 else "continuation"


def _departing(script: Script) -> str:
    return f"{MARK}{script.finding or '市全体の優先順位を踏まえ、提言と異なる決定とする'}"
