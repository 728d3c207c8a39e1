"""Decisions and dossiers as real PDFs of real stores, read back as text."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from domain.directory_stream import STREAM as DIRECTORY
from domain.directory_stream import ImportDirectory, Named
from domain.lifecycle import commands as c
from domain.lifecycle.adopting import AdoptLifecycle, History, PastDecision, PastDeliverable
from domain.lifecycle.amendments import RetractAnswer
from domain.lifecycle.state import Lifecycle
from domain.messages import SYSTEM, Actor
from domain.process_stream import PublishDefinition, stream_of
from papers.collecting import NothingToPrint, collect
from papers.decision import choose, dated, decision_paper, last_version
from papers.dossier import dossier
from papers.typesetting import pages, pdf
from shell.app import run
from shell.output import OUT
from store.codec import ERASED
from store.store import Store
from tests.city import DRAFTER, PROCESS, SHA, START, STREAM, VALID, directory, person

NAMES = {"p-drafter": "姫路 太郎", "p-chief": "城東 花子", "p-director": "網干 次郎", "p-deputy": "白鷺 一"}
HOSTILE = '#let x = 1 *bold* _it_ $math$ @ref <label> \\ "quoted" `raw` // no /* no */ = head - item 日本語#pagebreak()'


class Office:
    """People of the small city at work in a store."""

    def __init__(self, store: Store) -> None:
        self.store, self._sent = store, 0
        names = tuple(Named(person=p, name=n) for p, n in NAMES.items())
        store.record(ImportDirectory(command_id="i", stream=DIRECTORY, directory=directory(), names=names), SYSTEM)
        store.record(
            PublishDefinition(command_id="p", stream=stream_of(PROCESS.name), definition=PROCESS),
            SYSTEM,
        )
        self.do(
            c.StartLifecycle,
            DRAFTER,
            ref="R8-1",
            title="窓口の待ち時間を減らす",
            section="child-section",
            definition=PROCESS.reference,
            drafter="p-drafter",
        )

    @property
    def state(self) -> Lifecycle:
        state: Lifecycle = self.store.load(STREAM)[0]
        return state

    def do(self, command: type[Any], actor: Actor, **fields: Any) -> None:
        self._sent += 1
        self.store.record(command(command_id=f"c{self._sent}", stream=STREAM, **fields), actor)

    def submit(self, **changes: Any) -> None:
        work, comment = self.state.work, changes.pop("comment", "")
        content = {**VALID[PROCESS.stage(work).deliverable], **changes}
        self.do(c.SubmitDeliverable, DRAFTER, stage=work, content=content, comment=comment)

    def answer(self, decision: str = "approve", **fields: Any) -> str:
        """The first open request of the gate, answered by a holder of its post; returns the request."""
        asked = next(r for r in self.state.requests if r.kind == "decide")
        held = self.store.facts().directory.holders(asked.post, START.date())
        who = next(p for p in held if p not in ("p-robot", "p-auditor"))
        self.do(c.AnswerRequest, person(who[2:]), request=asked.id, decision=decision, **fields)
        return asked.id

    def pass_gate(self, **last: Any) -> None:
        end = PROCESS.stage(self.state.work).gate[-1].key
        while self.state.in_circulation:
            self.answer(**(last if self.state.requests[0].step == end else {}))

    def finish(self) -> None:
        """From wherever it is, straight to the completion."""
        while not self.state.closed:
            if self.state.repeats:
                for kpi in self.state.kpis:
                    self.do(c.RecordMeasurement, person("member"), kpi=kpi.key, period="2020-Q1", value="12.5")
                self.submit()
                self.pass_gate()
                self.do(c.OpenReview, person("office"), reason="一年たった")
            elif PROCESS.stage(self.state.work).decides_outcome:
                self.submit(recommendation="completion")
                self.pass_gate(outcome="completion")
            else:
                self.submit()
                self.pass_gate()

    def paper(self, stage: str, round_: int | None = None, version: int | None = None) -> bytes:
        found = collect(self.store, STREAM)
        chosen = choose(found, stage, round_, version)
        return pdf("decision", decision_paper(found, chosen), dated(found, last_version(found, chosen)))

    def dossier(self, as_of: int | None = None) -> bytes:
        found = collect(self.store, STREAM, as_of)
        return pdf("dossier", dossier(found), found.last.occurred_at)


def text(made: bytes) -> str:
    """Everything that is written in a PDF, without spaces: lines break where the page ends."""
    words = "".join(page.extract_text() for page in PdfReader(io.BytesIO(made)).pages)
    return "".join(words.replace("\u200b", "").split())


def told(*wanted: str) -> list[str]:
    return ["".join(w.split()) for w in wanted]


def assert_says(made: bytes, *wanted: str) -> None:
    written = text(made)
    assert [w for w in told(*wanted) if w not in written] == []


@pytest.fixture
def office(sqlite_url: str) -> Iterator[Office]:
    # Virtual, so that days are known: 令和8年4月1日 is when it begins.
    store = Store.create(sqlite_url, clock="virtual", seed="1", start=START)
    yield Office(store)
    store.close()


def sent_back_and_passed(office: Office) -> None:
    office.submit(comment="初稿です")
    office.answer()
    office.answer("return", comment="目的があいまいです")
    office.store.clock.set(START + timedelta(days=1))
    office.submit(purpose="待ち時間を半分にする", comment="目的を直しました")
    office.answer("conditions", conditions=[{"text": "毎月報告する", "by": "child-section", "due": "2026-06-30"}])
    office.answer(comment="よく直っている")
    office.store.clock.set(START + timedelta(days=6))
    office.pass_gate()


def test_a_decision_names_who_decided_what_when_and_in_which_post(office: Office) -> None:
    sent_back_and_passed(office)
    made = office.paper("setup")
    assert_says(
        made,
        "決裁文書",
        "決裁済",
        "窓口の待ち時間を減らす",
        "R8-1",
        "himeji@1",
        "第1期 第2版",
        "姫路 太郎",
        "城東 花子",
        "網干 次郎",
        "白鷺 一",
        "child-drafter 姫路 太郎",
        "child-chief",
        "deputy-mayor",
        "条件付き同意",
        "毎月報告する",
        "期限 / due 令和8年6月30日 (2026-06-30)",
        "よく直っている",
        "待ち時間を半分にする",
        "目的を直しました",
        "令和8年4月2日 (2026-04-02)",
        "令和8年4月7日(2026-04-07) 09:00",
        "8.4.7",
        "市民サービス / citizen services",
    )
    assert "手続を減らす" not in text(made), "the version that was sent back is not the text of the decision"


def test_it_tells_what_went_before_and_what_proves_it(office: Office) -> None:
    sent_back_and_passed(office)
    found = collect(office.store, STREAM)
    first, second = found.circulations
    made = office.paper("setup")
    last = found.hashes[second.last.version]
    digest = PROCESS.digest
    assert_says(
        made, "差戻し", "目的があいまいです", first.document.content_hash, second.document.content_hash, last, digest
    )
    assert_says(made, f"記録位置 {second.last.position}")
    before = office.paper("setup", version=1)
    assert_says(before, "手続を減らす", "差戻し / sent back 令和8年4月1日", "第1版")
    assert "よく直っている" not in text(before)


def test_the_same_events_give_the_same_bytes_and_later_ones_do_not_change_a_decision(
    office: Office, sqlite_url: str
) -> None:
    sent_back_and_passed(office)
    made = office.paper("setup")
    office.submit()
    office.answer()
    again = Store.open(sqlite_url)
    try:
        found = collect(again, STREAM)
        chosen = choose(found, "setup", None, None)
        assert pdf("decision", decision_paper(found, chosen), dated(found, last_version(found, chosen))) == made
    finally:
        again.close()
    assert office.paper("setup", version=1) != made
    assert office.dossier() == office.dossier() != office.dossier(as_of=5)


def test_a_decision_can_be_kept_for_decades(office: Office) -> None:
    office.submit()
    reader = PdfReader(io.BytesIO(office.paper("setup")))
    root: Any = reader.trailer["/Root"]
    xmp = root["/Metadata"].get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in xmp and "<pdfaid:conformance>A</pdfaid:conformance>" in xmp
    assert "pdfuaid" in xmp and reader.metadata is not None and "窓口の待ち時間" in str(reader.metadata.title)
    assert root["/Lang"].startswith("ja")
    width, height = (float(x) for x in reader.pages[0].mediabox[2:])
    assert (round(width), round(height)) == (595, 842)
    assert "1/2" in text(office.paper("setup")), "pages are numbered"


def test_what_is_still_on_its_way_says_so(office: Office) -> None:
    office.submit()
    office.answer()
    made = office.paper("setup")
    assert_says(made, "回議中", "in circulation", "城東 花子", "未着", "副市長")
    written = text(made)
    assert "決裁済" not in written and "網干次郎" not in written
    assert f"第{len(office.store.events(STREAM))}事象時点" in written


def test_a_withdrawal_is_told_with_its_reason(office: Office) -> None:
    office.submit()
    office.do(c.WithdrawDraft, DRAFTER, reason="数字を誤った")
    assert_says(office.paper("setup"), "引戻し", "数字を誤った", "引戻しにより終了")


def test_a_retracted_answer_stays_on_paper(office: Office) -> None:
    office.submit()
    request = office.answer(comment="早まった同意")
    office.do(RetractAnswer, person("chief"), request=request, reason="読み違えた")
    made = office.paper("setup")
    assert_says(made, "取消 / retracted", "読み違えた", "早まった同意", "回議中")
    assert_says(made, "局長bureau director未着", "副市長deputy mayor未着")


def test_what_people_write_is_text_and_never_markup(office: Office) -> None:
    office.submit(
        purpose=HOSTILE, problem="笑😀 外字\ue001 金\u202e001", beneficiaries="一行目\n二行目", comment=HOSTILE
    )
    office.answer("return", comment=HOSTILE)
    made = office.paper("setup")
    written = text(made)
    assert written.count("".join(HOSTILE.split())) >= 3
    assert_says(made, "笑〔U+1F600〕", "外字〔U+E001〕", "金〔U+202E〕001", "一行目二行目")


def test_long_texts_and_tables_break_over_pages_and_lose_nothing(office: Office) -> None:
    while office.state.work != "budgeting":
        office.submit()
        office.pass_gate()
    lines = [{"kind": "running", "title": f"経費{i:03}", "amount": 10} for i in range(150)]
    funding = [{"source": "鬱" * 3000 + "終", "amount": 1500}]
    office.submit(lines=lines, funding=funding, amounts={"asked": 1500})
    made = office.paper("budgeting")
    written = text(made)
    assert all(f"経費{i:03}" in written for i in range(150)) and "終" in written
    assert written.count("鬱") == 3000
    assert pages(made) == len(PdfReader(io.BytesIO(made)).pages) > 5


def test_an_address_too_long_for_its_column_is_whole(office: Office) -> None:
    office.submit()
    office.pass_gate()
    address = "https://example.jp/" + "x" * 300
    office.submit(evidence=[{"source": address, "date": "2026-03-01", "sha256": SHA}])
    assert_says(office.paper("analysis"), address, SHA, "添付")


def test_what_was_decided_before_the_system_began_is_marked_as_imported(office: Office) -> None:
    stream = "5f0c1d0e-0000-5000-8000-000000000002"
    past = History(
        source=c.Source(name="旧台帳", url="https://example.jp/ledger"),
        deliverables=(PastDeliverable(stage="setup", content=VALID["setup"], finished_on=date(2025, 5, 1)),),
        decisions=(PastDecision(stage="setup", decided_on=date(2025, 5, 20), by="前市長", document="姫デ第12号"),),
    )
    office.store.record(
        AdoptLifecycle(
            command_id="adopt",
            stream=stream,
            ref="OLD-1",
            title="前からの課題",
            section="child-section",
            definition=PROCESS.reference,
            drafter="p-drafter",
            stage="analysis",
            history=past,
        ),
        person("office"),
    )
    found = collect(office.store, stream)
    chosen = choose(found, "setup", None, None)
    made = pdf("decision", decision_paper(found, chosen), dated(found, last_version(found, chosen)))
    assert_says(made, "決裁済(移行)", "旧台帳", "前市長", "姫デ第12号", "令和7年5月20日 (2025-05-20)", "手続を減らす")
    assert "決裁欄" not in text(made), "nobody has put a stamp to it here"
    whole = pdf("dossier", dossier(found), found.last.occurred_at)
    assert_says(whole, "引継ぎ元", "旧台帳", "前からの課題", "決裁済(移行)")


def test_an_erased_person_is_shown_as_erased(office: Office) -> None:
    office.submit()
    office.answer(comment="私の意見")
    office.store.erase_person("p-chief")
    made = office.paper("setup")
    assert_says(made, ERASED)
    assert "城東" not in text(made) and "私の意見" not in text(made)


def test_a_rehearsal_is_not_taken_for_a_decision(office: Office, tmp_path: Path) -> None:
    office.submit()
    assert_says(office.paper("setup"), "予行の記録であり、実際の決裁ではありません")
    real = Store.create(f"sqlite:///{tmp_path / 'real.db'}")
    try:
        other = Office(real)
        other.submit()
        assert "予行" not in text(other.paper("setup"))
    finally:
        real.close()


def test_the_dossier_of_a_closed_lifecycle_holds_everything(office: Office) -> None:
    sent_back_and_passed(office)
    while office.state.work != "implementation":
        office.submit()
        office.pass_gate()
    line = {"fiscal_year": 2027, "window": "supplementary"}  # of an extraordinary session, which may meet on any day
    for state in ("asked", "indicated"):
        office.do(c.RecordBudget, person("finance"), **line, state=state, amount=800)
    office.do(c.RecordBudget, person("finance"), **line, state="billed", amount=800, bill="議案第12号")
    office.do(c.RecordBudget, person("finance"), **line, state="voted", amount=1234567)  # the assembly gave more
    office.do(c.FulfilPromise, person("chief"), promise=office.state.promises[0].id, note="報告した")
    office.finish()
    made = office.dossier()
    found = collect(office.store, STREAM)
    assert_says(
        made,
        "ライフサイクル記録",
        "終結(終了)",
        "目次",
        "令和9年度 (FY2027)",
        "1,234,567円",
        "12.5",
        "毎月報告する",
        "報告した",
        "取組方針の決定",
        "一年たった",
        found.hashes[found.last.version],
        f"({found.last.position})",
        *(s.title.ja for s in PROCESS.stages),
        *(x.document.content_hash for x in found.circulations),
    )
    written = text(made)
    assert all(t.line.ja.replace(" ", "").replace("\u3000", "") in written for t in found.told)
    assert written.count("決裁文書") >= len(PROCESS.stages)


def test_what_is_not_there_is_said_with_what_there_is(office: Office) -> None:
    office.submit()
    found = collect(office.store, STREAM)
    for asked, field in (
        (("review", None, None), "--stage"),
        (("setup", 2, None), "--round"),
        (("setup", 1, 9), "--version"),
    ):
        with pytest.raises(NothingToPrint) as nothing:
            choose(found, *asked)
        assert nothing.value.field == field and ("setup" in nothing.value.remedy.en or "1-1" in nothing.value.remedy.en)
    with pytest.raises(NothingToPrint):
        collect(office.store, STREAM, as_of=99)


def test_the_shell_writes_the_file_and_overwrites_only_when_told(
    office: Office,
    sqlite_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    office.submit()
    monkeypatch.setenv("TASKFORCE_DATABASE_URL", sqlite_url)
    monkeypatch.setattr(OUT, "json", False)
    monkeypatch.chdir(tmp_path)
    assert run(["paper", "R8-1", "--stage", "setup"]) == 0
    written = tmp_path / "R8-1-setup-1-1.pdf"
    assert written.read_bytes() == office.paper("setup") and "R8-1-setup-1-1.pdf" in capsys.readouterr().out
    assert run(["paper", "R8-1", "--stage", "setup"]) == 2
    assert "--force" in capsys.readouterr().err
    assert run(["paper", "R8-1", "--stage", "setup", "--force"]) == 0
    assert run(["paper", "R8-1", "--stage", "analysis"]) == 2
    assert "setup" in capsys.readouterr().err
    assert run(["dossier", "R8-1", "--out", "no/folder.pdf"]) == 2
    capsys.readouterr()
    assert run(["dossier", "R8-1", "--json"]) == 0
    told_ = json.loads(capsys.readouterr().out)
    assert told_["file"] == "R8-1-dossier.pdf" and len(told_["sha256"]) == 64 and told_["pages"] >= 4
