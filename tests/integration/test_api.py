"""The API as other systems use it: a gate played through, retries, stale versions, wrong keys; and fuzzed by its own document."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import yaml

from domain.calendar import local_day
from settings import ROOT
from tests.integration.pages import Pages

SETUP = yaml.safe_load((ROOT / "examples" / "deliverables" / "setup.yaml").read_text("utf-8"))


def key(town: Pages, person: str, *scopes: str) -> str:
    wanted = [part for scope in scopes for part in ("--scope", scope)]
    return str(town.json("key", "make", person, "--name", "試験", *wanted)["key"])


@contextmanager
def caller(town: Pages, person: str, *scopes: str) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {key(town, person, *scopes)}"}
    with httpx.Client(base_url=f"{town.base}/api/v1", headers=headers, timeout=20) as made:
        yield made


def problem(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json", response.text
    found = response.json()
    assert found["status"] == response.status_code and found["remedy"]["ja"]
    return response.status_code, found["rule"]


def test_a_gate_is_played_through_by_other_systems(town: Pages) -> None:
    town("withdraw", "R8", "--reason", "書き直す", "--as", "p33")
    with caller(town, "p33", "read", "write") as drafter, caller(town, "p32", "read", "decide") as chief:
        me = drafter.get("/me").json()
        assert me["person"] == "p33" and me["scopes"] == ["read", "write"]
        [found] = drafter.get("/lifecycles", params={"words": "保育"}).json()["items"]
        path = f"/lifecycles/{found['stream']}"
        file = {"file": ("集計.csv", "年,件\n1,2\n".encode(), "text/csv")}
        assert drafter.post(f"{path}/files", files=file).status_code == 200
        before = drafter.get(path)
        body = {"stage": "setup", "content": SETUP}
        bad = drafter.post(f"{path}/commands/submit-deliverable", json=body | {"content": SETUP | {"chair": 7}})
        assert problem(bad) == (422, "form-shape") and bad.json()["problems"][0]["field"] == "chair"
        headers = {"Idempotency-Key": "出".encode().hex(), "If-Match": before.headers["etag"]}
        sent = [drafter.post(f"{path}/commands/submit-deliverable", json=body, headers=headers) for _ in range(3)]
        assert [s.status_code for s in sent] == [200] * 3 and [s.json()["duplicate"] for s in sent] == [
            False,
            True,
            True,
        ]
        assert {s.headers["etag"] for s in sent} == {drafter.get(path).headers["etag"]}, "what a client goes on with"
        other = drafter.post(f"{path}/commands/add-comment", json={"text": "x"}, headers=headers)
        assert problem(other) == (409, "command-id-reused")
        stale = drafter.post(
            f"{path}/commands/add-comment", json={"text": "x"}, headers={"If-Match": headers["If-Match"]}
        )
        assert problem(stale) == (412, "stream-moved-on")
        [waiting] = chief.get("/inbox").json()["items"]
        answer = {"request": waiting["request"], "decision": "approve", "seen": waiting["content_hash"]}
        asked = f"/lifecycles/{waiting['stream']}/commands/answer-request"
        assert problem(drafter.post(asked, json=answer)) == (403, "scope-missing")
        assert problem(chief.post(asked, json=answer | {"seen": "0" * 64}))[0] == 409
        assert chief.post(asked, json=answer).status_code == 200
        detail = chief.get(path).json()
        assert detail["route"][0]["standing"] == "agreed" and detail["route"][0]["people"] == ["p32"]
        history = chief.get(f"{path}/history", params={"limit": 2}).json()
        rest = chief.get(f"{path}/history", params={"cursor": history["next"], "limit": 200}).json()
        versions = [e["version"] for e in history["items"] + rest["items"]]
        assert versions == list(range(1, detail["version"] + 1)) and rest["next"] is None
        last = rest["items"][-1]
        assert any(e["type"] == "RequestAnswered" and e["via"] == "api" for e in rest["items"]), last
        document = chief.get(f"{path}/documents").json()["items"][-1]
        sha256 = next(a["sha256"] for a in document["attachments"] if a["name"] == "集計.csv")
        assert chief.get(f"{path}/files/{sha256}").content == "年,件\n1,2\n".encode()
    assert town.answered() == [("p32", "担当課長: 同意")]


def test_lists_are_read_to_their_end_page_by_page(town: Pages, tmp_path: Path) -> None:
    tasks = [
        {"ref": f"A-{n:02}", "title": f"窓口{n}", "section": "child-support", "definition": "himeji@1"}
        for n in range(7)
    ]
    with caller(town, "p33", "read", "write") as made:
        for task in tasks:
            first, again = (made.post("/lifecycles", json=task) for _ in range(2))
            assert (first.status_code, again.json()["duplicate"]) == (200, True), first.text
        seen: list[str] = []
        cursor = None
        while True:
            page = made.get("/lifecycles", params={"limit": 3} | ({"cursor": cursor} if cursor else {})).json()
            seen += [i["ref"] for i in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert len(seen) == len(set(seen)) == 8 and {t["ref"] for t in tasks} < set(seen)
        log: list[int] = []
        while found := made.get("/events", params={"after": log[-1] if log else 0, "limit": 7}).json()["items"]:
            log += [e["position"] for e in found]
        assert log == list(range(1, len(log) + 1))
        waiting: list[str] = []
        page = made.get("/inbox", params={"limit": 2}).json()
        while True:
            waiting += [i["request"] for i in page["items"]]
            if page["next"] is None:
                break
            page = made.get("/inbox", params={"limit": 2, "cursor": page["next"]}).json()
        assert len(waiting) == len(set(waiting)) == len(made.get("/inbox", params={"limit": 200}).json()["items"]) == 7
        hits = made.get("/search", params={"q": "窓口"}).json()["items"]
        assert [h["kind"] for h in hits].count("lifecycle") == 7 and any(h["kind"] == "document" for h in hits)
        assert problem(made.get("/lifecycles", params={"cursor": "bm9wZQ"})) == (422, "cursor-unknown")


def test_a_session_is_run_by_other_systems(town: Pages) -> None:
    day = str(local_day(datetime.now(UTC)))
    with (
        caller(town, "p07", "read", "write", "decide") as office,
        caller(town, "p32", "read", "write", "decide") as chief,
    ):
        asked = {"body": "council", "held_on": day, "urgent": "急施"}
        assert problem(chief.post("/sessions", json=asked)) == (409, "not-secretariat")
        assert problem(office.post("/sessions", json=asked | {"rules": {}})) == (422, "request-shape"), (
            "never the caller's"
        )
        assert problem(office.post("/sessions", json=asked | {"held_on": "9999-12-31"})) == (422, "request-shape")
        made = office.post("/sessions", json=asked, headers={"Idempotency-Key": "session-1"})
        stream = made.json()["stream"]
        at, head = f"/sessions/{stream}", {"If-Match": made.headers["etag"]}
        assert made.headers["etag"] == office.get(f"/sessions/{stream}").headers["etag"]
        item = {"item": "other-1", "category": "other", "title": "秘密の議題", "public": False}
        assert office.post(f"{at}/commands/put-item", json=item, headers=head).status_code == 200
        assert problem(office.post(f"{at}/commands/put-item", json=item, headers=head)) == (412, "stream-moved-on")
        paper = {"file": ("資料.csv", b"a,b\n1,2\n", "text/csv")}
        assert office.post(f"{at}/items/other-1/papers", files=paper, data={"kind": "paper"}).status_code == 200
        assert problem(office.post(f"{at}/items/other-1/papers", files={"file": ("x.exe", b"x")}))[0] == 422
        shown = office.get(at).json()
        members = [s["person"] for s in shown["members"]]
        sha256 = shown["items"][0]["papers"][0]["sha256"]
        assert office.get(f"{at}/items/other-1/papers/{sha256}").content == b"a,b\n1,2\n"
        assert problem(chief.get(f"{at}/items/other-1/papers/{sha256}")) == (404, "not-found")
        assert chief.get(at).json()["items"] == [{**chief.get(at).json()["items"][0], "key": "other-1", "title": ""}]
        attendance = {"present": members, "presiding": "p01"}
        assert office.post(f"{at}/commands/take-attendance", json=attendance).status_code == 200
        concluded = {"item": "other-1", "conclusion": "noted", "reason": "聴取のみ"}
        assert problem(chief.post(f"{at}/commands/conclude-item", json=concluded)) == (409, "not-secretariat")
        assert office.post(f"{at}/commands/conclude-item", json=concluded).status_code == 200
        assert office.post(f"{at}/commands/close-session", json={}).status_code == 200
        assert [d["title"] for d in office.get("/decisions").json()["items"]] == ["秘密の議題"]
        assert all(d["title"] != "秘密の議題" for d in chief.get("/decisions").json()["items"])
        assert office.get(f"{at}/pack", params={"form": "html"}).content.startswith(b"<!doctype")
        assert "秘密の議題" not in chief.get(f"{at}/pack", params={"form": "html"}).text
        assert problem(office.get(f"{at}/pack", params={"as_of": "9999-12-31"})) == (409, "day-to-come")
        assert any(e["type"] == "SessionClosed" for e in office.get(f"{at}/history").json()["items"])
        assert "秘密" not in chief.get(f"{at}/history", params={"limit": 200}).text


def test_the_directory_and_definitions_are_changed_by_those_whose_duty_it_is(town: Pages) -> None:
    absence = {"person": "p32", "since": "2199-01-05", "until": "2199-01-06"}
    document = yaml.safe_load((ROOT / "definitions" / "himeji.yaml").read_text("utf-8")) | {"version": 9}
    with caller(town, "p16", "read", "write") as personnel, caller(town, "p32", "read", "write") as chief:
        moves = {"on": "2199-04-01", "moves": [{"person": "p33", "post": "child-support-chief"}]}
        assert problem(chief.post("/directory/commands/record-moves", json=moves)) == (409, "not-your-duty")
        assert personnel.post("/directory/commands/record-moves", json=moves).status_code == 200
        early = moves | {"on": "0001-01-01"}
        assert problem(personnel.post("/directory/commands/record-moves", json=early)) == (422, "request-shape")
        assert chief.post("/directory/commands/record-absence", json=absence).status_code == 200
        assert problem(personnel.post("/definitions", json={"definition": document})) == (409, "not-your-duty")
    with caller(town, "p07", "read", "write") as office:
        assert office.post("/definitions", json={"definition": document}).status_code == 200
        assert office.post("/definitions", json={"definition": document}).json()["duplicate"] is True
        assert 9 in [d["version"] for d in office.get("/definitions").json()["items"]]
        assert office.get("/rules").json()["secretariat"] == "digital-strategy-office"


def test_a_key_that_does_not_hold_opens_nothing(town: Pages) -> None:
    made = town.json("key", "make", "p32", "--name", "台帳", "--days", "1")
    headers = {"Authorization": f"Bearer {made['key']}"}
    with httpx.Client(base_url=f"{town.base}/api/v1") as client:
        assert client.get("/me", headers=headers).status_code == 200
        for wrong in (
            {},
            {"Authorization": "Bearer x"},
            {"Authorization": "Basic eDp5"},
            {"Cookie": "__Host-session=x"},
        ):
            assert problem(client.get("/me", headers=wrong)) == (401, "key-unknown")
        [listed] = town.json("key", "list")["keys"]
        assert listed["used_at"] and "key" not in listed and listed["scopes"] == ["read"]
        town("key", "revoke", made["id"])
        assert problem(client.get("/me", headers=headers)) == (401, "key-unknown")
        assert problem(client.get("/nowhere", headers=headers)) == (404, "not-found")
    assert "--scope" in town.refused("key", "make", "p32", "--name", "x", "--scope", "all")
    assert "--days" in town.refused("key", "make", "p32", "--name", "x", "--days", "900")


def test_a_key_that_asks_too_often_is_told_to_wait(prepared: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    slow = Pages(f"sqlite:///{tmp_path / 'store.db'}", tmp_path)
    slow.setting("TASKFORCE_API_PER_MINUTE", "5")
    slow.serve()
    try:
        with caller(slow, "p32", "read") as busy, caller(slow, "p32", "read") as other:
            answers = [busy.get("/me") for _ in range(7)]
            assert [a.status_code for a in answers][:5] == [200] * 5
            assert problem(answers[6]) == (429, "too-many-requests") and int(answers[6].headers["retry-after"]) >= 1
            assert other.get("/me").status_code == 200
    finally:
        slow.close()


@pytest.mark.timeout(560)
@pytest.mark.parametrize("what", ["recorded", "read", "anything"])
def test_the_document_and_the_answers_agree_whatever_is_sent(town: Pages, what: str) -> None:
    """schemathesis: no 5xx, no status, type or shape that the document does not name; at random, on things that exist and on whatever
    comes. At every edge of its schema: what takes a form or a file, and two of the commands, which are all made alike; `make fuzz` tries
    all of them so, which takes minutes."""
    town("intake", "call", "2026", "--closes", "2199-01-05", "--as", "p07")
    town("council", "convene", "--on", "2199-01-10", "--as", "p07")
    stream = town.json("list")[0]["id"]
    session = town.json("council", "list")[0]["stream"]
    town("council", "put", session, "other-1", "--title", "議題", "--as", "p07")
    named = f'id = "{stream}"\nsession = "{session}"\nselection = "selection:2026"\nitem = "other-1"\n'
    config = f'[parameters]\n{named}stage = "setup"\nround = 1\nversion = 1\nkey = "setup"\n'
    (town.folder / "schemathesis.toml").write_text("" if what == "anything" else config, "utf-8")
    if what == "recorded":
        alike = () if "FUZZ" in os.environ else ("--exclude-path-regex", ALIKE)
        fuzzed(town, "p07", "examples,fuzzing", "--exclude-method", "GET")
        fuzzed(town, "p07", "coverage", "--exclude-method", "GET", *alike)
    elif what == "read":
        fuzzed(town, "p07", "examples,fuzzing", "--include-method", "GET")
    else:
        fuzzed(town, "p33", "fuzzing")


ALIKE = "/(commands|previews)/(?!answer-request|record-absence)|^/(definitions|rules)"
"""Operations that are made alike, and those that take a whole definition: its schema has more edges than all the others together."""


def fuzzed(town: Pages, person: str, phases: str, *chosen: str) -> None:
    document = f"{town.base}/api/v1/openapi.json"
    httpx.get(document, timeout=120)  # made once, and for longer on a busy machine than the program waits
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            "run",
            document,
            "--header",
            f"Authorization: Bearer {key(town, person, 'read', 'write', 'decide')}",
            "--checks",
            "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
            "--max-examples",
            "5",
            "--phases",
            phases,
            "--workers",
            "1",
            "--seed",
            "7",
            "--no-color",
            "--continue-on-failure",
            *chosen,
        ],
        cwd=town.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
