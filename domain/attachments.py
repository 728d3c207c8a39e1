"""Attachments (添付): evidence files of a document. Here is what is said of a file; its bytes lie outside (`blobs/`)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field, field_validator, model_validator

from domain.deliverables.base import Sha256, digest
from domain.messages import Frozen, Misfit

MOST = 50
"""Attachments of one document."""
LONGEST = 120
"""Characters of a file name."""
PART = "attachments"
"""What a step of the route names in `covers` to cover the attachments."""
TYPES: Mapping[str, str] = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odp": "application/vnd.oasis.opendocument.presentation",
    "csv": "text/csv",
    "txt": "text/plain",
    "md": "text/markdown",
    "json": "application/json",
    "geojson": "application/geo+json",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
}
"""File name's ending -> media type (IANA). Nothing here runs when it is opened."""

_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


class Attachment(Frozen):
    """One file: its clean name, the sha256 of its bytes, and how many there are."""

    name: str = Field(min_length=1, max_length=LONGEST)
    sha256: Sha256
    size: int = Field(ge=1)
    media_type: str

    @field_validator("name")
    @classmethod
    def _clean(cls, name: str) -> str:
        if clean_name(name) != name:
            raise Misfit(
                f"{name!r} はファイル名に使えません。{clean_name(name)!r} にしてください",
                f"{name!r} is no clean file name; use {clean_name(name)!r}",
            )
        return name

    @model_validator(mode="after")
    def _known_type(self) -> Attachment:
        if TYPES.get(ending(self.name)) != self.media_type:
            raise Misfit(
                f"{self.name!r} は {self.media_type!r} のファイルではありません。使える拡張子: {', '.join(TYPES)}",
                f"{self.name!r} is not of the type {self.media_type!r}; known endings: {', '.join(TYPES)}",
            )
        return self


def ending(name: str) -> str:
    """What stands behind the last dot, in small letters; empty when there is none."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def clean_name(name: str) -> str:
    """A name that every file system takes and that hides nothing: no folders, no control or direction marks. May be empty."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    visible = "".join("_" if c in '<>:"|?*' else c for c in last if unicodedata.category(c)[0] != "C")
    shown = re.sub(r"\s+", " ", visible).strip(" .")
    if _RESERVED.match(shown):
        shown = f"_{shown}"
    if len(shown) > LONGEST:
        tail = f".{ending(shown)}" if len(ending(shown)) <= 10 and "." in shown else ""
        shown = shown[: LONGEST - len(tail)].rstrip(" .") + tail
    return shown


def document_hash(content: Mapping[str, Any], attachments: Sequence[Attachment]) -> str:
    """The hash that people decide on: of the content alone, or of the content and every attachment with its name."""
    if not attachments:
        return digest(content)
    return digest({"content": content, "attachments": listed(attachments)})


def listed(attachments: Sequence[Attachment]) -> list[list[str]]:
    """Name and sha256 of each, in the order of their names."""
    return sorted([a.name, a.sha256] for a in attachments)
