"""Files that people send: looked at, put into the store of evidence files, then recorded."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from starlette.datastructures import UploadFile

from blobs.inspection import Unfit, inspect
from blobs.registry import configured
from domain.attachments import Attachment
from domain.lifecycle.attaching import AttachFile
from domain.messages import Actor, Refusal, Text
from store.errors import StoreError
from store.transaction import Outcome
from web.app import Site

_ANOTHER = "別のファイルを選んでください / choose another file"


def keep(site: Site, upload: UploadFile, name: str) -> Attachment:
    """The file as it is to be recorded, its bytes kept. Raises `Unfit` for one that is not taken."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        with path.open("wb") as out:
            while chunk := upload.file.read(1 << 20):
                out.write(chunk)
        file = inspect(path, largest=site.settings.attachment_mb << 20, name=name)
        # The bytes first: what is recorded can always be read. Bytes without a record are harmless.
        try:
            configured(site.settings).put(file.sha256, path)
        except OSError as error:
            raise StoreError(f"attachments: {error.strerror or error}") from None
        return file


def attach(
    site: Site, actor: Actor, stream: str, upload: UploadFile, command_id: str, expected: int | None = None
) -> Outcome:
    """Raises `Unfit` for a file that is not taken, `Refused` when a rule is against it."""
    file = keep(site, upload, upload.filename or "")
    return site.record(AttachFile(command_id=command_id, stream=stream, file=file), actor, expected)


def file_refusal(unfit: Unfit) -> Refusal:
    """Why a file is not taken, and what to do."""
    what, _, remedy = re.sub(r"^FILE: (\S*upload: )?", "", str(unfit)).partition("\n")
    return Refusal(rule="file", message=_both(what), remedy=_both(remedy.removeprefix("→ ") or _ANOTHER))


def _both(line: str) -> Text:
    ja, _, en = line.partition(" / ")
    return Text(ja=ja, en=en or ja)
