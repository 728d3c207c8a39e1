"""From what went wrong to a line on stderr and an exit code. No traceback reaches a user."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from domain.messages import Refusal, Refused


class Exit(IntEnum):
    """0 done, 1 not ok, 2 bad input, 3 refused by a rule, 4 a server is out of reach and nothing was recorded."""

    OK = 0
    NOT_OK = 1
    BAD_INPUT = 2
    REFUSED = 3
    UNREACHABLE = 4
    BUG = 70


class ShellError(Exception):
    """An error for the user: one line a problem; each names the field, the value and the remedy."""

    def __init__(self, *lines: str, code: Exit = Exit.BAD_INPUT, **more: Any) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines
        self.code = code
        self.more = more


def of_refusal(refusal: Refusal) -> ShellError:
    lines = [f"拒否 / refused ({refusal.rule}): {refusal.message.ja} / {refusal.message.en}"]
    for p in refusal.problems:
        value = "" if p.value is None else f" (値 / value: {p.value})"
        lines.append(f"  {p.field}{value}: {p.message.ja} / {p.message.en}")
    lines.append(f"→ {refusal.remedy.ja} / {refusal.remedy.en}")
    bad_shape = refusal.rule == "form-shape"
    return ShellError(
        *lines, code=Exit.BAD_INPUT if bad_shape else Exit.REFUSED, refusal=refusal.model_dump(mode="json")
    )


def translate(error: Exception) -> ShellError:
    """Any known exception as an error for the user; unknown ones are bugs."""
    from definitions.loader import DocumentError
    from rehearsal.errors import RehearsalError
    from runtime.devserver import ServerProblem
    from runtime.temporal import TemporalNotFound
    from settings import SettingsError
    from store.errors import Conflict, StoreError, StoreMisnamed, StoreUnreachable

    if isinstance(error, ShellError):
        return error
    if isinstance(error, Refused):
        return of_refusal(error.refusal)
    if isinstance(error, RehearsalError):
        return ShellError(str(error), code=Exit(error.exit_code) if error.exit_code in set(Exit) else Exit.NOT_OK)
    if isinstance(error, StoreMisnamed):
        return ShellError(*str(error).splitlines())
    if isinstance(error, StoreUnreachable | Conflict | ServerProblem | TemporalNotFound):
        return ShellError(str(error), code=Exit.UNREACHABLE)
    if isinstance(error, StoreError | SettingsError | DocumentError):
        return ShellError(*str(error).splitlines())
    return ShellError(
        f"予期しない誤りです / unexpected error: {type(error).__name__}: {error}",
        "→ 記録は壊れていません。この行を管理者に伝えてください / the record is whole; please report this line to your operator",
        code=Exit.BUG,
    )
