"""What the shell prints."""

from __future__ import annotations

from shell.output import harmless


def test_nothing_that_people_wrote_steers_a_terminal() -> None:
    assert harmless("題\x1b[31m\x07\u202eb\t\n") == "題\ufffd[31m\ufffd\ufffdb\t\n"
