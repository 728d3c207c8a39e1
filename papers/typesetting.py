"""From data and a template to the bytes of a PDF. What people wrote reaches the template as data, never as markup."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

import typst
from pydantic import BaseModel

from papers.glyphs import FONTS, breakable, readable

TEMPLATES = Path(__file__).parent / "templates"
FAMILIES = ("Noto Serif JP", "Noto Sans JP", "DejaVu Sans Mono")
"""Those that the templates name; the last comes with typst itself and sets digests."""
_VERBATIM = {"hash", "hashes", "svg"}
"""Keys whose values must stay as they are: a digest is compared, and has a line of its own; a picture is no prose."""


def pdf(template: Literal["brief", "decision", "dossier", "pack"], data: BaseModel, at: datetime) -> bytes:
    """An A4 document as PDF/A-2a and PDF/UA-1 (tagged, fonts embedded). `at` is its date in the metadata.

    The same data and moment give the same bytes on every machine: no clock is asked, and no font of the system is used.
    """
    made = typst.compile(
        TEMPLATES / f"{template}.typ",
        root=TEMPLATES,
        font_paths=_fonts(),
        sys_inputs={"data": as_input(data)},
        format="pdf",
        pdf_standards=["a-2a", "ua-1"],
        timestamp=int(at.timestamp()),
    )
    assert isinstance(made, bytes)
    return made


def pages(document: bytes) -> int:
    """How many pages one of our PDFs has."""
    found = re.search(rb"/Type\s*/Pages\s*/Count (\d+)", document)
    assert found is not None
    return int(found.group(1))


def as_input(data: BaseModel) -> str:
    """The data as JSON, every text of it made readable (see `glyphs`)."""
    return json.dumps(_clean(data.model_dump(mode="json"), verbatim=False), ensure_ascii=False)


@cache
def _fonts() -> typst.Fonts:
    # Folders are searched, not files; without a font typst would set nothing and say nothing.
    found = typst.Fonts(include_system_fonts=False, font_paths=sorted({path.parent for path in FONTS}))
    assert set(FAMILIES) <= set(found.families()), found.families()
    return found


def _clean(value: Any, *, verbatim: bool) -> Any:
    if isinstance(value, str):
        return value if verbatim else breakable(readable(value))
    if isinstance(value, Mapping):
        return {key: _clean(item, verbatim=verbatim or key in _VERBATIM) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item, verbatim=verbatim) for item in value]
    return value
