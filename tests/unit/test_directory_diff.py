"""Two directories in words."""

from __future__ import annotations

from datetime import date

from domain.directory import Absence, Deputy, Directory, Post, Reorganisation, Tenure
from domain.directory_diff import differences
from domain.messages import Text
from tests.city import directory

CITY = directory()
DAY = date(2027, 4, 1)


def test_the_same_directory_has_no_difference() -> None:
    assert differences(CITY, directory()) == []


def test_every_part_is_told_in_both_languages() -> None:
    chief = next(p for p in CITY.posts if p.id == "child-chief")
    renamed = chief.model_copy(update={"title": Text(ja="子育て支援課長", en="Chief, Child Support")})
    new = Directory.model_validate(
        {
            **CITY.model_dump(),
            "posts": [renamed if p == chief else p for p in CITY.posts]
            + [Post(id="new", title=chief.title, role="x", unit=chief.unit)],
            "tenures": [*CITY.tenures[1:], Tenure(person="p-mayor", post="new", since=DAY, capacity="acting")],
            "deputies": [Deputy(post="child-chief", deputy="new", since=DAY, scope=("setup",))],
            "absences": [Absence(person="p-mayor", since=DAY, until=DAY)],
            "reorganisations": [Reorganisation(unit="health-section", to="child-section", on=DAY)],
        }
    )
    told = differences(CITY, new)
    said = "\n".join(f"{t.ja} / {t.en}" for t in told)
    for part in (
        "職が変わる: child-chief",
        "→ child-chief 子育て支援課長",
        "new post: new",
        "tenure gone",
        "(acting)",
        "[setup]",
        "不在が加わる",
        "new reorganisation",
    ):
        assert part in said, part
    assert len(told) == 7
    assert {t.ja.split("が")[0] for t in differences(new, CITY)} == {"職", "在職", "代決の順位", "不在", "機構改革"}
