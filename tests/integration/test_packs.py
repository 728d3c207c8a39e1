"""The pack of a session: what the body knew that day, the same bytes for ever."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from charts import gathering
from charts.models import FlowChart
from domain.bodies import members_of
from domain.directory_stream import STREAM as DIRECTORY
from domain.directory_stream import ImportDirectory
from domain.lifecycle import commands as c
from domain.lifecycle.amendments import CorrectMeasurement, RetractAnswer
from domain.lifecycle.valuing import RecordBenefit
from domain.messages import SYSTEM
from domain.sessions import messages as m
from papers import packs
from papers.collecting import NothingToPrint
from store import bodies, queries
from store.rebuild import rebuild
from store.store import Store
from tests.city import person
from tests.integration.test_bodies import RULES, Office
from tests.integration.town import Town


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Iterator[Office]:
    made = Office(Town(database_url, "127.0.0.1:1", tmp_path, "packs"))
    yield made
    made.store.close()


def _monitored(office: Office) -> str:
    """A lifecycle in monitoring with a measurement, the council having agreed in its inbox."""
    office.town.begin("a")
    stream = office.town.stream("a")
    while True:
        office.walk(stream)
        state = office.store.load(stream)[0]
        if state.stage == "monitoring":
            return stream
        if state.stage == "budgeting" and state.work == "budgeting" and 2027 not in state.budgets:
            office.do(c.RecordBudget, stream, person("finance"), fiscal_year=2027, state="asked", amount=1000)
            office.do(c.RecordBudget, stream, person("finance"), fiscal_year=2027, state="indicated", amount=900)
        asked = state.requests[0]
        who = person("mayor") if asked.post == "mayor" else person("vice")
        office.do(c.AnswerRequest, stream, who, request=asked.id, decision="approve")


def _made(store: Store, stream: str, position: int) -> tuple[bytes, bytes, bytes]:
    made, at = packs.pack(store, stream, position, whole=True)
    return packs.as_pdf(made, at), packs.as_html(made), packs.as_xlsx(made, at)


def test_a_pack_made_again_later_has_the_same_bytes_and_knows_nothing_later(office: Office) -> None:
    stream = _monitored(office)
    meeting = office.session("monitoring")
    position = queries.head_position(office.store)
    before = _made(office.store, meeting, position)
    text = "".join(p.extract_text() for p in PdfReader(io.BytesIO(before[0])).pages)
    assert "課題 a" in text and "12" in text and "999" not in text
    kpi = office.store.load(stream)[0].kpis[0].key
    office.do(CorrectMeasurement, stream, person("office"), kpi=kpi, period="Q1", value="999", reason="誤記")
    office.conclude(meeting, evaluation="review", policy="endorsed")
    here = office.store.facts().directory
    moved = [t.model_copy(update={"person": "p-stranger"}) if t.post == "office-director" else t for t in here.tenures]
    changed = here.model_copy(update={"tenures": tuple(moved)})
    office.store.record(ImportDirectory(command_id="moves", stream=DIRECTORY, directory=changed), SYSTEM)
    assert _made(office.store, meeting, position) == before
    rebuild(office.store)
    again = Store.open(office.store.database.url)
    assert _made(again, meeting, position) == before
    later = packs.pack(again, meeting, whole=True)[0]
    assert "999" in packs.as_html(later).decode() and later.items[0].conclusion.en != "not concluded"
    with pytest.raises(NothingToPrint):
        packs.pack(again, meeting, 3, whole=True)
    again.close()


def test_each_pack_says_what_changed_since_the_session_before(office: Office) -> None:
    stream = _monitored(office)
    first = office.session("monitoring")
    made = packs.pack(office.store, first, whole=True)[0]
    assert made.since == "" and any("開始" not in ch.told.ja for i in made.items for ch in i.changes)
    office.conclude(first, evaluation="noted", policy="endorsed")
    kpi = office.store.load(stream)[0].kpis[0].key
    office.do(c.RecordMeasurement, stream, person("office"), kpi=kpi, period="Q2", value="15")
    gives = {
        "key": "desk",
        "what": "yen",
        "title": "郵送料",
        "per_year": "300",
        "from_year": 2027,
        "source": {"source": "見積"},
    }
    office.do(RecordBenefit, stream, person("office"), **gives)
    second = office.session("monitoring")
    item = next(i for i in packs.pack(office.store, second, whole=True)[0].items if i.stage)
    assert item.balance.startswith("収支(令和9年度〜令和13年度): 便益 1,500円 − 費用 "), item.balance
    assert item.balance in packs.as_html(packs.pack(office.store, second, whole=True)[0]).decode()
    known = office.store.load(stream)[0].kpis[0]
    assert [ch.told.en for ch in item.changes] == [f"measured {known.title} Q2: 15"]
    bars = [(b.label, b.value) for b in item.kpis[0].bars]
    assert bars[0][0] == "基準値" and bars[-1][0] == "目標値" and [v for _, v in bars[1:-1]] == ["12", "15"]
    assert (item.kpis[0].baseline, item.kpis[0].target) == (bars[0][1], bars[-1][1])


def test_a_pack_says_what_was_said_and_what_the_document_holds(office: Office) -> None:
    stream = _monitored(office)
    meeting = office.session("monitoring")
    (key,) = [k for k, i in office.state(meeting).items.items() if i.category == "evaluation"]
    opinion: dict[str, Any] = {
        "item": key,
        "source": "官民データ活用推進会議",
        "text": "効果を高齢者にも",
        "treatment": "adopted",
    }
    office.do(m.ObtainOpinion, meeting, **opinion)
    policy = "横展開できる課題を優先する"
    for item in office.state(meeting).items.values():
        reason = policy if item.category == "policy" else "利用が伸びている"
        office.do(m.ConcludeItem, meeting, item=item.key, conclusion="endorsed", reason=reason)
    office.do(m.CloseSession, meeting)
    found = {i.category.en: i for i in packs.pack(office.store, meeting, whole=True)[0].items}
    evaluated = found["evaluation report and policy recommendation"]
    assert [s.text for s in evaluated.said] == ["効果を高齢者にも", "利用が伸びている"]
    assert evaluated.document and evaluated.summary and all(f.value for f in evaluated.summary)
    council = office.session("council")
    made, at = packs.pack(office.store, council, whole=True)
    assert policy in {i.policy for i in made.items} and stream
    text = "".join(p.extract_text() for p in PdfReader(io.BytesIO(packs.as_pdf(made, at))).pages)
    assert policy in text.replace("\n", "") and policy in packs.as_html(made).decode()
    office.conclude(council, **{i.category: "noted" for i in office.state(council).items.values()})
    found_policy = bodies.latest_policy(office.store)
    assert found_policy is not None and policy in found_policy["text"]
    assert found_policy["confirmed"].startswith(council)


def test_the_public_edition_says_of_a_non_public_item_only_that_there_is_one(office: Office) -> None:
    council = office.session("council")
    secret: dict[str, Any] = {"item": "x", "category": "other", "title": "懲戒の件", "public": False}
    office.do(m.PutItem, council, **secret)
    office.do(m.ConcludeItem, council, item="x", conclusion="noted", reason="事情聴取の結果")
    for whole in (True, False):
        made, at = packs.pack(office.store, council, whole=whole)
        book = zipfile.ZipFile(io.BytesIO(packs.as_xlsx(made, at))).read("xl/sharedStrings.xml").decode()
        pages = packs.as_html(made).decode() + book + packs.as_pdf(made, at).decode("latin-1")
        assert ("懲戒の件" in pages) == ("事情聴取の結果" in pages) == whole
        assert ("非公開の議題" in pages) != whole


def test_nothing_is_known_of_a_moment_to_come(office: Office) -> None:
    with pytest.raises(NothingToPrint):
        packs.position_at(office.store, office.store.clock.now() + timedelta(days=1))


def test_a_spreadsheet_never_runs_what_people_wrote(office: Office) -> None:
    council = f"council:{office.today().year}-9"
    fields = {"body": "council", "fiscal_year": 2026, "number": 9, "held_on": office.today()}
    office.do(m.ConveneSession, council, **fields, urgent="x")
    office.do(m.PutItem, council, item="x", category="other", title='=HYPERLINK("http://x","<b>y</b>")')
    made, at = packs.pack(office.store, council, whole=True)
    book = zipfile.ZipFile(io.BytesIO(packs.as_xlsx(made, at)))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet and "HYPERLINK" in book.read("xl/sharedStrings.xml").decode()
    assert "<b>y</b>" not in packs.as_html(made).decode()
    assert packs.as_pdf(made, at).startswith(b"%PDF")


def test_who_was_there_is_shown_by_post(office: Office) -> None:
    council = office.session("council")
    made = packs.pack(office.store, council, whole=True)[0]
    seated = members_of(RULES.body("council"), office.store.facts().directory, office.today())
    assert len(made.members) == len(seated) and all(s.present for s in made.members) and made.quorum
    assert not any(s.person in packs.as_html(made).decode() for s in seated)
    assert bodies.all_sessions(office.store, "council")[0]["phase"] == "sitting"


def test_a_pack_has_charts_of_its_matters_and_of_the_portfolio(office: Office) -> None:
    _monitored(office)
    meeting = office.session("monitoring")
    made, at = packs.pack(office.store, meeting, whole=True)
    drawn = [k for i in made.items for k in i.kpis if k.figure]
    assert drawn and all(k.figure and k.title in k.figure.alt for k in drawn)
    assert len(made.figures) == 1 and "進行中" in made.figures[0].alt
    document = packs.as_html(made).decode()
    assert document.count('src="data:image/svg+xml;base64,') == len(drawn) + 1
    pdf = PdfReader(io.BytesIO(packs.as_pdf(made, at)))
    text = "".join(p.extract_text() for p in pdf.pages)
    assert "段階別の累積フロー" in text and "基準値" in text


def test_a_pack_with_very_many_kpis_draws_bars(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    _monitored(office)
    monkeypatch.setattr(packs, "_DRAWN", 0)
    made, _ = packs.pack(office.store, office.session("monitoring"), whole=True)
    assert any(k.bars for i in made.items for k in i.kpis) and not any(k.figure for i in made.items for k in i.kpis)


def test_the_flow_of_a_pack_ends_with_its_moment(office: Office) -> None:
    stream = _monitored(office)
    when = office.store.clock.now()
    position = queries.head_position(office.store)
    before = gathering.flow_at(office.store, position, when)
    office.do(c.OpenReview, stream, person("office"), reason="一年たった")
    assert gathering.flow_at(office.store, position, when) == before
    now = {s.key: n[-1] for s, n in zip(before.stages, before.counts, strict=True)}
    assert now["monitoring"] == 1 and sum(now.values()) == 1 and before.ended[-1] == 0
    later = gathering.flow(office.store)
    assert {s.key: n[-1] for s, n in zip(later.stages, later.counts, strict=True)}["review"] == 1
    assert gathering.flow_at(office.store, 1, when).days == ()


def test_what_was_taken_back_leaves_the_flow(office: Office) -> None:
    office.town.begin("a")
    stream = office.town.stream("a")
    office.walk(stream)
    state = office.store.load(stream)[0]
    before, asked = state.stage, state.requests[0]
    who = person("mayor") if asked.post == "mayor" else person("vice")
    office.do(c.AnswerRequest, stream, who, request=asked.id, decision="approve")
    moved, position = office.store.load(stream)[0].stage, queries.head_position(office.store)
    assert moved != before
    office.do(RetractAnswer, stream, who, request=asked.id, reason="誤り")

    def now(chart: FlowChart) -> dict[str, int]:
        return {s.key: n[-1] for s, n in zip(chart.stages, chart.counts, strict=True) if n and n[-1]}

    assert now(gathering.flow(office.store)) == now(gathering.flow(office.store, state.bureau)) == {before: 1}
    assert now(gathering.flow_at(office.store, position, office.store.clock.now())) == {moved: 1}
    assert gathering.flow(office.store, "no-such-bureau").days == ()
