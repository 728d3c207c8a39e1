"""How pages and the API begin sessions, rounds and rhythms (and pages lifecycles): under the rules of the bodies that hold, never
under rules that the caller sends; and who may read what of a body is not public."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any

from pydantic import Field

from definitions.loader import load_bodies
from domain.bodies import BodyKey, BodyRules, require_secretariat
from domain.calendar import fiscal_year, local_day, wareki, wareki_fiscal_year
from domain.deliverables.taskforce import Viewpoint, Weight
from domain.directory import Directory
from domain.duties import has_duty
from domain.lifecycle.commands import StartLifecycle
from domain.lifecycle.commands import stream_of as lifecycle_stream
from domain.messages import Frozen, Problem, Refused, Text, refuse
from domain.selection import messages as sm
from domain.selection.kind import stream_of as round_stream
from domain.sessions import messages as m
from domain.sessions.kind import stream_of as session_stream
from domain.sessions.rhythm import SetRhythm
from domain.sessions.rhythm import stream_of as rhythm_of
from domain.sessions.session import Session
from store import bodies
from store.overseeing import is_headquarters, oversees
from store.store import Store

EARLIEST, LATEST = date(2000, 1, 1), date(2199, 12, 31)
"""Days that are taken; beyond them calendars end."""
UNKNOWN = "before-the-directory"
"""Refuses a day of which the directory knows nothing."""
WithinCalendars = Annotated[date, Field(ge=EARLIEST, le=LATEST)]


def said(ja: str, en: str, default: Any = ..., **rules: Any) -> Any:
    """A field with its label in both languages."""
    return Field(default, description=f"{ja} / {en}", **rules)


class ConveningForm(Frozen):
    """Call a body together. The session gets the next number of the fiscal year of its day."""

    body: BodyKey = said("会議", "body")
    held_on: WithinCalendars = said("開催日", "day of the session")
    place: str = said("場所", "place", "", max_length=300)
    circulation: bool = said("持ち回り", "by circulation, no meeting", False)
    urgent: str = said("通知期間に足りない理由", "why on shorter notice", "", max_length=4000)


class CallForm(Frozen):
    """Call the bureaus for proposals: a selection round."""

    name: str = said(
        "選定ラウンドの名前(年度など)", "name of the round, such as the fiscal year", pattern=r"^[\w.-]{1,60}$"
    )
    title: str = said("件名(空欄なら年度から)", "title (empty: from the fiscal year)", "", max_length=300)
    closes_on: WithinCalendars = said("締切日", "closing date")
    priority_fields: tuple[str, ...] = said("重点取組分野", "priority fields", ())
    definition: str = said("選ばれた課題のプロセス定義", "process definition of the selected tasks")


class RhythmForm(Frozen):
    """From now on a body is convened by itself on the days of its rules."""

    body: BodyKey = said("会議", "body")


class StartForm(Frozen):
    """Start a lifecycle for one task."""

    ref: str = said(
        "自分たちの番号(後から変えられません)", "your own id of the task; it stays", min_length=1, max_length=100
    )
    title: str = said("件名", "title", min_length=1, max_length=300)
    section: str = said("担当課(名か組織ID)", "section in charge, by name or id")
    definition: str = said("プロセス定義", "process definition")
    viewpoint: Viewpoint | None = said("デジタル化の視点", "viewpoint of digitalisation", None)
    weight: Weight | None = said("課題の重さ", "weight of the task", None)
    drafter: str = said("起案者(氏名か職員ID。空欄なら担当課)", "drafter, by name or id (empty: the section)", "")
    tags: tuple[str, ...] = said("タグ", "tags", ())


# --- who ---------------------------------------------------------------------------------------------------------------


def rules_of(store: Store) -> BodyRules:
    """The rules under which bodies are convened and rounds are called now."""
    return store.rules() or load_bodies()


def is_secretariat(store: Store, person: str, rules: BodyRules | None) -> bool:
    """Whether somebody prepares and records; never in a rehearsal, which is read only."""
    if rules is None or store.clock.virtual:
        return False
    try:
        require_secretariat(person, rules, store.facts().directory, local_day(store.clock.now()))
    except Refused:
        return False
    return True


def require_oversight(store: Store, person: str) -> None:
    """What needs an operator, and who was refused what, is for the headquarters and auditors. Raises `Refused` for others."""
    if oversees(store, person):
        return
    raise refuse(
        "secretariat-only",
        "事務局と監査だけが見られます",
        "this is for the secretariat and auditors",
        remedy_ja="事務局に尋ねてください",
        remedy_en="ask the secretariat",
    )


def require_real(store: Store) -> None:
    """Raises `Refused` on the store of a rehearsal, which only reads."""
    if store.clock.virtual:
        raise refuse(
            "rehearsal",
            "予行演習の記録は読むだけです",
            "the record of a rehearsal is read-only",
            remedy_ja="本番の記録で行ってください",
            remedy_en="do it on the real record",
        )


def require_headquarters(store: Store, person: str) -> None:
    """Whoever looks may not all act: notices are sent again and settled by the headquarters. Raises `Refused` for others."""
    require_real(store)
    if not is_headquarters(store, person):
        raise refuse(
            "headquarters-only",
            "推進本部の事務局だけが行えます",
            "this is for the headquarters alone",
            remedy_ja="事務局に頼んでください",
            remedy_en="ask the secretariat",
        )


def is_personnel(store: Store, person: str) -> bool:
    """Whether somebody belongs to the unit that looks after personnel."""
    return has_duty(person, "personnel", store.facts().directory, local_day(store.clock.now()))


def directory_seen(store: Store, person: str, on: date | None = None) -> Directory:
    """The directory as somebody may see it: a reorganisation is confidential until its day, but for the personnel office, which
    loads it, and auditors. `on`: as it was on an earlier day, the same for all."""
    directory, today = store.facts().directory, local_day(store.clock.now())
    if on is not None and on < today:
        return directory.seen_on(on)
    seen = directory.seen_on(today)
    return directory if seen is not directory and sees_ahead(store, person) else seen


def sees_ahead(store: Store, person: str) -> bool:
    """Whether somebody sees a reorganisation that was loaded ahead of its day."""
    found = store.facts().directory.person(person)
    return (found is not None and found.auditor) or is_personnel(store, person)


def require_concerned(store: Store, person: str, previous: str) -> None:
    """The list of somebody's work is for them and the personnel office; each lifecycle has its own rule besides. Raises `Refused`."""
    if previous != person and not is_personnel(store, person):
        raise refuse(
            "not-your-duty",
            "ほかの職員の引継ぎは人事を扱う組織の職員が行います",
            "another person's work is handed over by the personnel office",
            remedy_ja="本人か人事の職員が行ってください",
            remedy_en="let them or the personnel office do it",
        )


