"""The Typer application: options that all commands share, and the one place where errors become exit codes."""

from __future__ import annotations

import io
import json
import os
import sys
from copy import copy
from typing import Annotated

import typer
from typer.exceptions import Abort, TyperException
from typer.exceptions import Exit as Leaving

from shell.commands import command_name, command_of, group_name, load
from shell.errors import Exit, ShellError, translate
from shell.output import OUT

app = typer.Typer(
    name="taskforce",
    help="課題解決タスクフォースのライフサイクルを始め、答え、見る / start, answer and watch taskforce lifecycles",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _json(value: bool) -> bool:
    OUT.json = OUT.json or value
    return value


Json = Annotated[
    bool, typer.Option("--json", help="JSON 文書を一つだけ出力 / one JSON document and nothing else", callback=_json)
]
As = Annotated[
    str | None, typer.Option("--as", help="職員ID(先頭部分・氏名も可) / person id (its beginning or a name will do)")
]
Id = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="ライフサイクルのID(先頭部分・自分の id も可) / id, its beginning, or your own id"
    ),
]
CommandId = Annotated[
    str | None,
    typer.Option("--command-id", help="同じ操作の再送を無害にする ID / makes a retry harmless", show_default=False),
]


@app.callback()
def _root(json_: Json = False) -> None:
    """課題解決タスクフォース / taskforce lifecycles"""


def run(arguments: list[str] | None = None) -> int:
    """Run a command line; returns the exit code. Everything that goes wrong is told on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Japanese letters is no reason to fail
    words = sys.argv[1:] if arguments is None else arguments
    command = command_of(words)
    load(command)
    try:
        code = _of(command)(args=words, standalone_mode=False, prog_name="taskforce")
        OUT.flush_notes()
        return int(code) if isinstance(code, int) else Exit.OK
    except Leaving as leaving:
        return int(leaving.exit_code)
    except Abort:
        return 130
    except TyperException as usage:
        # Typer stops at the first word it does not know, perhaps before it has seen the option.
        OUT.json = OUT.json or "--json" in words
        return _tell(ShellError(usage.format_message(), "→ `./taskforce --help` / `./taskforce COMMAND --help`"))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if os.environ.get("TASKFORCE_DEBUG"):
            raise
        return _tell(translate(error))


def _tell(error: ShellError) -> int:
    if OUT.json:
        noted = {"notes": OUT.notes} if OUT.notes else {}
        document = {"error": {"code": int(error.code), "lines": list(error.lines), **noted, **error.more}}
        sys.stderr.write(json.dumps(document, ensure_ascii=False) + "\n")
    else:
        sys.stderr.write("\n".join(error.lines) + "\n")
    return int(error.code)


def _of(command: str | None) -> typer.Typer:
    """The application with that command alone (making 190 of them takes longer than most commands), or with all."""
    if command is None:
        return app
    alone = copy(app)
    alone.registered_commands = [c for c in app.registered_commands if command_name(c) == command]
    alone.registered_groups = [g for g in app.registered_groups if group_name(g) == command]
    return alone
