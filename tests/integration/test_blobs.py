"""Evidence files on real parts: a folder, and an S3 service that answers over HTTP."""

from __future__ import annotations

import hashlib
import http.client
import os
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

import obstore
import pytest
from moto.server import ThreadedMotoServer
from obstore.store import S3Store

from blobs.contract import Altered, BlobError, Blobs, Missing, checked, key_of, problem_with
from blobs.folder import Folder
from blobs.inspection import Unfit, inspect
from blobs.objects import Objects

MIB = 1 << 20


@pytest.fixture(scope="module")
def s3() -> Iterator[tuple[str, int]]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield server.get_host_and_port()
    finally:
        server.stop()


@pytest.fixture(params=["folder", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Blobs:
    if request.param == "folder":
        return Folder(tmp_path / "attachments")
    host, port = request.getfixturevalue("s3")
    _aws(monkeypatch, f"http://{host}:{port}")
    assert ask(host, port, "PUT", "/evidence") == 200
    return Objects("s3://evidence/city")


def _aws(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)


def ask(host: str, port: int, method: str, path: str, body: bytes | None = None) -> int:
    connection = http.client.HTTPConnection(host, port)
    connection.request(method, path, body)
    return connection.getresponse().status


def written(folder: Path, content: bytes, name: str = "a.csv") -> tuple[str, Path]:
    file = folder / name
    file.write_bytes(content)
    return hashlib.sha256(content).hexdigest(), file


def test_what_is_put_comes_back_in_chunks(blobs: Blobs, tmp_path: Path) -> None:
    content = os.urandom(3 * MIB + 17)
    sha256, file = written(tmp_path, content)
    assert not blobs.has(sha256)
    blobs.put(sha256, file)
    blobs.put(sha256, file)
    assert blobs.has(sha256)
    chunks = list(checked(blobs, sha256))
    assert b"".join(chunks) == content and len(chunks) > 1
    assert problem_with(blobs, sha256) is None


def test_what_was_never_put_is_missing(blobs: Blobs) -> None:
    with pytest.raises(Missing):
        list(blobs.read("0" * 64))
    assert problem_with(blobs, "0" * 64) == "ありません / is missing"


def test_changed_bytes_are_noticed_and_mended_by_putting_them_again(blobs: Blobs, tmp_path: Path) -> None:
    sha256, file = written(tmp_path, b"1,2\n")
    blobs.put(sha256, file)
    if isinstance(blobs, Folder):
        place = tmp_path / "attachments" / key_of(sha256)
        assert stat.S_IMODE(place.stat().st_mode) == 0o440
        place.chmod(0o600)
        place.write_bytes(b"1,3\n")
    else:
        bucket = S3Store.from_url("s3://evidence/city", client_options={"allow_http": True})
        obstore.put(bucket, key_of(sha256), b"1,3\n")
    with pytest.raises(Altered):
        list(checked(blobs, sha256))
    assert problem_with(blobs, sha256) == "内容が改められています / was changed"
    blobs.put(sha256, file)
    assert problem_with(blobs, sha256) is None


def test_a_file_that_changes_while_it_is_put_is_not_taken(blobs: Blobs, tmp_path: Path) -> None:
    sha256, file = written(tmp_path, os.urandom(32))  # the bucket is shared by the tests of this file
    file.write_bytes(b"1,3\n")
    with pytest.raises(Altered, match="attach it again"):
        blobs.put(sha256, file)
    assert not blobs.has(sha256)


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "attachments").write_text("not a folder")
    sha256, file = written(tmp_path, b"1")
    with pytest.raises(BlobError, match="TASKFORCE_ATTACHMENTS") as error:
        Folder(tmp_path / "attachments").put(sha256, file)
    assert error.value.out_of_reach


def test_a_bucket_that_is_not_there_is_named(
    s3: tuple[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _aws(monkeypatch, f"http://{s3[0]}:{s3[1]}")
    sha256, file = written(tmp_path, b"1")
    with pytest.raises(BlobError, match="s3://nowhere"):
        Objects("s3://nowhere").put(sha256, file)


# --- what is taken ---------------------------------------------------------------------------------------------------


def office(folder: Path, name: str, *entries: str) -> Path:
    with zipfile.ZipFile(folder / name, "w") as archive:
        for entry in ("[Content_Types].xml", *entries):
            archive.writestr(entry, "x")
    return folder / name


def test_files_that_are_what_they_say_are_taken(tmp_path: Path) -> None:
    good = {
        "a.pdf": b"%PDF-1.7 x",
        "写真.JPG": b"\xff\xd8\xff\xe0 x",
        "b.png": b"\x89PNG\r\n\x1a\n x",
        "sjis.csv": "施設,件数\n".encode("cp932"),
        "utf8.md": "# 見出し\n".encode(),
    }
    for name, content in good.items():
        sha256, file = written(tmp_path, content, name)
        found = inspect(file, largest=MIB)
        assert (found.name, found.sha256, found.size) == (name, sha256, len(content))
    assert inspect(office(tmp_path, "c.docx", "word/document.xml"), largest=MIB).name == "c.docx"
    assert inspect(tmp_path / "utf8.md", largest=MIB, name="../会議録.md").name == "会議録.md"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.exe", b"MZ", "this type is not taken"),
        ("a.pdf", b"MZ\x90\x00", "not those of this type"),
        ("a.docx", b"PK\x03\x04 broken", "not those of this type"),
        ("a.csv", b"\x00\x01\x02", "not text"),
        ("a.csv", b"", "empty"),
        ("a.csv", b"1" * (MIB + 1), "too large"),
        (".csv", b"1", "this type is not taken"),
        ("csv", b"1", "this type is not taken"),
    ],
)
def test_files_that_are_not_are_refused(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    with pytest.raises(Unfit, match=said) as error:
        inspect(written(tmp_path, content, name)[1], largest=MIB)
    assert "→" in str(error.value) or said == "empty"


def test_macros_folders_and_what_is_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Unfit, match="macros"):
        inspect(office(tmp_path, "a.xlsx", "xl/workbook.xml", "xl/vbaProject.bin"), largest=MIB)
    for path in (tmp_path, tmp_path / "none.pdf"):
        with pytest.raises(Unfit, match="no regular file"):
            inspect(path, largest=MIB)
