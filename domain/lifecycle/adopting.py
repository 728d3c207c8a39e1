"""Adopting what already runs: a lifecycle begun at any stage, its earlier record entered as imported, and what is missing of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, NoReturn
from uuid import NAMESPACE_URL, uuid5

from pydantic import Field

from domain.calendar import local_day
from domain.deliverables.base import Context, Evidence, digest
from domain.deliverables.registry import broken_rules, parse
from domain.deliverables.taskforce import Viewpoint, Weight
from domain.facts import Facts
from domain.kpis.aim import aim_fields
from domain.lifecycle import events as e
from domain.lifecycle import sunset
from domain.lifecycle.amounts import STATES, window_of, with_amount
from domain.lifecycle.authority import definition, may_steer
from domain.lifecycle.commands import BudgetState, LifecycleCommand, Source, StartLifecycle
from domain.lifecycle.measuring import require_value, set_anew
from domain.lifecycle.routes import enter, open_draft
from domain.lifecycle.state import Budget, Kpi, Lifecycle
from domain.lifecycle.winding import assigned
from domain.messages import Actor, Command, Event, Frozen, Personal, Recorded, Text, refuse
from domain.process import REOPENING, ProcessDefinition, Stage

Changes = dict[str, Any]
ClosedAs = Literal["completion", "abolition", "dropped"]


# --- shapes ----------------------------------------------------------------------------------------------------------


class PastDecision(Frozen):
    """A stage that passed before (or outside) this system: when, by whom in words, under which number."""

    stage: str
    round: int = Field(default=1, ge=1, le=99)
    decided_on: date
    by: str = Field(min_length=1, max_length=300)
    document: str = Field(default="", max_length=200)
    """Number of the decision in the city's own document system."""
    outcome: str | None = None
    note: str = Field(default="", max_length=4000)


class PastDeliverable(Frozen):
    """What was handed in at a stage, as far as it is known; the form may be filled in part."""

    stage: str
    round: int = Field(default=1, ge=1, le=99)
    content: dict[str, Any]
    finished_on: date | None = None


class PastBudget(Frozen):
    """An amount of a fiscal year, in yen."""

    fiscal_year: int = Field(ge=1950, le=2100)
    state: BudgetState
    amount: int = Field(ge=0)


class PastMeasurement(Frozen):
    kpi: str
    period: str = Field(min_length=1, max_length=20)
    value: Decimal
    source: Evidence | None = None


class History(Frozen):
    """What happened before the system did, and where that is known from. Every part may be empty."""

    source: Source
    deliverables: tuple[PastDeliverable, ...] = ()
    decisions: tuple[PastDecision, ...] = ()
    budgets: tuple[PastBudget, ...] = ()
    measurements: tuple[PastMeasurement, ...] = ()


class Gap(Frozen):
    """Something that an adopted lifecycle lacks. `weight`: needed (the process will stumble over it) or useful."""

    stage: str
    field: str
    weight: Literal["needed", "useful"]
    message: Text


# --- commands --------------------------------------------------------------------------------------------------------


class AdoptLifecycle(LifecycleCommand):
    """Begin a lifecycle in the middle: at `stage` of `round`, with its earlier record. `closed_as`: it is over already."""

    type = "AdoptLifecycle"
    system_may = True
    ref: str = Field(min_length=1, max_length=100)
    title: str = Field(min_length=1, max_length=300)
    section: str
    viewpoint: Viewpoint | None = None
    weight: Weight | None = None
    definition: str
    tags: tuple[str, ...] = ()
    drafter: str | None = None
    stage: str
    round: int = Field(default=1, ge=1, le=99)
    started_on: date | None = None
    closed_as: ClosedAs | None = None
    history: History


class SupplementHistory(LifecycleCommand):
    """Add to the earlier record of an adopted lifecycle what was missing."""

    type = "SupplementHistory"
    system_may = True
    history: History


# --- events ----------------------------------------------------------------------------------------------------------


