"""Money on the pages and at the shell: the board of budget windows, amounts, value, and the form for a benefit."""

from __future__ import annotations

import re

from tests.integration.pages import Pages, client


def test_windows_amounts_and_value_from_shell_to_page(town: Pages) -> None:
    listed = town.json("windows", "R8")
    assert listed["ready_by"] == "due_dates" and listed["aim"]["at"]["window"] in {
        w["window"] for w in listed["windows"]
    }
    assert sum(w["lifecycles"] for w in listed["windows"]) >= 1
    assert "budget-window" in town.refused(
        "windows", "R8", "--aim", "july", "--fiscal-year", "2027", "--as", "p33", code=3
    )
    town("budget", "R8", "--fiscal-year", "2027", "--state", "asked", "--amount", "9000000", "--as", "p11")
    town(
        "benefit",
        "R8",
        "desk",
        "--kind",
        "hours",
        "--per-year",
        "1200",
        "--from-year",
        "2027",
        "--source",
        "survey",
        "--as",
        "p33",
    )
    weighed = town.json("value", "R8")
    assert weighed["costs"][0] == {"fiscal_year": 2027, "amount": 9000000, "from_": "asked"}
    assert weighed["appraisal"]["balance"] == 5 * 1200 * 2800 - 9000000
    with client(town) as browsing:
        board = browsing.get("/board/windows").text
        assert "Budget windows" in board and "skeleton budget" in board
        link = re.search(r'href="(/lifecycles/[^"/?]+)"', board)
        assert link is not None
        page = browsing.get(link[1]).text
        assert "9,000,000" in page and "Payback in years" in page and "Every state with its day" in page
        assert "Yen an hour" in browsing.get(f"{link[1]}/do/benefit").text
