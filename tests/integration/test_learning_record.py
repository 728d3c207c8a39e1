"""What is learnt from the record of a rehearsal: the same from memory and from the store, and as an established process-mining tool
(PM4Py, a dependency of development alone) sees it; the forecast beside naive ones; what-if."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import sqlalchemy as sa

from domain.calendar import local_day
from domain.process import ProcessDefinition
from learning import asking, hypotheses, keeping
from learning.asking import forecast_of, lessons_at
from learning.backtest import Backtest, backtest
from learning.exporting import EXPORTED, OBJECTS, write_ocel, write_xes
from learning.forecast import Held
from learning.history import MIN_CASES
from learning.log import happenings
from learning.paths import paths
from learning.times import cycle, waiting
from learning.traces import TYPES, Trace, traces
from learning.ways import Way, of_store, of_traces
from rehearsal.asking import without
from rehearsal.casting import cast_demo
from rehearsal.contract import Change, WhatIf
from rehearsal.ledger import StoreLedger
from rehearsal.people import People
from rehearsal.playing import Programme, conduct
from rehearsal.present import Present, present
from rehearsal.shares import in_memory
from rehearsal.whatif import of_cast
from rehearsal.whatif import of_store as whatif_of_store
from store import queries
from store.calendars import calendar
from store.store import Store
from store.tables import events, lifecycles, stage_visits
from tests.integration.test_shell import Shell

SINCE, UNTIL = date(2024, 4, 1), date(2026, 9, 30)


def programme(number: int | None, since: date, until: date, **more: Any) -> Programme:
    """The first so many projects of the examples, played with one seed."""
    return Programme(cast_demo(None, since=since, seed=3, limit=number), since, until, seed=3, **more)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A virtual store with a dozen lifecycles, two and a half years on."""
    played = programme(5, SINCE, UNTIL)
    path = tmp_path_factory.mktemp("record") / "taskforce.db"
    store = Store.create(f"sqlite:///{path}", clock="virtual", seed="3", start=played.begins)
    store.database.relax()
    asyncio.run(conduct(played, StoreLedger(store), None))
    yield store
    store.close()


@pytest.fixture(scope="module")
def record(store: Store) -> list[Trace]:
    return list(traces(happenings(store, TYPES)))


def test_traces_of_store_and_of_memory_are_the_same(record: list[Trace]) -> None:
    told = in_memory(programme(5, SINCE, UNTIL, change=None), processes=1, keep=True)
    from learning.log import of_recorded
    from learning.traces import mixed

    remembered = {t.stream: t for t in mixed(of_recorded(e for _, fresh in told.told for e in fresh))}
    assert len(record) == len(remembered) > 8 and {t.stream: t for t in record} == remembered


def test_the_quick_way_by_read_models_gives_the_same_history(store: Store, record: list[Trace]) -> None:
    quick = {w.stream: (w.steps, w.round) for w in of_store(store)}
    assert quick == {w.stream: (w.steps, w.round) for w in of_traces(record)}
    with store.database.read() as connection:
        visits = connection.execute(sa.select(sa.func.count()).select_from(stage_visits)).scalar_one()
    assert visits == sum(v.because != "wind_down" for t in record for v in t.visits) > 80


def test_time_waited_worked_held_and_other_add_up_to_cycle_time(store: Store, record: list[Trace]) -> None:
    days = calendar()
    split = {s.key: s for s in waiting(record, days, store.clock.now()).split}
    for stage in cycle(record, days):
        if stage.working is not None:
            own = split[stage.stage]
            assert own.waited + own.worked + own.held + own.other == pytest.approx(own.total, abs=0.01)
            assert own.total == pytest.approx(stage.working.total, abs=0.01)
    assert split["all"].waited > 0 and split["all"].worked > split["all"].waited


# --- against a process-mining tool -----------------------------------------------------------------------------------