class LifecycleAdopted(Event):
    """A lifecycle that began before the system did; what follows as imported comes from `source`."""

    type = "LifecycleAdopted"
    ref: str
    title: str
    section: str
    section_name: Text
    bureau: str
    bureau_name: Text
    viewpoint: str | None
    weight: str | None
    definition: str
    definition_digest: str
    tags: tuple[str, ...]
    drafter: str | None
    stage: str
    round: int
    started_on: date | None
    source: Source


class DeliverableImported(Event):
    """`incomplete` names the fields of the form that the earlier record leaves open."""

    type = "DeliverableImported"
    stage: str
    title: Text
    deliverable: str
    round: int
    version: int
    content: dict[str, Any]
    content_hash: str
    finished_on: date | None
    incomplete: tuple[str, ...]
    source: Source


class DecisionImported(Event):
    """A decision that was made elsewhere: shown as such, never counted as an answer given here."""

    type = "DecisionImported"
    stage: str
    title: Text
    round: int
    decided_on: date
    document: str
    outcome: str | None
    source: Source
    by: Personal
    note: Personal


# --- rules -----------------------------------------------------------------------------------------------------------


def task_fields(command: StartLifecycle | AdoptLifecycle, facts: Facts) -> dict[str, Any]:
    """What the first event says of the task. Refuses a section or drafter that the directory does not know."""
    process, directory = definition(facts), facts.directory
    section = directory.unit(command.section)
    if section is None:
        raise refuse(
            "section-unknown",
            f"section: 組織表にない部署です: {command.section}",
            f"section: {command.section!r} is not a unit of the directory",
            remedy_ja="people.yaml の組織IDを書いてください",
            remedy_en="use a unit id of the directory (`./taskforce people`)",
        )
    if command.drafter is not None and directory.person(command.drafter) is None:
        raise refuse(
            "person-unknown",
            f"drafter: 名簿にない職員です: {command.drafter}",
            f"drafter: {command.drafter!r} is not in the directory",
            remedy_ja="people.yaml の職員IDを書いてください",
            remedy_en="use a person id of the directory (`./taskforce people`)",
        )
    bureau = directory.unit(directory.bureau_of(section.id)) or section
    return {
        "ref": command.ref,
        "title": command.title,
        "section": section.id,
        "section_name": section.name,
        "bureau": bureau.id,
        "bureau_name": bureau.name,
        "viewpoint": command.viewpoint,
        "weight": command.weight,
        "definition": process.reference,
        "definition_digest": process.digest,
        "tags": command.tags,
        "drafter": command.drafter,
    }


def adopt(state: Lifecycle, command: AdoptLifecycle, actor: Actor, facts: Facts, now: datetime) -> Sequence[Event]:
    """Events of a lifecycle that begins in the middle. What had been decided before is asserted by whom it concerns: the section, those
    above it, the secretariat. Raises `Refused`."""
    if state.started_at is not None:
        raise refuse(
            "already-started",
            f"{command.ref} は既に始まっています",
            f"{command.ref} has already been started",
            remedy_ja="足りない記録は `./taskforce adopt --add` で加えられます。別の課題なら別の ID を付けてください",
            remedy_en="add what its record lacks with `./taskforce adopt --add`; give another task another id",
        )
    process = definition(facts)
    fields = task_fields(command, facts)
    if not actor.is_system:
        section = {name: fields[name] for name in ("section", "section_name", "drafter")}
        may_steer(actor, state.model_copy(update=section), facts, now)
    stage = _stage(process, command.stage, "stage")
    _not_to_come("started_on", command.started_on, now)
    adopted = LifecycleAdopted(
        **fields, stage=stage.key, round=command.round, started_on=command.started_on, source=command.history.source
    )
    begun = state.model_copy(
        update={
            "section": fields["section"],
            "round": command.round,
            "adopted_at": stage.key,
            "adopted_round": command.round,
            "stage": stage.key,
            "closed": command.closed_as is not None,
        }
    )
    past = _imported(begun, command.history, process, facts, now)
    review = next(s for s in process.stages if s.decides_outcome)
    winding_down = process.wind_down is not None and stage.key == process.wind_down.key
    entered = enter(review if winding_down else stage, command.round, "adopted")
    if command.closed_as is not None:
        return [adopted, *past, entered, e.LifecycleClosed(as_=command.closed_as)]
    if winding_down:
        started = e.WindDownStarted(work=stage.key, round=command.round)
        entering: list[Event] = [entered, started, *assigned(begun, process, facts, now)]
    else:
        entering = [entered]
    return [adopted, *past, *entering, open_draft(begun, stage, command.round, 1, facts, now)]


