"""Settings: every one is documented, and a wrong one is named with its value and the remedy."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from settings import ROOT, Settings, SettingsError, load, table, unknown, variables


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith(("TASKFORCE_", "TEMPORAL_"))]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_says_what_it_means(name: str) -> None:
    assert len(Settings.model_fields[name].description or "") > 10


def test_the_table_lists_every_variable() -> None:
    rows = [line.split("|")[1].strip(" `") for line in table().splitlines()[2:]]
    assert rows == list(variables())


def test_the_module_prints_the_table() -> None:
    shown = subprocess.run([sys.executable, "-m", "settings"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout == table() + "\n"


def test_paths_are_of_the_project_and_not_of_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TASKFORCE_VAR_DIR", "elsewhere")
    monkeypatch.setenv("TASKFORCE_SIGNING_KEY_FILE", "keys/own.key")
    settings = load()
    assert settings.database_url == f"sqlite:///{ROOT}/elsewhere/taskforce.db"
    assert settings.var_dir == ROOT / "elsewhere"
    assert settings.key_file == ROOT / "keys/own.key"


@pytest.mark.parametrize("url", ["sqlite:////data/t.db", "postgresql+psycopg://a:b@host/name"])
def test_other_database_urls_stay_as_they_are(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKFORCE_DATABASE_URL", url)
    assert load().database_url == url


def test_clients_look_where_make_up_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().temporal_address == "127.0.0.1:7233"
    monkeypatch.setenv("TASKFORCE_TEMPORAL_PORT", "7300")
    assert load().temporal_address == "127.0.0.1:7300"
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example:7233")
    assert load().temporal_address == "temporal.example:7233"


def test_an_empty_variable_counts_as_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKFORCE_HEALTH_PORT", "")
    monkeypatch.setenv("TEMPORAL_ADDRESS", "")
    assert (load().health_port, load().temporal_address) == (0, "127.0.0.1:7233")


def test_closed_days_are_dates_between_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKFORCE_CLOSED_DAYS", "2026-08-14, 2026-08-17,")
    assert load().closed_days == (date(2026, 8, 14), date(2026, 8, 17))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TASKFORCE_TEMPORAL_PORT", "70000"),
        ("TASKFORCE_RELAY_INTERVAL", "often"),
        ("TASKFORCE_WAKE_TIMEOUT", "0"),
        ("TASKFORCE_CONTINUE_AS_NEW_AFTER", "3"),
        ("TASKFORCE_MAX_ACTIVITIES", "none"),
        ("TASKFORCE_LOG_LEVEL", "loud"),
        ("TASKFORCE_ALLOW_UNSIGNED_UPDATES", "perhaps"),
        ("TASKFORCE_CLOSED_DAYS", "2026-02-30"),
        ("TEMPORAL_ADDRESS", "temporal.example"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable_and_the_remedy(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        load()
    message = str(error.value)
    assert message.startswith(f"{name}: ")
    assert repr(value) in message
    assert "correct the variable" in message
    assert (
        "ください / " in message and f"環境変数 {name} を直してください" in message
    )  # what it should be, in both languages


def test_misspelt_variables_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unknown() == []
    monkeypatch.setenv("TASKFORCE_DATABASE", "x")
    monkeypatch.setenv("TASKFORCE_LOG_LEVEL", "info")
    assert unknown() == ["TASKFORCE_DATABASE"]
