"""What pages keep and show, through the API: drafts, what an answer needs, what changed, several lifecycles at once, the board."""

from __future__ import annotations

import httpx
import yaml

from settings import ROOT
from tests.integration.pages import Pages
from tests.integration.test_api import SETUP, caller, problem

REF = "R8-child-certificates"
DEFINITION = yaml.safe_load((ROOT / "definitions" / "himeji.yaml").read_text("utf-8"))


def test_drafts_are_those_of_the_pages_and_go_when_they_are_handed_in(town: Pages) -> None:
    with (
        caller(town, "p32", "read", "write", "decide") as chief,
        caller(town, "p33", "read", "write") as drafter,
        caller(town, "p16", "read", "write") as other,
    ):
        [asked] = chief.get("/inbox").json()["items"]
        here = f"/requests/{asked['request']}"
        drafter.post("/lifecycles/R8/commands/add-comment", json={"text": "急ぎます"})
        seen, not_mine = chief.get(here).json(), drafter.get(here).json()
        assert (seen["asked"], not_mine["asked"]) == (True, False)
        assert seen["document"]["content_hash"] == asked["content_hash"] and seen["said"][-1]["said"] == "急ぎます"
        assert (
            seen["route"][0]["waiting"][0]["people"] == ["p32"] and seen["route"][0]["answers"] == seen["earlier"] == []
        )
        assert chief.put(f"{here}/draft", json={"comment": "あとで"}).status_code == 200
        kept = chief.get(f"{here}/draft").json()
        assert kept["comment"] == "あとで" and chief.put(f"{here}/draft", json=kept).json() == kept
        assert problem(drafter.put(f"{here}/draft", json={"comment": "x"})) == (404, "not-found"), "it asks another"
        assert chief.delete(f"{here}/draft").status_code == 204
        assert problem(chief.get(f"{here}/draft")) == (404, "not-found")
        path = "/lifecycles/R8/draft"
        assert problem(drafter.get(path)) == (404, "not-found"), "it is in circulation"
        town("withdraw", "R8", "--reason", "書き直す", "--as", "p33")
        assert problem(other.get(path))[0] == problem(other.put(path, json={"content": {}}))[0] == 409
        begun = drafter.get(path)
        assert begun.json()["version"] == 0 and begun.json()["content"]["problem"] == SETUP["problem"]
        changed = SETUP | {"problem": "年約1万2千件の来庁"}
        same = drafter.put(path, json=begun.json(), headers={"If-Match": begun.headers["etag"]}).json()
        assert (same["version"], same["content"]) == (1, begun.json()["content"])
        assert drafter.delete(path).status_code == 204
        saved = drafter.put(path, json={"content": changed}, headers={"If-Match": begun.headers["etag"]})
        assert saved.json()["version"] == 1 and saved.headers["etag"] == '"1"'
        late = drafter.put(path, json={"content": {"problem": "x"}}, headers={"If-Match": begun.headers["etag"]})
        assert problem(late) == (412, "draft-moved-on")
        back = drafter.put(path, json=saved.json(), headers={"If-Match": saved.headers["etag"]})
        assert back.json() == drafter.get(path).json() == saved.json(), "what was read is taken back as it is"
        other_round = drafter.put(path, json=saved.json() | {"round": 2})
        assert problem(other_round) == (412, "draft-moved-on") and "round: 1" in other_round.json()["message"]["en"]
        assert drafter.post(f"{path}/check", json=saved.json()).json()["problems"] == []
        assert problem(drafter.put(path, json={"content": {"verse": "x"}})) == (422, "form-shape")
        assert drafter.post(f"{path}/check", json={"content": changed}).json()["problems"] == []
        assert drafter.post(f"{path}/check", json={"content": {}}).json()["problems"] != []
        submitted = {"stage": "setup", "content": changed}
        assert drafter.post("/lifecycles/R8/commands/submit-deliverable", json=submitted).status_code == 200
        town("withdraw", "R8", "--reason", "もう一度", "--as", "p33")
        again = drafter.get(path).json()
        assert (again["version"], again["content"]["problem"]) == (0, changed["problem"]), "the draft went with it"
        told = town.json("diff", "R8", "--stage", "setup")
        found = drafter.get("/lifecycles/R8/documents/setup/1/2/differences").json()
        assert found["differences"] == told["differences"] and [d["after"] for d in told["differences"]] == [
            changed["problem"]
        ]
        assert (found["old"]["version"], found["new"]["version"]) == (1, 2)
        none = drafter.get("/lifecycles/R8/documents/setup/1/1/differences").json()
        assert none["old"] is None and none["differences"] == []
        missing = drafter.get("/lifecycles/R8/documents/setup/1/2/differences", params={"against": 9})
        assert problem(missing) == (404, "not-found")