def _supplement(
    state: Lifecycle, command: SupplementHistory, actor: Actor, facts: Facts, now: datetime
) -> Sequence[Event]:
    if not actor.is_system:
        may_steer(actor, state, facts, now)
    if state.adopted is None:
        raise refuse(
            "not-adopted",
            "このライフサイクルは初めからここで記録されています",
            "this lifecycle has been on record here from its beginning",
            remedy_ja="決定や測定は通常の手続で記録してください",
            remedy_en="record decisions and measurements in the ordinary way",
        )
    return _imported(state, command.history, definition(facts), facts, now)


def _stage(process: ProcessDefinition, key: str, field: str) -> Stage:
    try:
        if key == REOPENING:
            raise KeyError(key)
        return process.stage(key)
    except KeyError:
        known = [s.key for s in process.all_stages if s.key != REOPENING]
        raise refuse(
            "stage-unknown",
            f"{field}: {key} という段階はこのプロセス定義にありません",
            f"{field}: this process has no stage {key!r}",
            remedy_ja="次のいずれか: " + "、".join(known),
            remedy_en="name one of: " + ", ".join(known),
        ) from None


def _order(process: ProcessDefinition) -> list[str]:
    return [s.key for s in process.stages] + ([process.wind_down.key] if process.wind_down else [])


def _imported(
    state: Lifecycle, history: History, process: ProcessDefinition, facts: Facts, now: datetime
) -> list[Event]:
    """The earlier record as events, deliverables first: they name the KPIs that measurements are of."""
    order = _order(process)
    events: list[Event] = []
    versions, kpis = dict(state.versions), {k.key for k in state.kpis}
    at = {d.stage for d in history.deliverables} | {d.stage for d in history.decisions}
    for key in sorted(at):
        _stage(process, key, "history.stage")
    for past in sorted(history.deliverables, key=lambda d: (d.round, order.index(d.stage))):
        _only_earlier(state, order, past.stage, past.round, "history.deliverables")
        _not_to_come("history.deliverables.finished_on", past.finished_on, now)
        place = f"{past.stage}/{past.round}"
        imported = _deliverable(past, versions.get(place, 0) + 1, history.source, state, process, facts, now)
        versions[place] = imported.version
        if imported.deliverable == "kpis":
            kpis = {k["key"] for k in imported.content["kpis"] if k["key"]} or kpis
        events.append(imported)
        events += _promised(state, imported)
    for made in sorted(history.decisions, key=lambda d: (d.decided_on, d.round, order.index(d.stage))):
        _only_earlier(state, order, made.stage, made.round, "history.decisions", decided=True)
        _not_to_come("history.decisions.decided_on", made.decided_on, now)
        if made.outcome is not None and process.outcome(made.outcome) is None:
            _bad_outcome(made.outcome, process)
        title = process.stage(made.stage).title
        events.append(
            DecisionImported(
                stage=made.stage,
                title=title,
                round=made.round,
                decided_on=made.decided_on,
                document=made.document,
                outcome=made.outcome,
                source=history.source,
                by=made.by,
                note=made.note,
            )
        )
    return [*events, *_figures(state, history, kpis)]


