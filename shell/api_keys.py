"""Keys of the API: `key make`, `key list`, `key revoke`."""

from __future__ import annotations

from typing import Annotated

import typer

from shell.app import Json, app
from shell.errors import ShellError
from shell.output import OUT, minute
from shell.session import Session

key_app = typer.Typer(help="API の鍵 / keys of the API", no_args_is_help=True)
app.add_typer(key_app, name="key")


@key_app.command("make")
def make(
    person: Annotated[str, typer.Argument(metavar="PERSON", help="職員ID。鍵はこの人として働く / acts for them")],
    name: Annotated[str, typer.Option("--name", help="何のための鍵か / what it is for")],
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help="read, write, decide(省けば read) / several may be given")
    ] = None,
    days: Annotated[int, typer.Option("--days", help="有効日数(366まで) / days until it expires")] = 90,
    json_: Json = False,
) -> None:
    """鍵を作る(鍵は一度だけ表示) / make a key; it is shown once"""
    from store.api_keys import SCOPES, ApiKeys

    session = Session()
    found = session.person(person, "PERSON")
    wanted = scope or ["read"]
    if unknown := [s for s in wanted if s not in SCOPES]:
        raise ShellError(
            f"--scope: {', '.join(unknown)}: 知られていません / unknown", f"→ 次から / of: {', '.join(SCOPES)}"
        )
    if not name.strip():
        raise ShellError("--name: 空です / is empty", "→ 何のための鍵か書いてください / say what it is for")
    try:
        key, secret = ApiKeys(session.store).make(
            found, name.strip()[:100], tuple(s for s in SCOPES if s in wanted), days
        )
    except ValueError:
        raise ShellError(f"--days: {days}: 1 から 366 まで / from 1 to 366", "→ 直してください / correct it") from None
    document = {**key.model_dump(mode="json"), "key": secret}
    OUT.emit(
        document,
        lambda: OUT.say(secret, f"{key.id} · {found} · {', '.join(key.scopes)} · {minute(key.until)} まで / until"),
    )


@key_app.command("list")
def list_(json_: Json = False) -> None:
    """鍵の一覧 / all keys"""
    from store.api_keys import ApiKeys

    session = Session()
    found, now = ApiKeys(session.store).all(), session.store.clock.now()
    OUT.emit(
        {"keys": [k.model_dump(mode="json") for k in found]},
        lambda: OUT.table(
            "API の鍵 / keys",
            ("ID", "だれとして / for", "名 / name", "範囲 / scopes", "期限 / until", "最後の使用 / last used"),
            [
                (
                    k.id,
                    k.person,
                    k.name,
                    ", ".join(k.scopes),
                    minute(k.until) + ("(期限切れ / expired)" if k.until <= now else ""),
                    minute(k.used_at) if k.used_at else "-",
                )
                for k in found
            ],
        ),
    )


@key_app.command("revoke")
def revoke(
    id: Annotated[str, typer.Argument(metavar="ID", help="鍵のID(key list) / id of the key")], json_: Json = False
) -> None:
    """鍵を無効にする / a key stops working at once"""
    from store.api_keys import ApiKeys

    session = Session()
    if not ApiKeys(session.store).revoke(id):
        raise ShellError(f"ID: {id}: そのような鍵はありません / no such key", "→ `./taskforce key list`")
    OUT.emit({"id": id, "revoked": True}, lambda: OUT.say(f"{id}: 無効にしました / revoked"))
