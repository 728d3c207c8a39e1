"""Which module registers which command: importing all of them takes a second, and a command needs its own alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module

from typer.main import get_command_name
from typer.models import CommandInfo, TyperInfo

MODULES: Mapping[str, tuple[str, ...]] = {
    "accounts": ("account",),
    "acting": ("answer", "hold", "resume", "review", "submit", "withdraw"),
    "adopting": ("adopt",),
    "amending": ("correct", "diff", "merge", "reopen", "retract"),
    "api_keys": ("key",),
    "attaching": ("attach", "attachments", "detach", "fetch"),
    "charting": ("chart",),
    "councils": ("council", "monitoring"),
    "defining": ("definition",),
    "directories": ("directory",),
    "documents": ("attempts", "decided", "decided-import", "enforce", "register"),
    "erasing": ("directory",),
    "evaluating": ("report",),
    "intake": ("intake",),
    "kpis": ("kpi",),
    "learning": ("forecast", "learn"),
    "looking": ("events", "inbox", "list", "show"),
    "money": ("benefit", "carry", "commit", "value", "windows"),
    "notices": ("notices",),
    "operating": ("doctor", "migrate", "rebuild", "recover", "seal", "verify"),
    "outcomes": ("lineage", "spread", "winddown"),
    "personnel": ("directory", "who"),
    "printing": ("brief", "dossier", "paper"),
    "procuring": ("procure",),
    "rehearsing": ("demo", "rehearse", "ui"),
    "reporting": ("budget", "measure", "promise"),
    "routing": ("concur", "due", "hand-on", "mark", "recuse", "settle"),
    "starting": ("form", "people", "start"),
    "succession": ("succession",),
    "supposing": ("whatif",),
    "talking": ("ask", "comment", "publish", "read", "reply", "share", "unpublish"),
}
"""Module of this package -> the words on the command line that it answers to."""


def command_of(arguments: Sequence[str]) -> str | None:
    """The word that names the command, where a module answers to it: nothing for help, a misspelling or an option before it that we do
    not know."""
    word = next((a for a in arguments if a != "--json"), "")
    return word if any(word in words for words in MODULES.values()) else None


def load(command: str | None) -> None:
    """Import what registers the command, or every module: each registers its commands on import."""
    for module, words in MODULES.items():
        if command is None or command in words:
            import_module(f"shell.{module}")


def command_name(registered: CommandInfo) -> str:
    assert registered.callback is not None
    return registered.name or get_command_name(registered.callback.__name__)


def group_name(registered: TyperInfo) -> str:
    assert registered.typer_instance is not None
    return str(registered.name or registered.typer_instance.info.name)