def _only_earlier(
    state: Lifecycle, order: list[str], stage: str, round_: int, field: str, *, decided: bool = False
) -> None:
    """Earlier than where it was adopted; a draft of that very stage may be brought along, but its decision is made here."""
    at = order.index(state.adopted_at) if state.adopted_at in order else 0  # the process may be another one by now
    here, there = (state.adopted_round, at), (round_, order.index(stage))
    mine = f"{stage}/{round_}" in state.versions and f"{stage}/{round_}" not in state.imported
    # What was over when it was adopted was decided elsewhere, its last stage included.
    decided = decided and not state.closed
    if mine or there > here or (decided and there == here):
        raise refuse(
            "decided-here",
            f"{field}: {stage}(第{round_}期)は、ここで決める段階です(引き継いだ段階: {state.adopted_at})",
            f"{field}: {stage} (round {round_}) is decided here; the lifecycle was adopted at {state.adopted_at}",
            remedy_ja="それより前の段階の記録だけを入れてください",
            remedy_en="import only what was decided before that stage",
        )


def _not_to_come(field: str, day: date | None, now: datetime) -> None:
    if day is not None and day > local_day(now):
        raise refuse(
            "not-past",
            f"{field}: {day.isoformat()} はまだ来ていません",
            f"{field}: {day.isoformat()} has not come yet",
            remedy_ja="過去の日付にしてください。これからの決定はここで行います",
            remedy_en="name a day that has passed; what is still to be decided is decided here",
        )


def _deliverable(
    past: PastDeliverable,
    version: int,
    source: Source,
    state: Lifecycle,
    process: ProcessDefinition,
    facts: Facts,
    now: datetime,
) -> DeliverableImported:
    stage = process.stage(past.stage)
    form = parse(stage.deliverable, past.content)
    content = form.model_dump(mode="json")
    looked = Context(
        today=past.finished_on or local_day(now),
        people=frozenset(p.id for p in facts.directory.people),
        units=frozenset(u.id for u in facts.directory.units),
        departments=tuple(state.departments),
        round=past.round,
    )
    open_ = [p.field for _, problems in broken_rules(stage.deliverable, form, looked) for p in problems]
    return DeliverableImported(
        stage=stage.key,
        title=stage.title,
        deliverable=stage.deliverable,
        round=past.round,
        version=version,
        content=content,
        content_hash=digest(content),
        finished_on=past.finished_on,
        incomplete=tuple(dict.fromkeys(open_)),
        source=source,
    )


def _promised(state: Lifecycle, imported: DeliverableImported) -> list[Event]:
    """What departments promised in an earlier coordination is a promise still."""
    if imported.deliverable != "coordination" or imported.version > 1:
        return []
    return [
        e.PromiseMade(
            promise=str(uuid5(NAMESPACE_URL, f"promise:{state.stream}/imported/{imported.stage}/{imported.round}/{i}")),
            stage=imported.stage,
            round=imported.round,
            text=promise["text"],
            by=promise["by"] or None,
            due=promise["due"],
            imported=imported.source,
        )
        for i, promise in enumerate(imported.content["promises"])
    ]


def _bad_outcome(outcome: str, process: ProcessDefinition) -> NoReturn:
    raise refuse(
        "outcome-unknown",
        f"history.decisions.outcome: {outcome} はこのプロセス定義にありません",
        f"history.decisions.outcome: this process has no outcome {outcome!r}",
        remedy_ja="次のいずれか: " + "、".join(o.key for o in process.outcomes),
        remedy_en="name one of: " + ", ".join(o.key for o in process.outcomes),
    )


_BUDGET_ORDER = STATES


