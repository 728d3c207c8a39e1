"""Process definitions in use: the second example runs, and running lifecycles move to a new version from the shell."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from definitions.loader import SHIPPED
from rehearsal.run import rehearse
from settings import ROOT
from tests.integration.test_shell import Shell

SMALL = ROOT / "examples" / "small-city"


@pytest.fixture
def shell(sqlite_url: str, tmp_path: Path) -> Shell:
    return Shell(sqlite_url, tmp_path)


def test_the_small_city_comes_to_results_by_its_own_process() -> None:
    summary = rehearse(
        SMALL / "tasks.yaml",
        date(2027, 3, 31),
        1,
        since=date(2024, 4, 1),
        people=SMALL / "people.yaml",
        definition=SMALL / "definition.yaml",
    )
    told = summary.model_dump(mode="json")
    assert told["lifecycles"] == 3
    assert sum(told["results"].values()) >= 2, told["results"]


def test_the_small_city_is_answered_from_the_shell(shell: Shell) -> None:
    shell("migrate")
    shell("directory", "import", str(SMALL / "people.yaml"))
    shell("definition", "publish", str(SMALL / "definition.yaml"))
    shell("start", str(SMALL / "tasks.yaml"))
    form = yaml.safe_load((ROOT / "examples" / "deliverables" / "setup.yaml").read_text("utf-8"))
    form |= {"chair": "t01", "adviser": "t04", "departments": ["planning"]}
    form["members"] = [{"person": "t04", "department": "planning", "role": "記録"}]
    shell("submit", "S1", _write(shell, form), "--as", "t03")
    for person in ("t02", "t01"):
        done = shell.json("answer", shell.waiting(person), "--as", person, "--decision", "approve")
    assert (done["stage"], done["closed"]) == ("proposal", False)
    assert shell.json("verify")["ok"]


def _write(shell: Shell, content: object) -> str:
    path = Path(shell.url.removeprefix("sqlite:///")).parent / "form.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    return str(path)


def _second(folder: Path) -> str:
    """himeji@2: the secretariat is asked first of all; the first step has less time."""
    document = yaml.safe_load((SHIPPED / "himeji.yaml").read_text("utf-8"))
    document["version"] = 2
    gate = document["stages"][0]["gate"]
    gate[0]["due"] = {"working_days": 2}
    gate.insert(
        0,
        {
            **gate[0],
            "key": "secretariat",
            "title": {"ja": "事務局", "en": "secretariat"},
            "posts": [{"role": "secretariat_director", "unit": "headquarters"}],
        },
    )
    path = folder / "himeji-2.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), "utf-8")
    return str(path)


def test_a_new_version_is_compared_published_tried_and_moved_to(shell: Shell, tmp_path: Path) -> None:
    file = _second(tmp_path)
    shell("start", str(ROOT / "examples" / "smart-city.yaml"))
    shell("start", str(ROOT / "examples" / "first.yaml"))
    shell("submit", "R8", str(ROOT / "examples" / "deliverables" / "setup.yaml"), "--as", "p33")
    agreed = shell.waiting("p32")
    shell("answer", agreed, "--as", "p32", "--decision", "approve")
    lines = shell.json("definition", "diff", "himeji@1", file)["differences"]
    assert {"version 1 -> 2"} <= {x["en"] for x in lines} and any("is new" in x["en"] for x in lines)
    assert "himeji@9" in shell.refused("definition", "diff", "himeji@1", "himeji@9")
    before = shell.json("definition", "dry-run", file)
    assert (before["totals"]["kept"], before["totals"]["asked_again"]) == (6, 1)
    assert "himeji@2" in shell.refused("definition", "migrate", "himeji@2", "--all", "--reason", "x", "--as", "p07")
    shell("definition", "publish", file)
    assert shell.json("definition", "dry-run", "himeji@2")["totals"] == before["totals"]
    assert "--all" in shell.refused("definition", "migrate", "himeji@2", "--reason", "x", "--as", "p07")
    moved = shell.json("definition", "migrate", "himeji@2", "--id", "R8", "--reason", "改正", "--as", "p07")
    assert [r["status"] for r in moved["lifecycles"]] == ["moved"]
    assert shell.json("show", "R8")["definition"] == "himeji@2"
    for person in ("p07", "p30", "p02"):
        done = shell.json("answer", shell.waiting(person), "--as", person, "--decision", "approve")
    assert done["stage"] == "analysis"
    rest = shell.json("definition", "migrate", "himeji@2", "--all", "--reason", "改正", "--as", "p07")
    assert sorted(r["status"] for r in rest["lifecycles"]) == ["moved"] * 6 + ["same"]
    stranger = shell("definition", "migrate", "himeji@1", "--all", "--reason", "x", "--as", "p38", "--json", code=3)
    assert "not-concerned" in stranger.stdout
    assert shell.json("verify")["ok"]
