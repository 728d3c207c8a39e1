"""`directory erase`: what somebody who left wrote becomes unreadable for ever."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from shell.app import Json
from shell.directories import directory_app
from shell.errors import ShellError
from shell.output import OUT
from shell.session import Session


@directory_app.command("erase")
def erase(
    person: Annotated[
        str, typer.Argument(metavar="PERSON", help="職を離れた職員のID / id of somebody who holds no post any more")
    ],
    confirm: Annotated[
        str | None,
        typer.Option(
            "--confirm",
            metavar="PERSON",
            help="同じIDをもう一度。元に戻せません / the id again; nothing brings it back",
        ),
    ] = None,
    json_: Json = False,
) -> None:
    """個人データを消去する: 書いたもの、氏名、サインインの手段 / erase what a person wrote, their name, and all by which they sign in"""
    from uuid import uuid4

    from domain.calendar import local_day
    from domain.directory_stream import STREAM
    from domain.erasing import ErasePerson, erase
    from store import queries

    session = Session(writing=confirm is not None)
    person = session.person(person, "PERSON")
    if confirm is not None and confirm != person:
        raise ShellError(
            f"--confirm: {confirm}: 消去する職員のIDと違います / not the id of the person to be erased",
            f"→ 消去するなら / to erase: --confirm {person}",
        )
    command = ErasePerson(command_id=f"erase:{person}:{uuid4()}", stream=STREAM, person=person)
    row, store = queries.person(session.store, person), session.store
    document: dict[str, Any] = {
        "person": person,
        "name": row["name"] if row else "",
        "texts": queries.sealed_for(store, person),
        "erased": confirm is not None,
    }
    if confirm is None:
        erase(store.load(STREAM)[0].directory, command, local_day(store.clock.now()))
    else:
        session.record(command, session.actor(None))
        store.erase_person(person)  # whoever is stopped in between erases again
    OUT.emit(document, lambda: _tell(document))


def _tell(d: dict[str, Any]) -> None:
    if d["erased"]:
        OUT.say(f"消去しました / erased: {d['person']} ({d['texts']} 件の文 / texts)")
        return
    OUT.say(
        f"消去すると / it would erase: {d['name'] or d['person']} ({d['person']}) — {d['texts']} 件の文、氏名、サインインの手段 / "
        "texts, the name, and all by which they sign in",
        "→ 元に戻せません。消去するなら / nothing brings them back; to erase: "
        f"`./taskforce directory erase {d['person']} --confirm {d['person']}`",
    )
