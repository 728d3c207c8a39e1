"""From what went wrong to a line on stderr and an exit code. No traceback reaches a user."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

from domain.messages import Refusal, Refused

_WORDS = {"value": "VALUE", "kpi": "KPI", "content": "FILE", "conditions": "--condition"}
"""Fields of commands that the shell does not take as an option of the same name."""


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


def of_refusals(refused: Sequence[tuple[str, Refused]], told: Sequence[Any]) -> ShellError:
    """Rows of a file that were refused though they had looked right; `told` are those recorded all the same."""
    lines = [f"{ref}: {line}" for ref, r in refused for line in of_refusal(r.refusal).lines]
    lines.append(f"ほかの {len(told)} 件は記録済みです / the other {len(told)} are recorded; start the file again")
    refusals = [{"id": ref, **r.refusal.model_dump(mode="json")} for ref, r in refused]
    return ShellError(*lines, code=Exit.REFUSED, refusals=refusals, recorded=list(told))


def of_validation(error: Any) -> ShellError:
    """A command that could not be made of what was typed; each wrong option by its name."""
    from domain.misfits import said_of

    lines = []
    for e in error.errors(include_url=False):
        field, said = str(e["loc"][0]) if e["loc"] else "", said_of(e)
        option = _WORDS.get(field, "--" + field.replace("_", "-")) if field else error.title
        shown = str(e.get("input")) if field else ""
        value = f"{shown[:60]}…" if len(shown) > 60 else shown
        lines.append(f"{option}: {value}: 使えない値です({said.ja}) / {said.en}")
    return ShellError(*lines, "→ 値を直してもう一度行ってください / correct it and try again")


def translate(error: Exception) -> ShellError:
    """Any known exception as an error for the user; unknown ones are bugs."""
    from pydantic import ValidationError

    from blobs.contract import BlobError
    from definitions.faults import DocumentError
    from domain.registry import KINDS
    from imports.batch import Wrong
    from rehearsal.errors import RehearsalError
    from runtime.devserver import ServerProblem
    from runtime.temporal import TemporalNotFound
    from settings import SettingsError
    from store.errors import Conflict, StoreError, StoreMisnamed, StoreUnreachable

    if isinstance(error, ShellError):
        return error
    if isinstance(error, Refused):
        return of_refusal(error.refusal)
    if isinstance(error, ValidationError) and any(error.title in kind.commands for kind in KINDS.values()):
        return of_validation(error)
    if isinstance(error, RehearsalError):
        return ShellError(str(error), code=Exit(error.exit_code) if error.exit_code in set(Exit) else Exit.NOT_OK)
    if isinstance(error, StoreMisnamed):
        return ShellError(*str(error).splitlines())
    if isinstance(error, StoreUnreachable | Conflict | ServerProblem | TemporalNotFound):
        return ShellError(str(error), code=Exit.UNREACHABLE)
    if isinstance(error, BlobError):
        code = Exit.UNREACHABLE if error.out_of_reach else Exit.NOT_OK
        return ShellError(*str(error).splitlines(), code=code)
    if isinstance(error, Wrong):
        return ShellError(*error.lines)
    if isinstance(error, StoreError | SettingsError | DocumentError):
        return ShellError(*str(error).splitlines())
    return ShellError(
        f"予期しない誤りです / unexpected error: {type(error).__name__}: {' '.join(str(error).split())}",
        "→ 記録は壊れていません。この行を管理者に伝えてください / the record is whole; please report this line to your operator",
        code=Exit.BUG,
    )