_MINED = """
import json, sys, warnings
warnings.simplefilter("ignore")
import pm4py
log = pm4py.read_xes(sys.argv[1], return_legacy_log_object=False)
spans = log.pivot_table(index=["case:concept:name", "concept:instance", "concept:name"], columns="lifecycle:transition",
                        values="time:timestamp", aggfunc="first").reset_index()
done = spans.dropna(subset=["complete"])
days = (done["complete"] - done["start"]).dt.total_seconds() / 86400
quartiles = days.groupby(done["concept:name"]).quantile([0.25, 0.5, 0.75])
starts = log[log["lifecycle:transition"] == "start"]
variants = pm4py.get_variants_as_tuples(starts) if hasattr(pm4py, "get_variants_as_tuples") else pm4py.get_variants(starts)
sojourn = pm4py.statistics.sojourn_time.pandas.get.apply(
    done.rename(columns={"complete": "time:timestamp", "start": "start_timestamp"}),
    parameters={"pm4py:param:start_timestamp_key": "start_timestamp", "aggregationMeasure": "median"})
dfg, _, _ = pm4py.discover_dfg(starts)
objects = pm4py.read_ocel2_json(sys.argv[2])
print("MINED" + json.dumps({
    "quartiles": {f"{a}|{q}": v for (a, q), v in quartiles.items()},
    "sojourn": {k: float(v) for k, v in sojourn.items()},
    "variants": {"|".join(k): len(v) if hasattr(v, "__len__") else int(v) for k, v in variants.items()},
    "rework": {k: int(v) for k, v in pm4py.get_rework_cases_per_activity(starts).items()},
    "follows": {"|".join(k): int(v) for k, v in dfg.items()},
    "ocel": {"events": len(objects.events), "objects": objects.objects["ocel:type"].value_counts().to_dict()},
}))
"""


