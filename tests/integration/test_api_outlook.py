"""The API tells what pages and shell tell: figures, money, charts, what the record teaches, what is in trouble, what a change would do."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from domain.calendar import local_day
from domain.feeds import messages as feeds
from domain.messages import Actor, Text, Via
from settings import ROOT
from store.store import Store
from tests.integration.pages import Pages
from tests.integration.test_api import caller, problem

MEASURED = "R5-moving-counter"
DEFINITION = yaml.safe_load((ROOT / "definitions" / "himeji.yaml").read_text("utf-8"))


@pytest.fixture
def city(town: Pages) -> Pages:
    """Lifecycles with KPIs and budgets, one of them weighed."""
    town("adopt", "examples/adopt/portfolio.yaml")
    benefit = ("--kind", "hours", "--per-year", "1200.50", "--from-year", "2027", "--source", "survey")
    town("benefit", "R8", "desk", *benefit, "--as", "p33")
    town("budget", "R8", "--fiscal-year", "2027", "--state", "asked", "--amount", "9000000", "--as", "p11")
    return town


def test_money_and_forecast_are_those_of_the_shell(city: Pages) -> None:
    with caller(city, "p33", "read") as made:
        weighed, by_shell = made.get("/lifecycles/R8/value").json(), city.json("value", "R8")
        assert weighed["appraisal"] == by_shell["appraisal"] and weighed["costs"] == by_shell["costs"]
        assert weighed["benefits"][0]["per_year"] == "1200.50" and weighed["benefits"][0]["source"] == "survey"
        steeper = made.get("/lifecycles/R8/value", params={"rate": "0.1", "years": 10}).json()
        assert steeper["appraisal"] == city.json("value", "R8", "--rate", "0.1", "--years", "10")["appraisal"] | {
            "rate": "0.1000"
        }
        assert problem(made.get("/lifecycles/R8/value", params={"rate": "4"})) == (422, "request-shape")
        seen, told = made.get("/windows", params={"lifecycle": "R8"}).json(), city.json("windows", "R8")
        assert (seen["ready"], seen["ready_by"], seen["aim"]) == (told["ready"], told["ready_by"], told["aim"])
        assert seen["windows"] == told["windows"]
        day = {"lifecycle": "R8", "ready": "2027-03-01"}
        assert (
            made.get("/windows", params=day).json()["windows"]
            == (city.json("windows", "R8", "--ready", "2027-03-01")["windows"])
        )
        aims = made.get("/windows/aims", params={"limit": 1}).json()
        assert aims["items"][0]["window"] in {w["window"] for w in seen["windows"]}
        ahead = made.get("/lifecycles/R8/forecast").json()
        assert ahead["stage"] == "setup" and ahead["words"]["ja"]
        assert [e["stage"] for e in ahead["expected"]] == [e["stage"] for e in city.json("forecast", "R8")["expected"]]
        assert problem(made.get("/lifecycles/none/forecast")) == (404, "not-found")


def test_kpis_are_told_one_by_one_and_over_the_portfolio(city: Pages) -> None:
    with caller(city, "p33", "read") as made:
        seen, told = made.get(f"/lifecycles/{MEASURED}/kpis").json(), city.json("kpi", "show", MEASURED)
        assert [k["health"] for k in seen["kpis"]] == [k["health"] for k in told["kpis"]]
        for ours, theirs in zip(seen["kpis"], told["kpis"], strict=True):
            assert all(ours[name] == theirs[name] for name in ("attained", "per_year", "forecast", "latest", "values"))
        rows, cursor = [], None
        while True:
            page = made.get("/kpis", params={"limit": 1} | ({"cursor": cursor} if cursor else {})).json()
            rows += [(i["stream"], k) for i in page["items"] for k in i["kpis"]]
            cursor = page["next"]
            if cursor is None:
                break
        listed = city.json("kpi", "list")
        assert sorted((s, k["kpi"], k["health"]) for s, k in rows) == sorted(
            (f["id"], f["kpi"], f["health"]) for f in listed
        )
        red = {f["kpi"] for f in listed if f["health"] == "red"}
        assert {k["kpi"] for i in made.get("/kpis?health=red").json()["items"] for k in i["kpis"]} == red
        assert made.get("/lifecycles/R8/kpis").json()["kpis"] == []


def test_an_evaluation_and_what_its_form_begins_with(city: Pages) -> None:
    with caller(city, "p33", "read") as made:
        seen, told = made.get(f"/lifecycles/{MEASURED}/evaluation").json(), city.json("report", MEASURED)
        assert seen["lines"] == told["lines"] and seen["recommendation"] == told["recommendation"]
        assert seen["health"] == told["health"] and seen["hypotheses"] == told["hypotheses"]
        assert [e["ref"] for e in made.get("/evaluations").json()["items"]] == [e["ref"] for e in city.json("report")]
        assert problem(made.get("/lifecycles/R8/evaluation")) == (404, "not-found")
        draft = made.get(f"/lifecycles/{MEASURED}/drafts/review").json()["content"]
        assert draft["report"].splitlines() == told["lines"]
        assert problem(made.get(f"/lifecycles/{MEASURED}/drafts/nowhere")) == (404, "not-found")


def test_charts_come_as_data_in_both_languages(city: Pages) -> None:
    with caller(city, "p33", "read") as made:
        [kpi, *_] = made.get(f"/lifecycles/{MEASURED}/charts/kpi").json()["items"]
        told = city.json("chart", "kpi", MEASURED)["charts"][0]
        assert kpi["data"] == told["data"] and kpi["title"]["ja"] == told["title"]
        assert kpi["table"]["ja"]["rows"] == told["table"]["rows"] != kpi["table"]["en"]["heads"]
        for address, words in (
            (f"/lifecycles/{MEASURED}/charts/budget", ("budget", MEASURED)),
            (f"/lifecycles/{MEASURED}/charts/timeline", ("timeline", MEASURED)),
            ("/charts/flow", ("flow",)),
            ("/charts/value", ("value",)),
        ):
            assert made.get(address).json()["data"] == city.json("chart", *words)["charts"][0]["data"], address
        assert problem(made.get("/charts/flow", params={"bureau": "child-support"})) == (404, "not-found")
        assert problem(made.get("/charts/value", params={"round": "selection:1999"})) == (404, "not-found")


def _without_value(city: Pages, stream: str, url: str) -> None:
    """Two feeds as a worker begins them; the second brings nothing."""
    system = Actor(via=Via.SYSTEM, authenticated_by="test")
    terms = {"url": url, "value": "/v", "cadence": "monthly"}
    store = Store.open(city.url)
    for kpi, title in (("first", "一つ目"), ("second", "二つ目")):
        feed = feeds.stream_of(stream, kpi)
        said = {"lifecycle": stream, "lifecycle_title": "x", "kpi": kpi, "kpi_title": title, "terms": terms}
        begun = feeds.ConfigurePull.model_validate({"command_id": f"{kpi}-1", "stream": feed, "at_once": True, **said})
        store.record(begun, system)
    due = store.load(feed)[0].next_due
    store.record(feeds.StartPull(command_id="2", stream=feed, due_at=due), system)
    words = Text(ja="応答なし", en="no answer")
    failed = feeds.FailPull(command_id="3", stream=feed, due_at=due, code="out-of-reach", words=words, attempts=3)
    store.record(failed, system)
    store.close()


def test_what_is_in_trouble_is_for_those_who_look_after_it(city: Pages) -> None:
    feed = ("https://data.example.jp/kpi.json", "--value", "/data/0/value", "--as", "p22")
    [listed, *_] = city.json("kpi", "show", MEASURED)["kpis"]
    city("kpi", "feed", MEASURED, listed["key"], "--url", *feed)
    with caller(city, "p07", "read") as office, caller(city, "p33", "read") as section:
        for address in ("/feeds", "/outbox", "/incidents/channels", "/incidents/notices"):
            assert office.get(address).status_code == 200
            assert problem(section.get(address)) == (409, "secretariat-only")
        _without_value(city, str(city.json("show", MEASURED)["id"]), feed[0])
        everything, failing = (office.get("/feeds", params=p).json()["items"] for p in ({}, {"failing": True}))
        assert [f["kpi_title"] for f in everything] == ["二つ目", "一つ目"], "those in trouble first"
        assert [f["kpi"] for f in failing] == ["second"] and failing[0]["terms"]["url"] == feed[0]
        assert failing[0]["incidents"][-1]["words"]["en"] == "no answer"
        assert "no answer" in failing[0]["trouble"]["en"] and everything[1]["trouble"] is None
        assert office.get("/outbox").json()["items"] == city.json("notices", "outbox")
        own = section.get(f"/lifecycles/{MEASURED}/kpis").json()
        assert own["feeds"][listed["key"]]["value"] == "/data/0/value"
        told = city.json("kpi", "show", MEASURED)
        assert all(own[name] == told[name] for name in ("stopping", "refuted", "feed_troubles"))


def test_definitions_are_checked_and_compared_without_being_published(town: Pages, tmp_path: Path) -> None:
    newer = DEFINITION | {"version": 9, "title": {"ja": "新しい手順", "en": "a new process"}}
    file = tmp_path / "newer.yaml"
    file.write_text(yaml.safe_dump(newer, allow_unicode=True), "utf-8")
    with caller(town, "p33", "read") as made:
        checked = made.post("/definitions/validate", json={"definition": newer}).json()
        assert checked["valid"] and checked["reference"] == "himeji@9" and not checked["unknown"]
        told = town.json("definition", "diff", checked["against"], str(file))["differences"]
        assert checked["differences"] == told != []
        compared = made.post("/definitions/diff", json={"old": checked["against"], "new": newer})
        assert compared.json()["differences"] == told
        assert problem(made.post("/definitions/diff", json={"old": "none@1", "new": newer})) == (404, "not-found")
        strange = newer | {"stages": [newer["stages"][0] | {"deliverable": "poem"}, *newer["stages"][1:]]}
        found = made.post("/definitions/validate", json={"definition": strange}).json()
        assert not found["valid"] and any("poem" in u for u in found["unknown"])
        assert problem(made.post("/definitions/validate", json={"definition": {}})) == (422, "request-shape")
        assert made.get("/definitions/schema").json()["title"] == "ProcessDefinition"
        assert 9 not in [d["version"] for d in made.get("/definitions").json()["items"]]


def test_a_change_of_the_directory_is_seen_before_it_is_recorded(town: Pages) -> None:
    today = str(local_day(datetime.now(UTC)))
    unit = {"id": "child-future", "name": {"ja": "こども未来課", "en": "Child Future"}, "kind": "section"}
    with caller(town, "p33", "read") as made:
        there = made.get("/directory").json()["posts"]
    roles = {p["role"] for p in there if p["unit"] == "child-support"}
    posts = [
        {"id": f"child-future-{r}", "title": {"ja": r, "en": r}, "role": r, "unit": "child-future"}
        for r in sorted(roles)
    ]
    change = {"unit": "child-support", "to": "child-future", "on": "2199-04-01", "units": [unit], "new_posts": posts}
    moves = {"on": "2199-04-01", "moves": [{"person": "p33", "post": "child-support-chief"}]}
    with caller(town, "p16", "read", "write") as personnel, caller(town, "p32", "read") as chief:
        seen = personnel.post("/directory/previews/reorganise-unit", json=change)
        assert seen.status_code == 200, seen.text
        assert any("Child Future" in e["en"] for e in seen.json()["effects"])
        assert any("1 waiting" in e["en"] for e in seen.json()["effects"]), "R8 waits for its chief"
        assert problem(chief.post("/directory/previews/reorganise-unit", json=change)) == (409, "not-your-duty")
        told = personnel.post("/directory/previews/record-moves", json=moves)
        assert any("p33" in e["ja"] for e in told.json()["effects"])
        wrong = moves | {"moves": [{"person": "nobody", "post": "child-support-chief"}]}
        assert problem(personnel.post("/directory/previews/record-moves", json=wrong)) == (
            409,
            "directory-inconsistent",
        )
        away = {"person": "p32", "since": today, "until": today}
        assert chief.post("/directory/previews/record-absence", json=away).json()["effects"]
        assert "child-future" not in {u["id"] for u in personnel.get("/directory").json()["units"]}
        headers = {"If-Match": told.headers["etag"]}
        done = personnel.post("/directory/commands/record-moves", json=moves, headers=headers)
        assert done.status_code == 200 and done.json()["version"] == told.json()["version"] + 1
        ahead = personnel.post("/directory/commands/reorganise-unit", json=change)
        assert ahead.status_code == 200, ahead.text
        known = [{u["id"] for u in who.get("/directory").json()["units"]} for who in (personnel, chief)]
        assert ["child-future" in units for units in known] == [True, False], "confidential until its day"


def test_what_the_record_teaches_is_there_for_other_systems(city: Pages) -> None:
    with caller(city, "p33", "read") as made:
        cycle = made.get("/learning/cycle").json()
        assert cycle["stages"] == city.json("learn", "cycle")["stages"] and "setup" in cycle["titles"]
        own = made.get("/learning/cycle", params={"section": "child-support"}).json()
        assert own["stages"] == city.json("learn", "cycle", "--section", "child-support")["stages"]
        assert made.get("/learning/waiting").json()["split"]
        paths, told = made.get("/learning/paths").json(), city.json("learn", "paths")
        assert (paths["lifecycles"], paths["variants"]) == (told["lifecycles"], len(told["variants"]))
        first = made.get("/learning/paths/variants", params={"limit": 1}).json()
        rest = made.get("/learning/paths/variants", params={"cursor": first["next"]}).json() if first["next"] else first
        assert first["items"] == told["variants"][:1] and rest["next"] is None
        assert made.get("/learning/hypotheses").json()["words"] == city.json("learn", "hypotheses")["words"]
        assert made.get("/learning/hypotheses/past").json()["items"] == city.json("learn", "hypotheses")["past"]
        assert made.get("/learning/backtest").json()["cases"] == city.json("learn", "backtest")["cases"]
        assert problem(made.get("/learning/cycle", params={"section": "nowhere"})) == (404, "not-found")
