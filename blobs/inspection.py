"""What may be attached: a clean name, a known type that the bytes agree with, no macros, not too large."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from blobs.contract import chunks_of, sha256_of
from domain.attachments import TYPES, Attachment, clean_name, ending

_OPENDOCUMENT = {f"application/vnd.oasis.opendocument.{kind}" for kind in ("text", "spreadsheet", "presentation")}


class Unfit(ValueError):
    """A file that is not taken; the message names it, what is wrong and the remedy."""


def inspect(file: Path, *, largest: int, name: str | None = None) -> Attachment:
    """The attachment that a file makes, under `name` or its own. `largest` in bytes. Raises `Unfit`; reads it once or twice."""
    shown = clean_name(name if name is not None else file.name)
    try:
        if not file.is_file():
            raise Unfit(
                f"FILE: {file}: 通常のファイルではありません / no regular file\n→ ファイルを指定してください / name a file"
            )
        size = file.stat().st_size
        _require_size(file, size, largest)
        kind = TYPES.get(ending(shown))
        if kind is None or shown == f".{ending(shown)}" or not shown.rpartition(".")[0]:
            raise Unfit(
                f"FILE: {file}: この種類は添付できません / this type is not taken\n"
                f"→ 使える拡張子: {', '.join(TYPES)} / endings: {', '.join(TYPES)}"
            )
        wrong = _LOOKS[ending(shown)](file)
        if wrong:
            raise Unfit(
                f"FILE: {file}: {wrong}\n→ 元のソフトで保存し直すか、正しい拡張子にしてください / save it again, or give it its true ending"
            )
        return Attachment(name=shown, sha256=sha256_of(chunks_of(file)), size=size, media_type=kind)
    except OSError as error:
        raise Unfit(f"FILE: {file}: 読めません / cannot be read: {error.strerror or error}") from error


def _require_size(file: Path, size: int, largest: int) -> None:
    if size == 0:
        raise Unfit(f"FILE: {file}: 空のファイルです / the file is empty")
    if size > largest:
        raise Unfit(
            f"FILE: {file}: {size:,} バイトは大きすぎます。{largest:,} バイトまで / {size:,} bytes is too large; at most {largest:,}\n"
            "→ 分けるか圧縮率を上げるか、TASKFORCE_ATTACHMENT_MB を上げてください / split or shrink it, or raise the setting"
        )


def _begins(*signatures: bytes) -> Callable[[Path], str | None]:
    def look(file: Path) -> str | None:
        with file.open("rb") as stream:
            head = stream.read(16)
        if any(head.startswith(s) for s in signatures):
            return None
        return "内容がこの種類ではありません / its bytes are not those of this type"

    return look


def _office(folder: str) -> Callable[[Path], str | None]:
    """Office Open XML: a zip with this folder, and no macros."""

    def look(file: Path) -> str | None:
        names = _names(file)
        if "[Content_Types].xml" not in names or not any(n.startswith(f"{folder}/") for n in names):
            return "内容がこの種類の文書ではありません / its bytes are not those of this type"
        if any(n.lower().endswith("vbaproject.bin") for n in names):
            return "マクロを含んでいます / it contains macros"
        return None

    return look


def _opendocument(file: Path) -> str | None:
    names = _names(file)
    if "mimetype" not in names:
        return "内容がこの種類の文書ではありません / its bytes are not those of this type"
    with zipfile.ZipFile(file) as archive, archive.open("mimetype") as stream:
        said = stream.read(100).decode("ascii", "replace").strip()
    if said not in _OPENDOCUMENT:
        return "内容がこの種類の文書ではありません / its bytes are not those of this type"
    if any(n.startswith(("Basic/", "Scripts/")) for n in names):
        return "マクロを含んでいます / it contains macros"
    return None


def _names(file: Path) -> frozenset[str]:
    try:
        with zipfile.ZipFile(file) as archive:
            return frozenset(archive.namelist())
    except zipfile.BadZipFile:
        return frozenset()


def _text(file: Path) -> str | None:
    """Text in UTF-8 or the encodings that Japanese spreadsheets write."""
    raw = file.read_bytes()
    if b"\x00" not in raw:
        for encoding in ("utf-8-sig", "cp932", "euc_jp"):
            try:
                raw.decode(encoding)
            except UnicodeDecodeError:
                continue
            return None
    return "文字として読めません(UTF-8 か Shift_JIS) / it is not text in UTF-8 or Shift_JIS"


_LOOKS: Mapping[str, Callable[[Path], str | None]] = {
    "pdf": _begins(b"%PDF-"),
    "docx": _office("word"),
    "xlsx": _office("xl"),
    "pptx": _office("ppt"),
    "odt": _opendocument,
    "ods": _opendocument,
    "odp": _opendocument,
    **dict.fromkeys(("csv", "txt", "md", "json", "geojson"), _text),
    "png": _begins(b"\x89PNG\r\n\x1a\n"),
    **dict.fromkeys(("jpg", "jpeg"), _begins(b"\xff\xd8\xff")),
}
