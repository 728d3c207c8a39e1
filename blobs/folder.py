"""The default: a folder. A file appears whole under its address or not at all, and stays when the power goes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from blobs.contract import BlobError, Missing, chunks_of, key_of, sha256_of, unchanged


class Folder:
    """`root` is made when the first file is put."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.shown = str(root)

    def put(self, sha256: str, file: Path) -> None:
        target = self._root / key_of(sha256)
        try:
            if target.exists() and sha256_of(chunks_of(target)) == sha256:
                return
            self._make(target.parent)
            with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".", delete=False) as part:
                try:
                    for chunk in unchanged(file, sha256):
                        part.write(chunk)
                    part.flush()
                    os.fsync(part.fileno())
                    os.fchmod(part.fileno(), 0o440)
                    Path(part.name).replace(target)
                except BaseException:
                    Path(part.name).unlink(missing_ok=True)
                    raise
            _sync(target.parent)
        except OSError as error:
            raise self._unusable(error) from error

    def read(self, sha256: str) -> Iterator[bytes]:
        try:
            yield from chunks_of(self._root / key_of(sha256))
        except FileNotFoundError:
            raise Missing(f"{self.shown}: {sha256}: ありません / is missing") from None
        except OSError as error:
            raise self._unusable(error) from error

    def has(self, sha256: str) -> bool:
        return (self._root / key_of(sha256)).is_file()

    def _make(self, folder: Path) -> None:
        missing = [p for p in (folder, *folder.parents) if not p.exists()]
        for path in reversed(missing):
            path.mkdir(exist_ok=True)
            _sync(path.parent)

    def _unusable(self, error: OSError) -> BlobError:
        return BlobError(
            f"TASKFORCE_ATTACHMENTS: {self.shown}: 添付の置き場を使えません / cannot be used: {error.strerror or error}\n"
            "→ 置き場と権限、空き容量を確認してください / check the folder, its permissions and the space left",
            out_of_reach=True,
        )


def _sync(folder: Path) -> None:
    """Names are durable when their folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