def _figures(state: Lifecycle, history: History, kpis: set[str]) -> list[Event]:
    known = {
        (year, name) for year, b in state.budgets.items() for name in _BUDGET_ORDER if getattr(b, name) is not None
    }
    events: list[Event] = []
    for past in sorted(history.budgets, key=lambda b: (b.fiscal_year, _BUDGET_ORDER.index(b.state))):
        if (past.fiscal_year, past.state) in known:
            raise refuse(
                "budget-known",
                f"history.budgets: {past.fiscal_year}年度の {past.state} は既に記録されています",
                f"history.budgets: {past.state} of FY{past.fiscal_year} is on record already",
                remedy_ja="二重の行を除くか、`./taskforce budget` で改めてください",
                remedy_en="take the double out, or correct it with `./taskforce budget`",
            )
        known.add((past.fiscal_year, past.state))
        events.append(
            e.BudgetRecorded(
                fiscal_year=past.fiscal_year, state=past.state, amount=past.amount, imported=history.source
            )
        )
    there = {(k, p) for k, periods in state.values.items() for p in periods}
    for value in history.measurements:
        require_value(None, value.value, f"history.measurements: {value.kpi} {value.period}: value")
        if value.kpi not in kpis:
            raise refuse(
                "kpi-unknown",
                f"history.measurements: KPI {value.kpi} はありません(KPI: {', '.join(sorted(kpis)) or '-'})",
                f"history.measurements: there is no KPI {value.kpi!r} (KPIs: {', '.join(sorted(kpis)) or '-'})",
                remedy_ja="KPI設定の段階の成果物(kpis)も入れてください",
                remedy_en="import the deliverable of the KPI setting (kpis) too",
            )
        if (value.kpi, value.period) in there:
            raise refuse(
                "measured-already",
                f"history.measurements: {value.kpi} の {value.period} は既に測定されています",
                f"history.measurements: {value.kpi} has a value for {value.period} already",
                remedy_ja="二重の行を除くか、`./taskforce measure --correct` で訂正してください",
                remedy_en="take the double out, or correct it with `./taskforce measure --correct`",
            )
        there.add((value.kpi, value.period))
        events.append(
            e.MeasurementRecorded(
                kpi=value.kpi,
                period=value.period,
                value=value.value,
                round=state.round,
                source=value.source,
                note="",
                imported=history.source,
            )
        )
    return events


# --- what is missing -------------------------------------------------------------------------------------------------


def gaps(state: Lifecycle, process: ProcessDefinition) -> list[Gap]:
    """What an adopted lifecycle lacks of its earlier record, in the order of the stages; empty when nothing is missing."""
    if state.adopted is None or state.adopted_at not in _order(process):
        return []
    order = _order(process)
    before = [process.stage(key) for key in order[: order.index(state.adopted_at)]]
    found: list[Gap] = []
    if state.drafter is None and not state.closed:
        found.append(_gap("", "drafter", "useful", "担当者(起案者)が決まっていません", "no drafter is named"))
    ahead = order[order.index(state.adopted_at) :]
    if not state.departments and not state.closed and any(_asks_departments(process.stage(key)) for key in ahead):
        setup = next((s.key for s in before if s.deliverable == "setup"), None)
        if setup is not None:
            ja, en = (
                "関係部署がないため、合議はだれにも求められません",
                "no departments, so nobody will be asked to concur",
            )
            found.append(_gap(setup, "departments", "needed", ja, en))
    handed_in = {place.split("/")[0] for place in state.versions}
    decided = {place.split("/")[0] for place in state.decided_before}
    for stage in before:
        ja, en = stage.title.ja, stage.title.en
        if stage.key not in handed_in:
            found.append(_gap(stage.key, "deliverable", "useful", f"{ja}の成果物がありません", f"{en}: no deliverable"))
        for place, open_ in state.imported.items():
            if open_ and place.split("/")[0] == stage.key:
                names = ", ".join(open_)
                found.append(
                    _gap(stage.key, "fields", "useful", f"{ja}の未記入の欄: {names}", f"{en}: left open: {names}")
                )
        if stage.key not in decided:
            found.append(
                _gap(stage.key, "decision", "useful", f"{ja}の決定の記録がありません", f"{en}: no decision on record")
            )
    return [*found, *_decided_too_early(state), *_missing_figures(state, before, process)]


