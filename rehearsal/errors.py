"""What keeps a rehearsal from playing."""

from __future__ import annotations


class RehearsalError(Exception):
    """The rehearsal cannot play; the message is for users. `exit_code`: 2 bad input, 3 refused, 4 out of reach, 1 else."""

    def __init__(self, message: str, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code