def day_asked(store: Store, on: date | None) -> date:
    """A day of the directory up to today, which it is unless another is asked for. Raises `Refused`: what is loaded ahead is
    confidential, and of the days before the directory begins (rule `UNKNOWN`) nothing is known."""
    today = local_day(store.clock.now())
    if on is not None and on > today:
        raise refuse(
            "day-to-come",
            f"{wareki(on)}: 先の人事は発令日まで示しません",
            f"{on}: what is loaded ahead is confidential until its day",
            remedy_ja="今日までの日付にしてください",
            remedy_en="name a day up to today",
        )
    begins = store.facts().directory.begins
    if on is not None and begins is not None and on < begins <= today:
        ja = f"{wareki(on)}: 職員名簿は{wareki(begins)}から始まり、それより前は分かりません"
        en = f"{on}: the directory begins on {begins}, and nothing is known of the days before it"
        raise refuse(
            UNKNOWN,
            ja,
            en,
            remedy_ja=f"{wareki(begins)}以後の日付にしてください",
            remedy_en=f"name a day from {begins} on",
            problems=(Problem(field="on", value=on.isoformat(), message=Text(ja=ja, en=en)),),
        )
    return on or today


def is_privy(store: Store, person: str, state: Session) -> bool:
    """Who reads what is not public: the members, those who were there, the secretariat and auditors."""
    return bodies.sees(store, state, person)


# --- beginning ---------------------------------------------------------------------------------------------------------


def convening(store: Store, asked: ConveningForm, command_id: str) -> m.ConveneSession:
    """The command that convenes the next session of a body in the fiscal year of its day."""
    year = fiscal_year(asked.held_on)
    number = bodies.next_number(store, asked.body, year)
    fields = {**asked.model_dump(), "fiscal_year": year, "number": number}
    stream = session_stream(asked.body, year, number)
    return m.ConveneSession.model_validate({**fields, "stream": stream, "command_id": command_id})


def starting(store: Store, asked: StartForm, command_id: str) -> StartLifecycle:
    """The command that starts a lifecycle. The same `ref` starts once."""
    fields = {**asked.model_dump(), "drafter": asked.drafter or None}
    return StartLifecycle.model_validate({**fields, "stream": lifecycle_stream(asked.ref), "command_id": command_id})


def calling(store: Store, asked: CallForm, command_id: str) -> sm.CallForProposals:
    """The command that opens a round, with the policy of the monitoring meeting and what was kept from the round before."""
    year = int(asked.name[:4]) if re.match(r"2[01]\d\d", asked.name, re.ASCII) else fiscal_year(asked.closes_on)
    policy = bodies.latest_policy(store)
    fields: dict[str, Any] = {
        "fiscal_year": year,
        "title": asked.title or f"{wareki_fiscal_year(year)} 取組課題の選定",
        "closes_on": asked.closes_on,
        "definition": asked.definition,
        "priority_fields": asked.priority_fields,
        "policy": str(policy["text"]) if policy else "",
        "policy_from": f"{policy['stream']}/{policy['item']}" if policy else "",
        "carried": _carried(store),
    }
    stream = round_stream(asked.name)
    return sm.CallForProposals.model_validate({**fields, "stream": stream, "command_id": command_id})


def _carried(store: Store) -> list[dict[str, Any]]:
    """What the last round deferred comes back with its place."""
    names = ("ref", "title", "section", "problem", "viewpoint", "departments", "tags", "source")
    found = []
    for stream, ref in bodies.deferred(store):
        p = store.load(stream)[0].proposals[ref]
        reason = "前回のラウンドから持ち越し / kept from the round before"
        found.append({**{n: getattr(p, n) for n in names}, "round": stream, "reason": reason})
    return found


def arranging(store: Store, asked: RhythmForm, command_id: str) -> SetRhythm:
    """The command by which a body meets on the days of its rules."""
    fields = {"body": asked.body, "stream": rhythm_of(asked.body), "command_id": command_id}
    return SetRhythm.model_validate(fields)
