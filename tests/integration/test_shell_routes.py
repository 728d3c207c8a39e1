"""Routes from a shell: deputies, consultation, numbers, decisions made outside, refusals kept, personnel moves."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from pathlib import Path

import pytest

from settings import ROOT
from store import queries
from store.store import Store
from tests.integration.test_shell import Shell

EXAMPLES = ROOT / "examples"
TODAY = dt.datetime.now(dt.UTC).astimezone(dt.timezone(dt.timedelta(hours=9))).date()


@pytest.fixture
def shell(sqlite_url: str, tmp_path: Path) -> Shell:
    shell = Shell(sqlite_url, tmp_path)
    shell("definition", "publish", str(EXAMPLES / "city-routes" / "definition.yaml"))
    shell("start", str(EXAMPLES / "city-routes" / "tasks.yaml"))
    return shell


def submit(shell: Shell, stage: str, person: str = "p33") -> None:
    shell("submit", "R8", str(EXAMPLES / "deliverables" / f"{stage}.yaml"), "--as", person)


def agree(shell: Shell, *people: str, more: tuple[str, ...] = ()) -> None:
    for person in people:
        shell("answer", shell.waiting(person), "--as", person, "--decision", "approve", *more)


def setup_passed(shell: Shell) -> None:
    submit(shell, "setup")
    agree(shell, "p32", "p30")
    shell("answer", shell.waiting("p02"), "--as", "p02", "--decision", "approve")


def test_a_deputy_decides_in_absence_and_the_absent_one_views_it_later(shell: Shell) -> None:
    shell("directory", "deputies", "child-support-chief", "childcare-chief", "--since", "2020-04-01")
    submit(shell, "setup")
    request = shell.waiting("p32")
    assert shell.json("inbox", "--as", "p34") == []
    assert "not-your-post" in shell.refused("answer", request, "--as", "p34", "--decision", "approve", code=3)
    shell("directory", "absence", "p32", "--since", TODAY.isoformat())
    assert "--as" in shell.refused("answer", request, "--as", "p99", "--decision", "approve")
    assert "REQUEST" in shell.refused("answer", "feedbeef", "--as", "p34", "--decision", "approve")
    tried = {(a["actor"]["person"], a["rule"], a["command_type"]) for a in shell.json("attempts")["attempts"]}
    assert {("p99", "person-unknown", "answer"), ("p34", "request-unknown", "answer")} <= tried
    assert len(shell.json("attempts", "--who", "p99")["attempts"]) == 1
    [waiting] = shell.json("inbox", "--as", "p34")
    assert waiting["request"] == request
    shell("answer", request, "--as", "p34", "--decision", "approve")
    shown = shell("show", "R8").stdout
    assert "p34(代)" in shown
    assert "同意(代)" in shown and "後閲" in shown
    [later] = [r for r in shell.json("inbox", "--as", "p32") if r["kind"] == "read"]
    shell("read", later["request"][:8], "--as", "p32")
    assert "absence-unchanged" in shell.refused("directory", "absence", "p32", "--since", TODAY.isoformat(), code=3)
    assert shell.json("verify")["ok"]


def test_the_doctor_names_posts_that_nobody_stands_for(shell: Shell, tmp_path: Path) -> None:
    found = {f["what"]: f for f in shell.json("doctor")}
    assert found["deputies"]["level"] == "ok"
    today = TODAY.isoformat()
    shell("directory", "deputies", "childcare-chief", "childcare-drafter", "--since", today, "--until", today)
    assert {f["what"]: f for f in shell.json("doctor")}["deputies"]["level"] == "ok"
    bare = tmp_path / "people.yaml"
    text = (ROOT / "definitions" / "people.yaml").read_text("utf-8")
    bare.write_text("".join(line for line in text.splitlines(True) if "post: childcare-chief, deputy" not in line))
    shell("directory", "import", str(bare))
    warned = {f["what"]: f for f in shell.json("doctor")}["deputies"]
    assert (
        warned["level"] == "warn" and "childcare-chief" in warned["found"] and "directory deputies" in warned["remedy"]
    )


def test_documents_have_numbers_and_a_decision_made_outside_passes_the_gate(shell: Shell) -> None:
    setup_passed(shell)
    submit(shell, "analysis")
    seen = shell.json("show", "R8")["deliverables"][-1]["content_hash"]
    outside = ["decided", "R8", "--system", "文書管理", "--number", "子支第45号", "--on", TODAY.isoformat()]
    assert "--seen" in shell.refused(*outside, "--by", "dso-director", "--as", "p07")
    assert "outside-decider" in shell.refused(*outside, "--by", "mayor", "--seen", seen, "--as", "p07", code=3)
    shell(*outside, "--by", "dso-director", "--seen", seen[:16], "--as", "p07")
    assert shell.json("show", "R8")["stage"] == "hypothesis"
    shell("enforce", "R8", "--stage", "analysis", "--on", TODAY.isoformat(), "--as", "p07")
    rows = shell.json("register")["register"]
    assert [(r["stage"], r["serial"]) for r in rows] == [("setup", 1), ("analysis", 2)]
    assert rows[1]["outside_number"] == "子支第45号" and rows[1]["enforced"] == TODAY.isoformat()
    assert rows[0]["section"] == "child-support" and rows[0]["decided"] == TODAY.isoformat()
    assert "令和" in shell("register").stdout and "子支第45号" in shell("register").stdout
    assert shell.json("register", "--year", "R1")["register"] == []
    assert "--year" in shell.refused("register", "--year", "来年")
    shell("rebuild")
    assert shell.json("register")["register"] == rows and shell.json("verify")["ok"]


def test_an_objection_is_consulted_about_and_goes_to_the_common_superior(shell: Shell) -> None:
    setup_passed(shell)
    submit(shell, "analysis")
    agree(shell, "p32", "p07")
    submit(shell, "hypothesis")
    agree(shell, "p32", "p30")
    submit(shell, "coordination")
    asked = shell.json("show", "R8")["awaiting"]
    assert asked
    first = asked[0]
    person = first["person"]
    shell("answer", first["request"], "--as", person, "--decision", "reject", "--comment", "人手が足りない")
    assert "協議中" in shell("show", "R8").stdout
    assert "not-your-objection" in shell.refused("settle", "R8", "--agreed", "--comment", "x", "--as", "p33", code=3)
    shell("settle", "R8", "--unresolved", "--comment", "折り合わない", "--as", "p33")
    superior = shell.json("show", "R8")["awaiting"]
    assert superior[0]["person"] == "p02" and "協議不調の裁定" in shell("show", "R8").stdout
    shell("answer", superior[0]["request"], "--as", superior[0]["person"], "--decision", "approve")
    assert "共通の上司が裁定" in shell("show", "R8").stdout
    assert "--consultation" in shell.refused("settle", "R8", "--agreed", "--comment", "x", "--as", "p33")
    assert shell.json("verify")["ok"]


def test_what_was_refused_is_kept_with_who_what_and_why(shell: Shell) -> None:
    submit(shell, "setup")
    request = shell.waiting("p32")
    shell.refused("answer", request, "--as", "p38", "--decision", "approve", code=3)
    [kept] = shell.json("attempts", "--who", "p38")["attempts"]
    assert (kept["actor"]["person"], kept["command_type"], kept["rule"]) == ("p38", "AnswerRequest", "not-your-post")
    assert "not-your-post" in shell("attempts").stdout
    assert shell.json("attempts", "--who", "p01")["attempts"] == []


def test_recusal_marks_added_concurrence_and_due_dates(shell: Shell) -> None:
    submit(shell, "setup")
    request = shell.waiting("p32")
    shell("mark", "R8", "--doubtful", "--reason", "前例がない", "--as", "p07")
    shell("concur", "R8", "--with", "personnel-chief", "--reason", "人員", "--as", "p32")
    shell("recuse", "R8", "--reason", "親族の会社", "--as", "p32")
    assert "recused" in shell.refused("answer", request, "--as", "p32", "--decision", "approve", code=3)
    shell("recuse", "R8", "--who", "p32", "--lift", "--reason", "契約が終わった", "--as", "p07")
    due = (TODAY + dt.timedelta(days=60)).isoformat()
    shell("due", request, "--to", due, "--reason", "議会", "--as", "p07")
    assert "--to" in shell.refused("due", request, "--to", "いつか", "--reason", "x", "--as", "p07")
    agree(shell, "p32", "p16")
    assert [a["person"] for a in shell.json("show", "R8")["awaiting"]] == ["p30"]
    shown = shell("show", "R8").stdout
    assert "doubtful" in shown and "経路 / route" in shown


@pytest.mark.parametrize("deputies", [True, False])
@pytest.mark.parametrize("why", ["recused", "vacant"])
def test_whoever_stands_in_finds_the_request_in_their_inbox(
    shell: Shell, tmp_path: Path, why: str, deputies: bool
) -> None:
    text = (ROOT / "definitions" / "people.yaml").read_text("utf-8").splitlines(True)
    gone = [] if deputies else ["post: child-support-chief, deputy"]
    gone += ["post: child-support-chief, since:"] if why == "vacant" else []
    kept = [line for line in text if not any(g in line.replace("{post", "post") for g in gone)]
    assert len(text) - len(kept) >= len(gone)
    (tmp_path / "people.yaml").write_text("".join(kept), "utf-8")
    shell("directory", "import", str(tmp_path / "people.yaml"), "--force")
    submit(shell, "setup")
    if why == "recused":
        shell("recuse", "R8", "--reason", "親族の会社", "--as", "p32")
    with closing(Store.open(shell.url)) as store:
        [asked] = queries.live_requests(store)
        people = [p.id for p in store.facts().directory.people]
        turn = {p for p in people if asked["request"] in {r["request"] for r in queries.inbox(store, p)}} - {"p32"}
        assert all(queries.count_inbox(store, p) == len(queries.inbox(store, p)) for p in people)
    assert turn and asked["post"] == "child-support-chief" and not turn & {"p33", "p01"}
    other = next(p for p in ("p13", "p14", "p15", "p16") if p not in turn)
    assert "not-your-post" in shell.refused("answer", asked["request"], "--as", other, "--decision", "approve", code=3)
    stands = min(turn)
    found = shell("inbox", "--as", stands).stdout
    assert asked["request"][:8] in found
    shell("answer", asked["request"], "--as", stands, "--decision", "approve")
    assert shell.json("show", "R8")["awaiting"][0]["person"] == "p30" and shell.json("verify")["ok"]
    shell("rebuild")


def test_moves_in_april_are_loaded_ahead_and_confidential(shell: Shell, tmp_path: Path) -> None:
    submit(shell, "setup")
    file = tmp_path / "moves.csv"
    file.write_text("person,post,leaves\np34,child-support-chief,childcare-chief\n", "cp932")
    ahead = (TODAY + dt.timedelta(days=30)).isoformat()
    tried = shell.json("directory", "moves", str(file), "--on", ahead, "--dry-run")
    assert tried["left"] == [{"person": "p34", "post": "childcare-chief"}]  # who else leaves is confidential
    today = shell.json("directory", "moves", str(file), "--on", TODAY.isoformat(), "--dry-run")
    assert {"person": "p32", "post": "child-support-chief"} in today["left"]
    shell("directory", "moves", str(file), "--on", ahead)
    assert "post-not-held" in shell.refused("directory", "moves", str(file), "--on", ahead, code=3)
    shell("directory", "moves", str(file), "--on", ahead, "--cancel")
    assert "moves-not-loaded" in shell.refused("directory", "moves", str(file), "--on", ahead, "--cancel", code=3)
    shell("directory", "moves", str(file), "--on", ahead)
    assert shell.waiting("p32")
    assert "--on" in shell.refused("who", "child-support-chief", "--on", ahead)
    assert [r["person"] for r in shell.json("who", "child-support-chief")] == ["p32"]
    assert "child-support-chief" not in str(shell.json("who", "--person", "p34"))
    shell("directory", "moves", str(file), "--on", TODAY.isoformat())
    assert [r["person"] for r in shell.json("who", "child-support-chief")] == ["p34"]
    assert [r["person"] for r in shell.json("who", "child-support-chief", "--on", "令和7年4月1日")] == ["p32"]
    request = shell.waiting("p34")
    assert "not-in-office" in shell.refused("answer", request, "--as", "p32", "--decision", "approve", code=3)
    file.write_text("person,post,until\np99,,いつか\n", "utf-8")
    told = shell.refused("directory", "moves", str(file), "--on", ahead)
    assert "line 2: post" in told and "line 2: until" in told
    file.write_text("unit: childcare\nto: child-support\n", "utf-8")
    assert "holds no post from that day" in shell("directory", "reorganise", str(file), "--on", ahead).stdout
    file.write_text("unit: nowhere\n", "utf-8")
    assert "to" in shell.refused("directory", "reorganise", str(file), "--on", ahead)
    assert "no such post" in shell.refused("who", "sheriff")
    assert "POST" in shell.refused("who")
    assert shell.json("verify")["ok"]


def test_one_persons_open_work_is_handed_over_with_a_sheet(shell: Shell, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.md"
    dry = ["succession", "--from", "p33", "--to", "p35", "--as", "p07"]
    tried = shell.json(*dry, "--dry-run", "--sheet", str(sheet))
    assert [r["duties"] for r in tried["lifecycles"]] == [["drafter"]] and not tried["recorded"]
    text = sheet.read_text("utf-8")
    assert "事務引継書" in text and "保育料決定通知等のデジタル化" in text and "令和" in text
    assert tried["posts"][0]["post"] == "child-support-drafter"
    assert "--sheet" in shell.refused(*dry, "--sheet", str(sheet))
    assert shell.json(*dry)["lifecycles"][0]["outcome"] == "handed over"
    assert shell.json(*dry)["lifecycles"] == []
    submit(shell, "setup", "p35")
    assert "事務引継" in shell("show", "R8").stdout


def test_decisions_made_outside_come_from_a_file_all_or_none_and_once(shell: Shell, tmp_path: Path) -> None:
    setup_passed(shell)
    submit(shell, "analysis")
    seen = shell.json("show", "R8")["deliverables"][-1]["content_hash"][:16]
    head, day = "id,system,number,decided_on,decided_by,seen", TODAY.isoformat()
    right = f"R8,文書管理,子支第45号,{day},dso-director,{seen}"
    file = tmp_path / "決裁.csv"
    wrong = f"nowhere,文書管理,子支第46号,{day},dso-director,{seen}\nR8,文書管理,子支第47号,昨日,dso-director,{seen}"
    file.write_text(f"{head}\n{right}\n{wrong}\n", "cp932")
    said = shell.refused("decided-import", str(file), "--as", "p07")
    assert "line 3" in said and "line 4" in said and "line 2" not in said
    file.write_text(f"{head}\n{right}\nR8,文書管理,子支第４５号,{day},dso-director,{seen}\n", "cp932")
    assert shell.json("decided-import", str(file), "--as", "p07", "--check")["would_record"] == 1
    assert shell.json("show", "R8")["stage"] == "analysis", "nothing was recorded"
    assert shell.json("decided-import", str(file), "--as", "p07") | {"file": ""} == {
        "file": "",
        "rows": 2,
        "recorded": 1,
        "would_record": 0,
        "known": 1,
    }
    assert shell.json("show", "R8")["stage"] == "hypothesis"
    listed = tmp_path / "decided.yaml"
    row = f"system: 文書管理, decided_on: {day}, decided_by: dso-director, seen: '{seen}'"
    listed.write_text(f"- {{id: R8, number: 子支第45号, {row}}}\n", "utf-8")
    assert shell.json("decided-import", str(listed), "--as", "p07")["known"] == 1
    listed.write_text(f"- {{id: R8, number: 0045, {row}}}\n", "utf-8")
    assert "number" in shell.refused("decided-import", str(listed), "--as", "p07")
