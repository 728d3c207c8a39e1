"""What a content-addressed store does. The address of a file is the sha256 of its bytes, so nothing is ever overwritten."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

CHUNK = 1 << 20
"""Bytes read at once."""


class BlobError(Exception):
    """The store cannot be used; the message names it and the remedy. `out_of_reach`: trying later may help."""

    def __init__(self, message: str, *, out_of_reach: bool = False) -> None:
        super().__init__(message)
        self.out_of_reach = out_of_reach


class Missing(BlobError):
    """There are no bytes with this sha256."""


class Altered(BlobError):
    """The bytes at this address are not those that were put there."""


class Blobs(Protocol):
    """Put is durable when it returns; putting the same bytes again is harmless."""

    shown: str
    """Where the bytes lie, without secrets."""

    def put(self, sha256: str, file: Path) -> None: ...

    def read(self, sha256: str) -> Iterator[bytes]:
        """The bytes in chunks, as they lie there. Raises `Missing`."""
        ...

    def has(self, sha256: str) -> bool: ...


def key_of(sha256: str) -> str:
    """Two levels, so that no folder gets crowded."""
    return f"{sha256[:2]}/{sha256[2:]}"


def sha256_of(chunks: Iterable[bytes]) -> str:
    found = hashlib.sha256()
    for chunk in chunks:
        found.update(chunk)
    return found.hexdigest()


def chunks_of(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def unchanged(file: Path, sha256: str) -> Iterator[bytes]:
    """The bytes of a file in chunks; raises `Altered` behind the last one when it changed since its sha256 was taken."""
    said = f"{file}: 読み取り中に変わりました。もう一度添付してください / changed while it was read; attach it again"
    return _compared(chunks_of(file), sha256, said)


def checked(blobs: Blobs, sha256: str) -> Iterator[bytes]:
    """The bytes in chunks; raises `Altered` behind the last one when they are not those that were put there."""
    said = f"{blobs.shown}: {sha256}: 内容が改められています / the bytes were changed after they were put there"
    return _compared(blobs.read(sha256), sha256, said)


def _compared(chunks: Iterable[bytes], sha256: str, said: str) -> Iterator[bytes]:
    found = hashlib.sha256()
    for chunk in chunks:
        found.update(chunk)
        yield chunk
    if found.hexdigest() != sha256:
        raise Altered(said)


def problem_with(blobs: Blobs, sha256: str) -> str | None:
    """What is wrong with one file, or None. Raises `BlobError` when the store itself is out of reach."""
    try:
        for _ in checked(blobs, sha256):
            pass
    except Missing:
        return "ありません / is missing"
    except Altered:
        return "内容が改められています / was changed"
    return None
