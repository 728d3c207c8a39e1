"""Attempts on the pages and the API that come to nothing because nobody here knows the name, or the thing: kept like refusals."""

from __future__ import annotations

from pathlib import Path

import httpx
import yaml

from settings import ROOT
from tests.integration.pages import PASSWORD, Pages, client
from tests.integration.test_api import caller, problem
from tests.integration.test_web_bodies import csrf


def tried(town: Pages) -> list[tuple[str, str, str, str]]:
    found = town.json("attempts")["attempts"]
    return [(r["actor"]["person"], r["actor"]["via"], r["command_type"], r["rule"]) for r in found]


def leaves(town: Pages, person: str, folder: Path) -> None:
    """The directory is imported anew, without a person."""
    document = yaml.safe_load((ROOT / "definitions" / "people.yaml").read_text("utf-8"))
    document["people"] = [p for p in document["people"] if p["id"] != person]
    document["tenures"] = [t for t in document["tenures"] if t["person"] != person]
    file = folder / "people.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
    town("directory", "import", str(file))


def test_who_proves_to_be_somebody_that_the_directory_does_not_know_is_kept(town: Pages, tmp_path: Path) -> None:
    made = town.json("key", "make", "p33", "--name", "連携", "--scope", "read")
    headers = {"Authorization": f"Bearer {made['key']}"}
    with client(town, None) as outside:
        assert outside.get("/api/v1/me", headers=headers).status_code == 200
        leaves(town, "p33", tmp_path)
        for who, password in (("nobody", PASSWORD), ("p33", "wrong"), ("p32", "wrong")):
            assert outside.post("/sign-in", data={"who": who, "password": password}).status_code == 401
        assert outside.get("/api/v1/me", headers={"Authorization": "Bearer tfk_x"}).status_code == 401
        assert tried(town) == [], "what strangers type is counted, not written down"
        assert outside.post("/sign-in", data={"who": "p33", "password": PASSWORD}).status_code == 401
        assert tried(town) == [("p33", "web", "sign-in", "person-unknown")]
        assert [outside.get("/api/v1/me", headers=headers).status_code for _ in range(2)] == [401, 401]


def test_a_key_of_somebody_who_left_is_kept_once_a_day(town: Pages, tmp_path: Path) -> None:
    made = town.json("key", "make", "p33", "--name", "連携", "--scope", "read")
    leaves(town, "p33", tmp_path)
    with httpx.Client(base_url=town.base, headers={"Authorization": f"Bearer {made['key']}"}) as outside:
        assert [outside.get("/api/v1/inbox").status_code for _ in range(3)] == [401, 401, 401]
    assert tried(town) == [("p33", "api", "key", "person-unknown")]


def test_an_answer_to_what_is_not_there_is_kept_and_a_look_is_not(town: Pages) -> None:
    with client(town) as chief:
        assert chief.get("/requests/nowhere").status_code == 404
        token = csrf(chief.get("/sessions").text)
        assert chief.post("/requests/nowhere/answer", data={**token, "decision": "approve"}).status_code == 404
        assert chief.post("/requests/nowhere/ask", data={**token, "text": "?"}).status_code == 404
    with caller(town, "p07", "read") as office, caller(town, "p32", "read") as stranger:
        told = office.get("/attempts").json()["items"]
        assert [(t["person"], t["via"], t["what"]) for t in told][1] == ("p32", "web", "AnswerRequest")
        assert told[1]["reason"] == {"ja": "nowhere: その依頼はありません", "en": told[1]["message"]}
        assert office.get("/attempts", params={"person": "p01"}).json()["items"] == []
        assert problem(stranger.get("/attempts")) == (409, "secretariat-only")
    assert tried(town) == [
        ("p32", "web", "AskQuestion", "request-unknown"),
        ("p32", "web", "AnswerRequest", "request-unknown"),
    ]
