"""The period that a measurement belongs to when none is named."""

from __future__ import annotations

from datetime import date

import pytest

from shell.reporting import period_of


@pytest.mark.parametrize(
    ("cadence", "month", "period"),
    [
        (None, 11, "2026-11"),
        ("monthly", 1, "2026-01"),
        ("quarterly", 3, "2026-Q1"),
        ("quarterly", 4, "2026-Q2"),
        ("quarterly", 12, "2026-Q4"),
        ("half_yearly", 6, "2026-H1"),
        ("half_yearly", 7, "2026-H2"),
        ("yearly", 8, "2026"),
    ],
)
def test_the_current_period_follows_the_cadence(cadence: str | None, month: int, period: str) -> None:
    assert period_of(cadence, date(2026, month, 15)) == period