@pytest.fixture(scope="module")
def mined(store: Store, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What PM4Py says of the exported logs. In a process of its own: importing it warns of much and takes long."""
    import subprocess

    folder = tmp_path_factory.mktemp("exported")
    shell = Shell(store.database.url, folder)
    shell("learn", "export", str(folder / "log.xes"), "--format", "xes")
    shell("learn", "export", str(folder / "log.json"), "--format", "ocel")
    words = [sys.executable, "-c", _MINED, str(folder / "log.xes"), str(folder / "log.json")]
    run = subprocess.run(words, capture_output=True, text=True, check=False, timeout=280)
    assert run.returncode == 0, run.stderr[-3000:]
    found: dict[str, Any] = json.loads(run.stdout.rpartition("MINED")[2])
    return found


def test_cycle_times_are_those_of_the_process_mining_tool(mined: dict[str, Any], record: list[Trace]) -> None:
    ours = {s.stage: s.calendar for s in cycle(record, calendar()) if s.calendar is not None}
    assert len(ours) >= 11 and {k.partition("|")[0] for k in mined["quartiles"]} == set(ours)
    for stage, s in ours.items():
        theirs = [mined["quartiles"][f"{stage}|{q}"] for q in (0.25, 0.5, 0.75)]
        assert theirs == pytest.approx([s.q1, s.median, s.q3], abs=0.002)
        assert mined["sojourn"][stage] / 86_400 == pytest.approx(s.median, abs=0.002)


def test_ways_are_those_of_the_process_mining_tool(mined: dict[str, Any], record: list[Trace]) -> None:
    ours = paths(record)
    assert {"|".join(v.stages): v.lifecycles for v in ours.variants} == mined["variants"]
    assert {x.stage: x.lifecycles for x in ours.loops} == {k: v for k, v in mined["rework"].items() if v}
    follows: Counter[str] = Counter()
    for step in ours.steps:
        follows[f"{step.before}|{step.after}"] += step.times
    assert follows == mined["follows"] and sum(follows.values()) > 80


def test_the_tool_reads_every_event_and_object(mined: dict[str, Any], store: Store) -> None:
    with store.database.read() as connection:
        exported = sa.select(sa.func.count()).select_from(events).where(events.c.type.in_(sorted(EXPORTED)))
        number = connection.execute(exported).scalar_one()
    assert mined["ocel"]["events"] == number > 1000
    assert set(mined["ocel"]["objects"]) == set(OBJECTS)


# --- exports ---------------------------------------------------------------------------------------------------------

_NAMED = {"type": "string", "minLength": 1}
_MOMENT = {"type": "string", "format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}


def _list(**fields: Any) -> dict[str, Any]:
    shape = {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
    return {"type": "array", "items": shape}


_TYPES = _list(
    name=_NAMED, attributes=_list(name=_NAMED, type={"enum": ["string", "time", "integer", "float", "boolean"]})
)
_RELATED = _list(objectId=_NAMED, qualifier=_NAMED)
OCEL = {
    "type": "object",
    "required": ["objectTypes", "eventTypes", "events", "objects"],
    "additionalProperties": False,
    "properties": {
        "objectTypes": _TYPES,
        "eventTypes": _TYPES,
        "events": _list(
            id=_NAMED, type=_NAMED, time=_MOMENT, attributes=_list(name=_NAMED, value=_NAMED), relationships=_RELATED
        ),
        "objects": _list(
            id=_NAMED,
            type=_NAMED,
            attributes=_list(name=_NAMED, time=_MOMENT, value=_NAMED),
            relationships=_RELATED,
        ),
    },
}
"""The JSON of OCEL 2.0 (Berti et al., "OCEL (Object-Centric Event Log) 2.0 Specification", 2023, section 7), as strictly as we write it."""


def test_ocel_is_whole_and_every_reference_leads_somewhere(store: Store, tmp_path: Path) -> None:
    with (tmp_path / "log.json").open("w") as file:
        number = write_ocel(happenings(store, EXPORTED), file)
    document = json.loads((tmp_path / "log.json").read_text("utf-8"))
    jsonschema.validate(document, OCEL, format_checker=jsonschema.FormatChecker())
    ids = {o["id"] for o in document["objects"]}
    assert len(document["events"]) == number == len({e["id"] for e in document["events"]})
    assert len(ids) == len(document["objects"])
    for thing in (*document["events"], *document["objects"]):
        assert {r["objectId"] for r in thing["relationships"]} <= ids
    declared = {t["name"]: {a["name"] for a in t["attributes"]} for t in document["eventTypes"]}
    assert all({a["name"] for a in e["attributes"]} <= declared[e["type"]] for e in document["events"])


@pytest.mark.parametrize("detail", ["stages", "requests"])
def test_no_export_holds_a_person_or_a_text(store: Store, record: list[Trace], tmp_path: Path, detail: Any) -> None:
    with (tmp_path / "log.json").open("w") as file:
        write_ocel(happenings(store, EXPORTED), file)
    with (tmp_path / "log.xes").open("w") as file:
        write_xes(record, file, detail)
    written = (tmp_path / "log.json").read_text() + (tmp_path / "log.xes").read_text()
    directory = store.facts().directory
    assert not [p.id for p in directory.people if f'"{p.id}"' in written]
    assert not [t.title for t in record if t.title in written] and "〔台本〕" not in written


def test_an_export_overwrites_nothing(store: Store, tmp_path: Path) -> None:
    shell = Shell(store.database.url, tmp_path)
    (tmp_path / "there").write_text("kept")
    assert "there" in shell.refused("learn", "export", str(tmp_path / "there"))
    assert "ocel" in shell.refused("learn", "export", str(tmp_path / "new"), "--format", "csv")
    assert (tmp_path / "there").read_text() == "kept" and not (tmp_path / "new").exists()


# --- forecast and hypotheses -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tested() -> Backtest:
    """Half the examples' projects over four fiscal years, the last held out."""
    played = programme(34, date(2023, 4, 1), date(2027, 3, 31), change=Change())
    told = in_memory(played)
    return backtest(of_traces(told.traces.values()), lambda _: played.cast.process, calendar(), played.ends)


def test_the_forecast_errs_less_than_naive_ones_on_a_year_that_it_has_not_seen(tested: Backtest) -> None:
    assert (tested.fiscal_year, tested.cut) == (2026, date(2026, 4, 1))
    assert tested.cases >= 25 and tested.silent > 0 and tested.unfinished > 0
    ours, due, mean = (tested.error(name) for name in ("forecast", "due_dates", "overall_mean"))
    assert ours.mean < 0.8 * min(due.mean, mean.mean) and ours.median < 0.8 * min(due.median, mean.median)


def test_the_band_of_four_in_five_holds_four_in_five_of_a_year_that_it_has_not_seen(tested: Backtest) -> None:
    """Three standard errors of so many cases below what is promised, and no band that says nothing."""
    assert tested.judged >= 25 and tested.within is not None and tested.width is not None
    assert tested.within > 0.8 - 3 * (0.16 / tested.judged) ** 0.5
    assert tested.within == round(tested.held / tested.judged, 3)
    assert tested.held == sum(held for held, _ in tested.by_basis.values())
    assert tested.width < min(2 * tested.error(name).mean for name in ("due_dates", "overall_mean")), (
        "no wider than naive"
    )


def test_nothing_of_the_held_out_year_is_known_to_the_forecast() -> None:
    from tests.unit.test_learning import at

    steps = (("setup", at("2025-04-01")), ("analysis", at("2026-05-01")))
    way = Way("s", "a", "himeji@1", steps, over=at("2026-06-01"))
    assert way.until(at("2026-04-01")).steps == steps[:1] and way.until(at("2026-04-01")).over is None


def test_forecast_and_lessons_of_a_store_come_with_their_numbers(store: Store) -> None:
    shell = Shell(store.database.url, Path(store.database.url.removeprefix("sqlite:///")).parent)
    document = shell.json("learn", "hypotheses")
    assert document["scripted"] and document["lifecycles"] >= hypotheses.MIN_CASES
    assert hypotheses.SCRIPTED in document["words"]["ja"]
    assert all(p["scripted"] for p in document["past"])
    for row in shell.json("list", "--open"):
        found = forecast_of(store, row["id"])
        quick = forecast_of(store, row["id"], fresh=False)
        assert found == quick
        for e in found.expected:
            assert (e.on is None) == (e.basis == "none")
            assert e.on is None or (
                (e.cases >= MIN_CASES or e.basis == "fixed") and e.on >= local_day(store.clock.now())
            )
        shown = shell.json("show", row["id"])["forecast"]
        assert shown["words"]["ja"] and shown["words"]["en"]
        break
    else:
        pytest.fail("no lifecycle is open")
    state, _ = store.load(row["id"])
    assert (lessons_at(store, state) is not None) == (state.stage == "hypothesis")


def test_a_forecast_says_how_its_bands_did(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    row = next(r for r in queries.find_lifecycles(store, closed=False) if not r["held"])
    asked: list[int] = []

    def held(ways: Sequence[Way], *_: Any) -> Held:
        asked.append(len(ways))
        return Held(within=31, cases=40)

    monkeypatch.setattr(asking, "held", held)
    assert forecast_of(store, row["stream"]).held == Held(within=31, cases=40)
    with store.database.read() as connection:
        assert asked == [connection.execute(sa.select(sa.func.count()).select_from(lifecycles)).scalar_one()]


def test_a_page_does_not_wait_for_a_long_history(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "AT_ONCE", 3)
    again = Store.open(store.database.url)
    row = next(r for r in queries.find_lifecycles(again, closed=False) if r["stage"] != "review" and not r["held"])
    first = forecast_of(again, row["stream"], fresh=False)
    assert first.silent is not None and "look again" in first.silent.en and first.expected == ()
    asking.HISTORY._making[again].join(60)
    assert forecast_of(again, row["stream"], fresh=False) == forecast_of(again, row["stream"])
    assert asking.PAST.of(again) is None
    asking.PAST._making[again].join(60)
    assert asking.PAST.of(again) == hypotheses.past(again) != []
    again.close()


def test_of_many_lifecycles_an_even_choice_is_looked_at(store: Store) -> None:
    every = of_store(store)
    assert of_store(store, len(every)) == every
    some = of_store(store, len(every) // 3)
    assert of_store(store, only=every[1].stream) == [every[1]]
    assert len(every) // 4 <= len(some) <= len(every) // 3 and set(some) <= set(every)


def test_reading_changes_nothing(store: Store, tmp_path: Path) -> None:
    before = head(store)
    shell = Shell(store.database.url, tmp_path)
    for words in (["cycle"], ["waiting"], ["paths"], ["hypotheses"], ["backtest"]):
        assert shell.json("learn", *words)
    for words in (["waiting"], ["backtest"]):
        assert shell("learn", *words).stdout
    assert head(store) == before
    assert "--section" in shell.refused("learn", "cycle", "--section", "nowhere")


def head(store: Store) -> int:
    with store.database.read() as connection:
        return int(connection.execute(sa.select(sa.func.max(events.c.position))).scalar_one())


# --- what if ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store in the August before the first budget."""
    played = programme(12, SINCE, date(2024, 8, 30))
    path = tmp_path_factory.mktemp("running") / "taskforce.db"
    store = Store.create(f"sqlite:///{path}", clock="virtual", seed="3", start=played.begins)
    store.database.relax()
    asyncio.run(conduct(played, StoreLedger(store), None))
    yield store
    store.close()


@pytest.fixture(scope="module")
def now(running: Store) -> Present:
    return present(running)


def supposed(now: Present, change: Change) -> WhatIf:
    return whatif_of_store(now, change, date(2025, 3, 31), 1)


def himeji(now: Present) -> ProcessDefinition:
    return next(iter(now.definitions.values()))


def test_the_present_is_the_stores(running: Store, now: Present) -> None:
    assert len(now.running) > 10 and not now.beside
    for stream, (state, version) in now.running.items():
        assert (state, version) == running.load(stream)


def test_nothing_otherwise_changes_nothing(now: Present) -> None:
    found = supposed(now, Change())
    assert found.effects == {"same": len(now.running)} and found.misses == 0 and found.shifts == ()
    assert [d for d in found.deadlines if d.year == 2024] == [date(2024, 11, 28)]


def test_a_mayor_with_one_matter_at_a_time_makes_some_miss_their_window(now: Present, running: Store) -> None:
    before = head(running)
    found = supposed(now, Change(capacity={"mayor": 1}))
    missed = [s for s in found.shifts if s.misses]
    assert found.misses == len(missed) > 0 and head(running) == before
    for s in missed:
        assert s.window == date(2024, 11, 28) and (s.would_window is None or s.would_window > s.window)
    told = [w for s in missed for w in s.why]
    assert any("Mayor" in w.en and "+" in w.en for w in told) and any("市長" in w.ja for w in told)


def test_steps_left_out_are_asked_no_more_and_said_so(now: Present) -> None:
    gone = [f"proposal/{g.key}" for g in himeji(now).stage("proposal").gate[1:]]
    process = without(himeji(now), gone, 2)
    assert [g.key for g in process.stage("proposal").gate] == ["section_chief"]
    found = supposed(now, Change(definition=process))
    assert len(found.changes) == len(gone) and "secretariat" in " ".join(c.en for c in found.changes)
    moved = [s for s in found.shifts if any("(proposal/secretariat) is not asked" in w.en for w in s.why)]
    assert (
        len(moved) >= 2 and all(s.days < 0 for s in moved) and found.effects["earlier"] > found.effects.get("later", 0)
    )


def test_a_stage_that_is_gone_keeps_lifecycles_where_they_are(now: Present) -> None:
    process = himeji(now)
    here = Counter(state.stage for state, _ in now.running.values()).most_common(1)[0][0]
    before = next(s for s in process.stages if s.next == here)
    stages = tuple(
        s.model_copy(
            update={
                "next": process.stage(here).next if s is before else s.next,
                "send_back_to": tuple(k for k in s.send_back_to if k != here),
            }
        )
        for s in process.stages
        if s.key != here
    )
    outcomes = tuple(o.model_copy(update={"stages": tuple(k for k in o.stages if k != here)}) for o in process.outcomes)
    changed = process.model_copy(update={"version": 2, "stages": stages, "outcomes": outcomes})
    found = supposed(now, Change(definition=changed))
    stuck = [s for s in found.shifts if s.effect == "impossible"]
    assert {s.stage for s in stuck} == {here} and all(here in s.why[0].en for s in stuck)


def test_slower_people_are_later_in_a_file_too() -> None:
    cast = cast_demo(None, since=SINCE, seed=3, limit=2)
    cast = replace(cast, scripts=cast.scripts[:3])
    found = of_cast(cast, Change(pace={"drafter": 2.0}), SINCE, date(2025, 3, 31), 3, processes=1)
    assert found.effects.get("later", 0) >= 2 and found.effects.get("earlier", 0) == 0
    told = [w.en for s in found.shifts if s.effect == "later" for w in s.why]
    assert any("drafting" in w for w in told)


def test_whatif_at_the_shell(running: Store, tmp_path: Path) -> None:
    shell = Shell(running.database.url, tmp_path)
    words = ["whatif", "--capacity", "mayor=1", "--until", "2024-12-27", "--deadline", "2024-10-31"]
    document = shell.json(*words)
    assert document["deadlines"] == ["2024-10-31"] and document["scripted"] and document["lifecycles"] > 10
    assert "台本" in shell(*words).stdout
    for bad, word in (
        (["--pace", "nobody=2"], "mayor"),
        (["--capacity", "mayor=0"], "--capacity"),
        (["--without", "setup/nothing"], "setup/"),
        (["--until", "2020-01-01"], "--until"),
    ):
        assert word in shell.refused("whatif", *bad)


def test_people_without_a_change_are_the_plain_ones() -> None:
    """The plain rehearsal does not go through the changed people, so that its events stay what they were."""
    from rehearsal.playing import _people
    from rehearsal.shares import _ledger

    plain = programme(1, SINCE, UNTIL)
    assert type(_people(plain, _ledger(plain))) is People
