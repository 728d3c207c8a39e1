"""`paper`, `dossier` and `brief`: a decision, a whole lifecycle, and a brief for a question in the assembly."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shell.app import Id, Json, app
from shell.errors import ShellError
from shell.output import OUT, short
from shell.session import Session

if TYPE_CHECKING:
    from papers.collecting import Collected

Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="書き出す先(省けば今のフォルダー) / where to; by default the current folder"),
]
Force = Annotated[bool, typer.Option("--force", help="あるファイルを上書きする / overwrite")]
AsOf = Annotated[
    int | None,
    typer.Option("--as-of", help="この版の事象の時点で / as of the event of this version (see `events`)", min=1),
]


@app.command()
def paper(
    id: Id,
    stage: Annotated[str, typer.Option("--stage", help="段階 / stage key")],
    round_: Annotated[
        int | None, typer.Option("--round", help="期(省けば最後) / round; the last by default", min=1)
    ] = None,
    version: Annotated[
        int | None, typer.Option("--version", help="文書の版(省けば最後) / version of the document", min=1)
    ] = None,
    as_of: AsOf = None,
    out: Out = None,
    force: Force = False,
    json_: Json = False,
) -> None:
    """決裁文書を PDF にする / a decision document as PDF"""
    from papers.collecting import NothingToPrint
    from papers.decision import choose, dated, decision_paper, last_version
    from papers.typesetting import pdf

    found = _collected(id, as_of)
    try:
        chosen = choose(found, stage, round_, version)
    except NothingToPrint as nothing:
        raise of_nothing(nothing) from None
    made = pdf("decision", decision_paper(found, chosen), dated(found, last_version(found, chosen)))
    document = chosen.document
    name = f"{_name(found)}-{document.stage}-{document.round}-{document.version}.pdf"
    write(made, out or Path(name), force)


@app.command()
def dossier(id: Id, as_of: AsOf = None, out: Out = None, force: Force = False, json_: Json = False) -> None:
    """ライフサイクルの全記録を PDF にする / a whole lifecycle as PDF"""
    from papers.dossier import dossier as collected
    from papers.typesetting import pdf

    found = _collected(id, as_of)
    made = pdf("dossier", collected(found), found.last.occurred_at)
    write(made, out or Path(f"{_name(found)}-dossier.pdf"), force)


@app.command()
def brief(
    id: Id,
    question: Annotated[
        str,
        typer.Option(
            "--question", help="質問(通告の要旨)。求められた項目を先に置く / the question; what it asks for comes first"
        ),
    ] = "",
    as_of: AsOf = None,
    out: Out = None,
    force: Force = False,
    json_: Json = False,
) -> None:
    """答弁資料を作る(PDF、--out が .html なら HTML) / a brief for a question in the assembly"""
    from papers.brief import as_html, as_pdf
    from papers.brief import brief as collected

    if out is not None and out.suffix.lower() not in (".pdf", ".html"):
        raise ShellError(
            f"--out: {out}: .pdf か .html にしてください / neither .pdf nor .html",
            "→ 例 / e.g.: --out answer.pdf",
        )
    found = _collected(id, as_of)
    made = collected(found, question)
    html = out is not None and out.suffix.lower() == ".html"
    document = as_html(made) if html else as_pdf(made, found.last.occurred_at)
    write(document, out or Path(f"{_name(found)}-brief.pdf"), force)


def _collected(id: str, as_of: int | None) -> Collected:
    from papers.collecting import NothingToPrint, collect

    session = Session()
    try:
        return collect(session.store, session.lifecycle(id), as_of)
    except NothingToPrint as nothing:
        raise of_nothing(nothing) from None


def of_nothing(nothing: object) -> ShellError:
    from papers.collecting import NothingToPrint

    assert isinstance(nothing, NothingToPrint)
    return ShellError(
        f"{nothing.field}: {nothing.value}: {nothing.message}", f"→ {nothing.remedy.ja} / {nothing.remedy.en}"
    )


def _name(found: Collected) -> str:
    """The starter's own id, as far as a file may be called so."""
    return re.sub(r"[^\w.-]+", "_", found.state.ref)[:60].strip("._") or short(found.stream)


def save(made: bytes, out: Path, force: bool) -> None:
    """Into a file. Raises `ShellError` where there is one already (unless it may be overwritten), or none can be."""
    try:
        with out.open("wb" if force else "xb") as file:
            file.write(made)
    except FileExistsError:
        raise ShellError(
            f"--out: {out}: すでにあります / exists already",
            "→ 別の名前にするか、上書きするなら --force / choose another name, or overwrite it with --force",
        ) from None
    except OSError as error:
        raise ShellError(
            f"--out: {out}: 書き込めません / cannot be written ({error.strerror})",
            "→ 書き込めるフォルダーを --out で指定してください / name a folder that can be written to with --out",
        ) from None


def write(made: bytes, out: Path, force: bool) -> None:
    from papers.typesetting import pages

    save(made, out, force)
    digest = hashlib.sha256(made).hexdigest()
    document = {"file": str(out), "sha256": digest, "bytes": len(made)}
    if made.startswith(b"%PDF"):
        document["pages"] = pages(made)
    size = f"{document['pages']} ページ / pages" if "pages" in document else f"{len(made):,} bytes"
    OUT.emit(document, lambda: OUT.say(f"{out}({size})", f"sha256 {digest}"))