def _decided_too_early(state: Lifecycle) -> list[Gap]:
    """A decision dated before the beginning: one of the two days is wrong, and the record cannot say which."""
    return [
        _gap(
            place.split("/")[0],
            "decided_on",
            "useful",
            f"{place} の決定日 {day} は開始日 {state.begun_on} より前です。どちらかが誤りです",
            f"{place}: decided on {day}, before it began on {state.begun_on}; one of the two is wrong",
        )
        for place, day in state.decided_too_early.items()
    ]


def _asks_departments(stage: Stage) -> bool:
    return any(post.unit == "departments" for step in stage.gate for post in step.posts)


def _missing_figures(state: Lifecycle, before: Sequence[Stage], process: ProcessDefinition) -> list[Gap]:
    forms = {s.deliverable: s.key for s in before}
    found = []
    if "budgeting" in forms and all(b.voted is None for b in state.budgets.values()):
        ahead = "implementation" not in forms and not state.closed
        found.append(
            _gap(
                forms["budgeting"],
                "budgets",
                "needed" if ahead else "useful",
                "議決された予算額がありません" + ("(実施段階で求められます)" if ahead else ""),
                "no voted budget" + (" (the implementation asks for it)" if ahead else ""),
            )
        )
    if "kpis" in forms and not state.closed:
        if not state.kpis:
            found.append(
                _gap(
                    forms["kpis"],
                    "kpis",
                    "needed",
                    "KPIがないため測定できません",
                    "no KPIs, so nothing can be measured",
                )
            )
        if state.review_date is None:
            found.append(
                _gap(
                    forms["kpis"],
                    "review_date",
                    "needed",
                    "再検討日がないため、再検討は自動では開きません",
                    "no review date, so the review will not open by itself",
                )
            )
        unmeasured = [k.key for k in state.kpis if k.key not in state.measured]
        repeating = any(s.repeats and s.key in (state.adopted_at, *(b.key for b in before)) for s in process.stages)
        if unmeasured and repeating:
            names = ", ".join(unmeasured)
            found.append(
                _gap("", "measurements", "useful", f"測定値のないKPI: {names}", f"KPIs without a value: {names}")
            )
    return found


def _gap(stage: str, field: str, weight: Literal["needed", "useful"], ja: str, en: str) -> Gap:
    return Gap(stage=stage, field=field, weight=weight, message=Text(ja=ja, en=en))


# --- folds -----------------------------------------------------------------------------------------------------------


def _adopted(state: Lifecycle, event: LifecycleAdopted, recorded: Recorded) -> Changes:
    return {
        "ref": event.ref,
        "title": event.title,
        "section": event.section,
        "section_name": event.section_name,
        "bureau": event.bureau,
        "bureau_name": event.bureau_name,
        "viewpoint": event.viewpoint,
        "weight": event.weight,
        "definition": event.definition,
        "tags": event.tags,
        "source": event.source,
        "drafter": event.drafter,
        "started_at": recorded.occurred_at,
        "round": event.round,
        "adopted": event.source,
        "adopted_at": event.stage,
        "adopted_round": event.round,
        "begun_on": event.started_on,
    }


def _deliverable_imported(state: Lifecycle, event: DeliverableImported, _: Recorded) -> Changes:
    place = f"{event.stage}/{event.round}"
    changes: Changes = {
        "versions": {**state.versions, place: event.version},
        "imported": {**state.imported, place: event.incomplete},
    }
    extract = _EXTRACTS.get(event.deliverable)
    if extract is None or any(f"{event.stage}/{later}" in state.versions for later in range(event.round + 1, 100)):
        return changes  # a supplement of an earlier round does not undo what a later one says
    return changes | extract(state, event.content)


def _decision_imported(state: Lifecycle, event: DecisionImported, _: Recorded) -> Changes:
    place = f"{event.stage}/{event.round}"
    changes: Changes = {"decided_before": (*state.decided_before, place)}
    if state.begun_on is not None and event.decided_on < state.begun_on:
        changes["decided_too_early"] = {**state.decided_too_early, place: event.decided_on}
    # Added later, an earlier outcome does not take the place of one that is known: before its first stage, nothing was.
    fresh = state.outcome is None or not state.stage
    return changes | ({"outcome": event.outcome} if event.outcome and fresh else {})


