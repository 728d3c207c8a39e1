"""Files that people send to be taken in, on a page or by the API: read by `imports`, checked, recorded."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from definitions.faults import DocumentError, Fault, fault
from domain.messages import Actor
from imports.batch import Batch, Done, Wrong, record
from imports.portfolios import unknown_sheet
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


class Unread(Exception):
    """A file that is not taken, nothing of it recorded, with everything that is wrong."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("unread")
        self.faults = tuple(faults)


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
            raise Unread(error.faults) from None
        except Wrong as error:
            raise Unread([error.fault]) from None
        except RecursionError:
            raise _unread("入れ子が深すぎます。浅くしてください", "nested too deeply; nest it less") from None
    return batch


def take(site: Site, actor: Actor, batch: Batch) -> Done:
    """Record what is new. Raises `Refused` on a store that only reads."""
    return record(batch, actor, site.record_many)


def _unread(ja: str, en: str, value: str = "") -> Unread:
    return Unread([fault(ja, en, value=value)])


def _sheets(kind: Importing, files: Sequence[File]) -> bool:
    return bool(kind.sheets) and (len(files) > 1 or files[0][0] in kind.sheets)


def _require_fit(kind: Importing, files: Sequence[File]) -> None:
    """Raises `Unread` for what is none of the files that this kind takes."""
    if not files:
        raise _unread("ファイルを選んでください", "choose a file")
    if sum(len(content) for _, content in files) > LARGEST:
        raise _unread(f"合わせて {LARGEST >> 20} MB までにしてください", f"send at most {LARGEST >> 20} MB in all")
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
            raise _unread(
                "使えないファイル名です。名前を変えてください", "such a name cannot be used; rename the file", shown
            )
        if Path(name).suffix.lower() not in kind.forms:
            forms = ", ".join(kind.forms)
            raise _unread(
                f"この種類のファイルは読めません。次のいずれかにしてください: {forms}",
                f"cannot be read; send one of {forms}",
                name,
            )
        if Path(name).suffix.lower() in (".yaml", ".yml") and aliased(content.decode("utf-8-sig", "replace")):
            raise _unread(
                "YAML の別名(*)は使えません。書き下してください", "YAML aliases (*) are not taken; write it out", name
            )
    if len({name for name, _ in files}) < len(files):
        raise _unread(
            "同じ名前のファイルがあります。一方の名前を変えてください", "two files have the same name; rename one"
        )
    if len(files) > 1 and not kind.sheets:
        raise _unread("ファイルは1つにしてください", "send one file at a time")
    strange = [name for name, _ in files if name not in kind.sheets] if len(files) > 1 else []
    if strange:
        raise Unread([unknown_sheet(name) for name in strange])