def test_several_lifecycles_are_moved_and_handed_over_each_told(town: Pages) -> None:
    newer = DEFINITION | {"version": 9}
    with (
        caller(town, "p07", "read", "write") as office,
        caller(town, "p33", "read", "write") as drafter,
        caller(town, "p16", "read", "write") as personnel,
    ):
        assert drafter.get("/definitions/himeji@1").json()["version"] == 1
        assert problem(drafter.get("/definitions/himeji@9")) == (404, "not-found")
        seen = drafter.post("/definitions/dry-run", json={"definition": newer}).json()
        assert [(r["ref"], r["effect"]) for r in seen["items"]] == [(REF, "kept")]
        strange = newer | {"stages": [newer["stages"][0] | {"deliverable": "poem"}, *newer["stages"][1:]]}
        tried = drafter.post("/definitions/dry-run", json={"definition": strange})
        assert problem(tried) == (422, "definition-unknown-names")
        other = DEFINITION | {"title": {"ja": "別", "en": "another"}}
        tried = drafter.post("/definitions/dry-run", json={"definition": other})
        assert problem(tried) == (409, "definition-published-otherwise")
        assert office.post("/definitions", json={"definition": newer}).status_code == 200
        row = seen["items"][0]
        chosen = [{"lifecycle": "R8", "version": row["version"]}, {"lifecycle": "nowhere"}]
        moves, head = {"lifecycles": chosen, "reason": "新しい手順"}, {"Idempotency-Key": "move-1"}
        first, again = (office.post("/definitions/himeji@9/moves", json=moves, headers=head).json() for _ in range(2))
        assert [r["status"] for r in first["results"]] == ["recorded", "refused"]
        assert first["results"][1]["rule"] == "not-found" and first["results"][1]["remedy"]["ja"]
        assert again["results"][0]["recorded"] == first["results"][0]["recorded"] | {"duplicate": True}
        assert drafter.get("/lifecycles/R8").json()["definition"] == "himeji@9"
        _handed_over(drafter, personnel)
        _read(town, office, drafter)


def _handed_over(drafter: httpx.Client, personnel: httpx.Client) -> None:
    work = personnel.get("/directory/people/p33/work").json()
    assert [w["ref"] for w in work["lifecycles"]] == [REF] and "drafter" in work["lifecycles"][0]["duties"]
    assert problem(drafter.get("/directory/people/p32/work")) == (409, "not-your-duty")
    asked = {"successor": "p30", "lifecycles": ["R8", "R8"], "reason": "異動"}
    head = {"Idempotency-Key": "hand-1"}
    first, again = (
        drafter.post("/directory/people/p33/work/hand-over", json=asked, headers=head).json() for _ in range(2)
    )
    assert [r["status"] for r in first["results"]] == ["recorded"] and again["results"][0]["recorded"]["duplicate"]
    assert personnel.get("/directory/people/p33/work").json()["lifecycles"] == []


def _read(town: Pages, office: httpx.Client, drafter: httpx.Client) -> None:
    assert problem(drafter.get("/directory", params={"on": "2199-01-01"})) == (409, "day-to-come")
    for path in ("/directory", "/directory/tenures"):
        early = drafter.get(path, params={"on": "2019-12-31"})
        assert problem(early) == (422, "before-the-directory") and "2020-04-01" in early.json()["remedy"]["en"]
        assert [(p["field"], p["value"]) for p in early.json()["problems"]] == [("on", "2019-12-31")]
    assert "2020-04-01" in town.refused("who", "mayor", "--on", "2019-12-31")
    assert drafter.get("/directory", params={"on": "2020-04-01"}).json()["posts"][0]["holders"]
    assert drafter.get("/directory", params={"on": "2026-04-01"}).json()["day"] == "2026-04-01"
    career = drafter.get("/directory/tenures", params={"person": "p33"}).json()["items"]
    told = town.json("who", "--person", "p33")
    assert [(t["post"], t["since"], t["until"]) for t in career] == [(t["post"], t["since"], t["until"]) for t in told]
    assert drafter.get("/me/notices").json()["channels"]["email"] == {"digest": "immediate", "hour": 8}
    town("notices", "choose", "--digest", "weekly", "--as", "p33")
    assert drafter.get("/me/notices").json()["channels"] == town.json("notices", "show", "--as", "p33") | {
        "inbox": {"digest": "immediate", "hour": 8}
    }
    board = drafter.get("/board").json()
    assert [(c["stage"], c["count"]) for c in board["columns"]] == [("setup", 1)] and board["late"]
    assert problem(drafter.get("/board", params={"bureau": "nowhere"})) == (404, "not-found")
    assert office.get("/operations").json()["lifecycles"] == 1
    assert problem(drafter.get("/operations")) == (409, "secretariat-only")
    assert drafter.get("/me/answers").json()["items"] == []
    xes = drafter.get("/learning/log.xes", params={"detail": "requests"})
    assert xes.headers["content-type"].startswith("application/xml") and "<trace>" in xes.text
    assert drafter.get("/learning/log.json").json()["events"]
