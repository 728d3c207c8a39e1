"""The in-app inbox: a notice is delivered as soon as its row is marked, shells and pages read the rows themselves."""

from __future__ import annotations

from collections.abc import Sequence

from notifications.contract import Owed


class Inbox:
    name = "inbox"
    repeatable = True
    one_by_one = False

    def send(self, owed: Sequence[Owed]) -> None:
        return None
