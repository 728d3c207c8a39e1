"""Who may sign in to the pages: `account invite`, `account password`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from shell.app import Json, app
from shell.errors import ShellError
from shell.output import OUT
from shell.session import Session

account_app = typer.Typer(help="サインイン / signing in to the pages", no_args_is_help=True)
app.add_typer(account_app, name="account")
Person = Annotated[str, typer.Argument(metavar="PERSON", help="職員ID(先頭部分・氏名も可) / person id")]


@account_app.command("invite")
def invite(person: Person, json_: Json = False) -> None:
    """パスワードを決めるためのリンクを作る(7日間、一度だけ) / a link with which somebody sets their password, once"""
    from store.accounts import Accounts

    session = Session()
    found = session.person(person, "PERSON")
    token = Accounts(session.store).invite(found)
    s = session.settings
    base = (s.page_url or f"http://localhost:{s.web_port}").rstrip("/")
    document = {"person": found, "url": f"{base}/welcome/{token}"}
    OUT.emit(
        document,
        lambda: OUT.say(f"{found}: {document['url']}", "本人だけに渡してください(7日間有効) / give it to nobody else"),
    )


@account_app.command("password")
def password(
    person: Person,
    stdin: Annotated[bool, typer.Option("--stdin", help="標準入力の一行目から / from the first line of stdin")] = False,
    json_: Json = False,
) -> None:
    """パスワードを決める(その人のセッションはすべて終わる) / set a password; ends all sessions of that person"""
    from store.accounts import Accounts, PasswordUnfit

    session = Session()
    found = session.person(person, "PERSON")
    given = (
        sys.stdin.readline().rstrip("\n")
        if stdin
        else typer.prompt("password", hide_input=True, confirmation_prompt=True)
    )
    try:
        Accounts(session.store).set_password(found, given)
    except PasswordUnfit as unfit:
        raise ShellError(
            f"password: {unfit}", "→ 文を使うと覚えやすくなります / a sentence is easy to remember"
        ) from None
    OUT.emit({"person": found, "set": True}, lambda: OUT.say(f"{found}: 設定しました / set"))


@account_app.command("link")
def link(
    person: Person,
    subject: Annotated[str, typer.Option("--subject", help="OpenID 事業者での sub / `sub` at the provider")],
    json_: Json = False,
) -> None:
    """OpenID 事業者での本人と結び付ける(招待リンクからも結べる) / link a person with an identity at the OpenID provider"""
    from store.accounts import Accounts

    session = Session()
    issuer = session.settings.oidc_issuer
    if issuer is None:
        raise ShellError(
            "TASKFORCE_OIDC_ISSUER: 設定されていません / is not set", "→ 事業者の URL を設定してください / set it"
        )
    if not subject.strip():
        raise ShellError("--subject: 空です / is empty", "→ 事業者での sub を書いてください / give the `sub`")
    found = session.person(person, "PERSON")
    Accounts(session.store).link(issuer.rstrip("/"), subject.strip(), found)
    document = {"person": found, "issuer": issuer, "subject": subject.strip()}
    OUT.emit(document, lambda: OUT.say(f"{found}: {subject.strip()} と結び付けました / linked"))
