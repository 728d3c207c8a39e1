"""Files that people send to be taken in, on a page or by the API: read by `imports`, checked, recorded."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from definitions.loader import DocumentError
from domain.messages import Actor, Text
from imports.batch import Batch, Done, Wrong, record
from imports.registry import Importing
from imports.rows import aliased
from store.store import Store
from web.app import Site

LARGEST = 1 << 20
"""Bytes of all files together."""
MOST = 2_000
"""Rows at once; more go in several files, or at the shell."""
File = tuple[str, bytes]
"""(name, content)"""
_PLACE = re.compile(r"^(?:(?P<file>[^:/]{1,60}\.csv) )?(?:line \d+(?:, column \d+)?|tasks\[\d+\])(?=: )")


class Unread(Exception):
    """A file that is not taken. `problems`: (place, what is wrong with the remedy), nothing of it recorded."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__("unread")
        self.problems = list(problems)


def said(problem: str) -> Text:
    """Lines of files stand in both languages in one, as at the shell."""
    return Text(ja=problem, en=problem)


def read(store: Store, kind: Importing, actor: Actor, files: Sequence[File], round_: str = "") -> Batch:
    """The rows of what was sent, checked; nothing is recorded. Raises `Unread`."""
    _require_fit(kind, files)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name, _ in files]
        for path, (_, content) in zip(paths, files, strict=True):
            path.write_bytes(content)
        try:
            if _sheets(kind, files):
                batch = kind.read(store, actor, Path(folder), round_, MOST)
                batch.file = ", ".join(name for name, _ in files)
            else:
                batch = kind.read(store, actor, paths[0], round_, MOST)
        except DocumentError as error:
            raise Unread([_placed(p) for p in error.problems]) from None
        except Wrong as error:
            raise Unread([("", " ".join(error.lines))]) from None
        except RecursionError:
            raise _unread("入れ子が深すぎます。浅くしてください / nested too deeply; nest it less") from None
    return batch


def take(site: Site, actor: Actor, batch: Batch) -> Done:
    """Record what is new. Raises `Refused` on a store that only reads."""
    return record(batch, actor, site.record_many)


def _unread(words: str) -> Unread:
    return Unread([("", words)])


def _sheets(kind: Importing, files: Sequence[File]) -> bool:
    return bool(kind.sheets) and (len(files) > 1 or files[0][0] in kind.sheets)


def _require_fit(kind: Importing, files: Sequence[File]) -> None:
    """Raises `Unread` for what is none of the files that this kind takes."""
    if not files:
        raise _unread("ファイルを選んでください / choose a file")
    if sum(len(content) for _, content in files) > LARGEST:
        raise _unread(f"合わせて {LARGEST >> 20} MB までにしてください / send at most {LARGEST >> 20} MB in all")
    for name, content in files:
        if (
            not name
            or name != Path(name).name
            or len(name.encode("utf-8", "replace")) > 200
            or name.startswith(".")
            or not name.isprintable()
            or "\\" in name
        ):
            shown = name[:80].encode("utf-8", "replace").decode()
            raise _unread(f"{shown}: 使えないファイル名です / such a name cannot be used; rename the file")
        if Path(name).suffix.lower() not in kind.forms:
            forms = ", ".join(kind.forms)
            raise _unread(f"{name}: この種類のファイルは読めません / cannot be read; send one of {forms}")
        if Path(name).suffix.lower() in (".yaml", ".yml") and aliased(content.decode("utf-8-sig", "replace")):
            raise _unread(f"{name}: YAML の別名(*)は使えません / YAML aliases (*) are not taken; write it out")
    if len({name for name, _ in files}) < len(files):
        raise _unread("同じ名前のファイルがあります / two files have the same name; rename one")
    if len(files) > 1 and not kind.sheets:
        raise _unread("ファイルは1つにしてください / send one file at a time")
    strange = [name for name, _ in files if name not in kind.sheets] if len(files) > 1 else []
    if strange:
        known = ", ".join(kind.sheets)
        raise _unread(f"{strange[0]}: 知らない表です / unknown sheet; 使えるのは / sheets: {known}")


def _placed(problem: str) -> tuple[str, str]:
    """(place, the rest) of a line such as `line 3: value: 12,5: …`."""
    found = _PLACE.match(problem)
    return (found[0], problem[found.end() + 2 :]) if found else ("", problem)