def _setup(state: Lifecycle, content: dict[str, Any]) -> Changes:
    people = [content["chair"], content["adviser"], *(m["person"] for m in content["members"])]
    return {
        "people": tuple(dict.fromkeys((*state.people, *(p for p in people if p)))),
        "departments": tuple(content["departments"]) or state.departments,
        "viewpoint": content["viewpoint"] or state.viewpoint,
        "weight": content["weight"] or state.weight,
    }


def _team(state: Lifecycle, content: dict[str, Any]) -> Changes:
    people = [content["leader"], *(m["person"] for m in content["members"])]
    return {"people": tuple(dict.fromkeys((*state.people, *(p for p in people if p))))}


def _budgeting(state: Lifecycle, content: dict[str, Any]) -> Changes:
    year, amounts = content["fiscal_year"], content["amounts"] or {}
    if year is None:
        return {}
    known = state.budgets.get(year, Budget())
    window = content.get("session") or content["window"] or window_of(state, year)
    for name, amount in amounts.items():
        if name in _BUDGET_ORDER and amount is not None and getattr(known, name) is None:
            known = with_amount(known, window, name, amount, None)
    return {
        "budget_year": year,
        "budget_round": state.round,
        "budget_window": window,
        "budgets": {**state.budgets, year: known},
    }


def _kpis(state: Lifecycle, content: dict[str, Any]) -> Changes:
    kpis = tuple(Kpi(owner=k["owner"], kind=k.get("kind"), **aim_fields(k)) for k in content["kpis"] if k["key"])
    review = content["review_date"]
    rules = {**sunset.from_form(content), **set_anew(state, kpis)} if kpis else {}
    return {"kpis": kpis or state.kpis, **rules, **({"review_date": date.fromisoformat(review)} if review else {})}


def _hypotheses(state: Lifecycle, content: dict[str, Any]) -> Changes:
    return {"hypotheses": tuple(h["result"] or "" for h in content["hypotheses"])}


_EXTRACTS: Mapping[str, Callable[[Lifecycle, dict[str, Any]], Changes]] = {
    "setup": _setup,
    "team": _team,
    "budgeting": _budgeting,
    "kpis": _kpis,
    "hypothesis": _hypotheses,
}

# --- what the rest of the lifecycle joins ----------------------------------------------------------------------------

COMMANDS: dict[str, type[Command]] = {k.type: k for k in (AdoptLifecycle, SupplementHistory)}
EVENTS: dict[str, type[Event]] = {k.type: k for k in (LifecycleAdopted, DeliverableImported, DecisionImported)}
HANDLERS: Mapping[type[Command], Callable[[Lifecycle, Any, Actor, Facts, datetime], Sequence[Event]]] = {
    SupplementHistory: _supplement,
}
FOLDS: Mapping[type[Event], Callable[[Lifecycle, Any, Recorded], Changes]] = {
    LifecycleAdopted: _adopted,
    DeliverableImported: _deliverable_imported,
    DecisionImported: _decision_imported,
}
LINES: Mapping[type[Event], Callable[[Lifecycle, Any], Text]] = {
    LifecycleAdopted: lambda s, v: Text(
        ja=f"引継ぎ: {v.title}({v.bureau_name.ja}、出典 {v.source.name})",
        en=f"adopted: {v.title} ({v.bureau_name.en}, from {v.source.name})",
    ),
    DeliverableImported: lambda s, v: Text(
        ja=f"{v.title.ja}を移入(第{v.round}期)", en=f"{v.title.en}: imported (round {v.round})"
    ),
    DecisionImported: lambda s, v: Text(
        ja=f"{v.title.ja}の決定を移入({v.decided_on.isoformat()}{' ' + v.document if v.document else ''})",
        en=f"{v.title.en}: decision of {v.decided_on.isoformat()} imported{' ' + v.document if v.document else ''}",
    ),
}
