"""`paper`, `dossier` and `brief`: a decision, a whole lifecycle, and a brief for a question in the assembly."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from domain.messages import Actor
from shell.app import Id, Json, app
from shell.errors import ShellError
from shell.output import OUT
from shell.session import Session

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
    from papers import files

    _write(lambda s, stream: files.decision(s.store, stream, _reader(s), stage, round_, version, as_of), id, out, force)


@app.command()
def dossier(id: Id, as_of: AsOf = None, out: Out = None, force: Force = False, json_: Json = False) -> None:
    """ライフサイクルの全記録を PDF にする / a whole lifecycle as PDF"""
    from papers import files

    _write(lambda s, stream: files.dossier(s.store, stream, _reader(s), as_of), id, out, force)


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
    from papers import files

    if out is not None and out.suffix.lower() not in (".pdf", ".html"):
        raise ShellError(
            f"--out: {out}: .pdf か .html にしてください / neither .pdf nor .html",
            "→ 例 / e.g.: --out answer.pdf",
        )
    html = out is not None and out.suffix.lower() == ".html"
    _write(lambda s, stream: files.brief(s.store, stream, _reader(s), question, as_of, html=html), id, out, force)


def _reader(session: Session) -> Actor:
    """`TASKFORCE_PERSON`; without it nobody in particular, who reads what everybody may."""
    from shell.bodies import viewer

    return session.actor(viewer(session, None))


def _write(made: Callable[[Session, str], tuple[bytes, str]], id: str, out: Path | None, force: bool) -> None:
    from papers.collecting import NothingToPrint

    session = Session()
    try:
        content, name = made(session, session.lifecycle(id))
    except NothingToPrint as nothing:
        raise of_nothing(nothing) from None
    write(content, out or Path(name), force)


def of_nothing(nothing: object) -> ShellError:
    from papers.collecting import NothingToPrint

    assert isinstance(nothing, NothingToPrint)
    return ShellError(
        f"{nothing.field}: {nothing.value}: {nothing.message}", f"→ {nothing.remedy.ja} / {nothing.remedy.en}"
    )


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
