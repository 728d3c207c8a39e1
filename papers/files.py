"""The papers of a lifecycle as files, bytes and a name: the shell writes them, pages and the API hand them out.

`actor`: who asks, and reads no more on paper than elsewhere. `as_of`: as of the event of this version.
All raise `NothingToPrint` where there is nothing."""

from __future__ import annotations

import re

from domain.messages import Actor
from papers.collecting import Collected, collect
from store.store import Store


def decision(
    store: Store,
    stream: str,
    actor: Actor,
    stage: str,
    round_: int | None,
    version: int | None,
    as_of: int | None = None,
) -> tuple[bytes, str]:
    """The decision document (決裁文書) of one version. Raises `NothingToPrint`."""
    from papers.decision import choose, dated, decision_paper, last_version
    from papers.typesetting import pdf

    found = collect(store, stream, as_of, actor)
    chosen = choose(found, stage, round_, version)
    made = pdf("decision", decision_paper(found, chosen), dated(found, last_version(found, chosen)))
    document = chosen.document
    return made, f"{_name(found)}-{document.stage}-{document.round}-{document.version}.pdf"


def dossier(store: Store, stream: str, actor: Actor, as_of: int | None = None) -> tuple[bytes, str]:
    """The whole lifecycle."""
    from papers.dossier import dossier as collected
    from papers.typesetting import pdf

    found = collect(store, stream, as_of, actor)
    return pdf("dossier", collected(found), found.last.occurred_at), f"{_name(found)}-dossier.pdf"


def brief(
    store: Store, stream: str, actor: Actor, question: str, as_of: int | None = None, *, html: bool = False
) -> tuple[bytes, str]:
    """A brief for a question in the assembly; what it asks for comes first."""
    from papers.brief import as_html, as_pdf
    from papers.brief import brief as collected

    found = collect(store, stream, as_of, actor)
    made = collected(found, question)
    document = as_html(made) if html else as_pdf(made, found.last.occurred_at)
    return document, f"{_name(found)}-brief.pdf"


def _name(found: Collected) -> str:
    """The starter's own id, as far as a file may be called so."""
    return re.sub(r"[^\w.-]+", "_", found.state.ref)[:60].strip("._") or found.stream[:8]
