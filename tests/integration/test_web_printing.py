"""Papers of a lifecycle downloaded from pages and by the API: the same bytes as the shell writes."""

from __future__ import annotations

from tests.integration.pages import Pages, client
from tests.integration.test_api import caller, problem


def test_pages_and_the_api_hand_out_what_the_shell_writes(town: Pages) -> None:
    made = {}
    for name, words in {
        "paper": ("paper", "R8", "--stage", "setup"),
        "dossier": ("dossier", "R8"),
        "brief": ("brief", "R8", "--question", "費用と効果は"),
    }.items():
        file = town.folder / f"{name}.pdf"
        town(*words, "--out", str(file))
        made[name] = file.read_bytes()
    asked = {"question": "費用と効果は"}
    with client(town) as chief, caller(town, "p32", "read") as api:
        page = chief.get("/lifecycles/R8").text
        stream = town.json("show", "R8")["id"]
        for link in (f"{stream}/documents/setup/1/1/paper.pdf", f"{stream}/dossier.pdf", f"{stream}/brief.pdf"):
            assert f'"/lifecycles/{link}"' in page
        paper = chief.get("/lifecycles/R8/documents/setup/1/1/paper.pdf")
        assert (
            paper.headers["content-type"] == "application/pdf" and "attachment" in paper.headers["content-disposition"]
        )
        assert paper.content == made["paper"] == api.get("/lifecycles/R8/documents/setup/1/1/paper").content
        assert chief.get("/lifecycles/R8/dossier.pdf").content == made["dossier"]
        assert api.get("/lifecycles/R8/dossier").content == made["dossier"]
        assert chief.get("/lifecycles/R8/brief.pdf", params=asked).content == made["brief"]
        assert api.get("/lifecycles/R8/brief", params=asked).content == made["brief"]
        for missing in ("setup/1/9", "setup/9/1", "nowhere/1/1"):
            assert chief.get(f"/lifecycles/R8/documents/{missing}/paper.pdf").status_code == 404
            assert problem(api.get(f"/lifecycles/R8/documents/{missing}/paper")) == (404, "not-found")
    with client(town, None) as outside:
        assert outside.get("/lifecycles/R8/dossier.pdf").status_code == 303


def test_what_moving_would_change_is_read_page_by_page_then_done(town: Pages) -> None:
    town("start", "examples/smart-city.yaml")
    with caller(town, "p07", "read", "write") as api:
        document = api.get("/definitions").json()["items"][0]["document"]
        later = {"definition": {**document, "version": 2}}
        assert api.post("/definitions", json=later).status_code == 200
        seen: list[dict[str, object]] = []
        cursor: dict[str, str] = {}
        while True:
            page = api.get("/definitions/himeji@2/dry-run", params={"limit": "3", **cursor}).json()
            seen += page["items"]
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        assert len({s["stream"] for s in seen}) == len(seen) == 7
        assert {s["effect"] for s in seen} == {"kept"}
        one = seen[0]
        moved = {"definition": "himeji@2", "reason": "改正"}
        address = f"/lifecycles/{one['stream']}/commands/migrate-definition"
        stale = api.post(address, json=moved, headers={"If-Match": '"999"'})
        assert problem(stale) == (412, "stream-moved-on")
        assert api.post(address, json=moved, headers={"If-Match": f'"{one["version"]}"'}).status_code == 200
        assert len(api.get("/definitions/himeji@2/dry-run").json()["items"]) == 6
        assert len(api.get("/definitions/himeji@1/dry-run", params={"source": "himeji@2"}).json()["items"]) == 1
        assert problem(api.get("/definitions/himeji@9/dry-run")) == (404, "not-found")
        assert problem(api.get("/definitions/himeji@2/dry-run?stage=x")) == (422, "request-shape")
