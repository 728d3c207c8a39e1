"""Typed settings from the environment. Every field has a description; `python settings.py` prints them as a Markdown table."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ROOT = Path(__file__).resolve().parent


class SettingsError(Exception):
    """An environment variable that cannot be used; the message names it, its value and the remedy."""


class Settings(BaseSettings):
    """Read from variables `TASKFORCE_…`; the two of Temporal keep their usual names."""

    model_config = SettingsConfigDict(
        env_prefix="TASKFORCE_", env_ignore_empty=True, frozen=True, extra="ignore", populate_by_name=True
    )

    database_url: str = Field(
        "sqlite:///var/taskforce.db",
        description="The event store: sqlite:///FILE (relative to the project) or postgresql+psycopg://user:password@host/name; "
        "default in TASKFORCE_VAR_DIR",
    )
    temporal_address: str = Field(
        "127.0.0.1:7233",
        validation_alias=AliasChoices("TEMPORAL_ADDRESS", "temporal_address"),
        pattern=r"^\S+:\d{1,5}$",
        description="host:port of the Temporal server. When set, no server is brought; else port TASKFORCE_TEMPORAL_PORT here",
    )
    temporal_namespace: str = Field(
        "default",
        validation_alias=AliasChoices("TEMPORAL_NAMESPACE", "temporal_namespace"),
        description="Temporal namespace",
    )
    task_queue: str = Field("taskforce", description="Temporal task queue of the workers")
    temporal_port: int = Field(7233, ge=1, le=65535, description="Port of the server that `make up` brings")
    ui_port: int = Field(8233, ge=1, le=65535, description="Port of the Temporal UI that `make up` brings")
    var_dir: Path = Field(
        ROOT / "var", description="Folder for databases, keys, files and logs (relative to the project)"
    )
    signing_key_file: Path | None = Field(
        None, description="Key that signs answers sent through Temporal; default VAR_DIR/keys/signing.key"
    )
    allow_unsigned_updates: bool = Field(
        False, description="INSECURE, for development: take answers through Temporal without a signature"
    )
    relay_interval: float = Field(3.0, gt=0, description="Seconds between two rounds of the relay")
    relay_grace: float = Field(
        5.0, ge=0, description="Seconds a deadline may be late before the relay wakes its lifecycle"
    )
    wake_timeout: float = Field(
        1.0, gt=0, description="Seconds given to waking a workflow after a command was recorded"
    )
    continue_as_new_after: int | None = Field(
        None,
        ge=10,
        description="History events after which a workflow continues as new; default: when the server suggests it",
    )
    health_port: int = Field(0, ge=0, le=65535, description="Port of the worker's /healthz; 0 is off")
    max_activities: int = Field(32, ge=1, description="Activities a worker runs at once")
    closed_days: Annotated[tuple[date, ...], NoDecode] = Field(
        (),
        description="The city's own closed days besides national holidays and 29 Dec – 3 Jan: dates separated by commas",
    )
    fiscal_file: Path | None = Field(
        None,
        description="The city's fiscal and assembly calendar (relative to the project); default definitions/fiscal.yaml",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged")
    log_format: Literal["console", "json"] = Field("console", description="Log lines for people or for machines")
    page_url: str | None = Field(
        None, description="Base URL of the pages that mails link to; none: mails name commands"
    )
    smtp_host: str | None = Field(None, description="Mail server; none: no e-mail is sent")
    smtp_port: int = Field(25, ge=1, le=65535, description="Port of the mail server")
    smtp_starttls: bool = Field(False, description="Encrypt the connection to the mail server")
    smtp_user: str | None = Field(None, description="User at the mail server")
    smtp_password: SecretStr | None = Field(None, description="Password at the mail server")
    mail_from: str = Field("taskforce@localhost", pattern=r"^[^\s@<>]+@[^\s@<>]+$", description="Sender of mails")
    webhook_url: str | None = Field(
        None, pattern=r"^https?://", description="Where every notice is posted as a CloudEvent; none: nowhere"
    )
    webhook_secret: SecretStr | None = Field(None, description="Signs the webhook; without it nothing is posted")
    chat_urls: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Chat rooms as URLs of Apprise, separated by commas; none: no chat"
    )
    attachments: str = Field(
        "",
        description="Where evidence files lie: a folder (relative to the project), or s3://BUCKET/PREFIX with the usual "
        "AWS_* variables; default VAR_DIR/attachments",
    )
    attachment_mb: int = Field(50, ge=1, le=2000, description="Largest evidence file, in MiB")
    web_host: str = Field("127.0.0.1", description="Address at which the web pages are served")
    web_port: int = Field(8400, ge=0, le=65535, description="Port of the web pages; 0 lets `make up` serve none")
    oidc_issuer: str | None = Field(
        None, pattern=r"^https?://", description="OpenID provider with which people sign in; none: local passwords only"
    )
    oidc_client_id: str = Field("taskforce", description="Client at the OpenID provider")
    oidc_client_secret: SecretStr | None = Field(None, description="Its secret; none: a public client with PKCE")
    api_per_minute: int = Field(600, ge=1, description="Requests a minute that one key of the API may make")
    public_page: bool = Field(
        False, description="Show citizens, without signing in, what the secretariat published (`/public`)"
    )
    pull_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Hosts (with :port where it is not the usual one) from which feeds of KPIs may fetch, separated by commas; "
        "none: nobody is called",
    )
    person: str | None = Field(None, description="Person id used where `--as` is left out")

    @field_validator("closed_days", "chat_urls", "pull_hosts", mode="before")
    @classmethod
    def _days(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    def model_post_init(self, _: object) -> None:
        object.__setattr__(self, "var_dir", ROOT / self.var_dir)
        if "database_url" not in self.model_fields_set:
            object.__setattr__(self, "database_url", f"sqlite:///{self.var_dir / 'taskforce.db'}")
        if self.database_url.startswith("sqlite:///") and not self.database_url.startswith("sqlite:////"):
            path = ROOT / self.database_url.removeprefix("sqlite:///")
            object.__setattr__(self, "database_url", f"sqlite:///{path}")
        if "temporal_address" not in self.model_fields_set:
            object.__setattr__(self, "temporal_address", f"127.0.0.1:{self.temporal_port}")
        if self.fiscal_file is not None:
            object.__setattr__(self, "fiscal_file", ROOT / self.fiscal_file)
        if self.signing_key_file is not None:
            object.__setattr__(self, "signing_key_file", ROOT / self.signing_key_file)

    @property
    def key_file(self) -> Path:
        return self.signing_key_file or self.var_dir / "keys" / "signing.key"


def variable(field: str) -> str:
    """The environment variable that sets a field."""
    return {"temporal_address": "TEMPORAL_ADDRESS", "temporal_namespace": "TEMPORAL_NAMESPACE"}.get(
        field, f"TASKFORCE_{field.upper()}"
    )


def variables() -> dict[str, str]:
    """Every environment variable that is read, with what it means."""
    return {variable(name): field.description or "" for name, field in Settings.model_fields.items()}


def unknown() -> list[str]:
    """Variables `TASKFORCE_…` of the environment that nothing reads: most likely misspelt."""
    return sorted(name for name in os.environ if name.startswith("TASKFORCE_") and name not in variables())


_URL = "http:// か https:// で始まる URL を書いてください", "write a URL that begins with http:// or https://"
_SHAPES = {
    "TEMPORAL_ADDRESS": (
        "「ホスト:ポート」の形で書いてください(例: 127.0.0.1:7233)",
        "write it as host:port, such as 127.0.0.1:7233",
    ),
    "TASKFORCE_MAIL_FROM": (
        "メールアドレスを書いてください(例: taskforce@city.example.jp)",
        "write a mail address, such as taskforce@city.example.jp",
    ),
    "TASKFORCE_WEBHOOK_URL": _URL,
    "TASKFORCE_OIDC_ISSUER": _URL,
}
"""What a variable with a shape of its own should look like."""


def _wanted(name: str, error: Mapping[str, Any]) -> tuple[str, str]:
    """What the value of a variable should be, in both languages, by pydantic's error."""
    from domain.misfits import said_of

    if error["type"] == "string_pattern_mismatch" and name in _SHAPES:
        return _SHAPES[name]
    said = said_of(error)
    return said.ja, said.en


def load() -> Settings:
    """The settings of this process. Raises `SettingsError`, which says of each wrong variable, in Japanese and English, what its
    value should be."""
    try:
        return Settings()
    except ValidationError as error:
        lines = []
        for e in error.errors(include_url=False):
            name = str(e["loc"][0])
            shown = name if name.isupper() else variable(name.lower().removeprefix("taskforce_"))
            ja, en = _wanted(shown, e)
            lines.append(
                f"{shown}: {ja} / {en} (値 / value: {e.get('input')!r}); 環境変数 {shown} を直してください / correct the variable"
            )
        raise SettingsError("\n".join(lines)) from None


def table() -> str:
    """All settings as a Markdown table."""
    rows = ["| variable | default | what |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "var" if name == "var_dir" else field.default
        shown = "" if default in (None, ()) else f"`{str(default).lower() if isinstance(default, bool) else default}`"
        rows.append(f"| `{variable(name)}` | {shown} | {field.description} |")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.stdout.write(table() + "\n")
