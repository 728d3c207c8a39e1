"""docker-compose.yml against the compose specification, against the settings the code reads, and against our own rules."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from runtime.devserver import DYNAMIC_CONFIG
from settings import Settings, load, variables

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OWN = {name for name, service in SERVICES.items() if "build" in service}
EXACT = re.compile(r"^(postgres:\d+|[a-z0-9./-]+:\d+\.\d+)\.\d+(-[a-z]+)*$")  # PostgreSQL's versions have two parts
ONCE = {"no", "on-failure"}


def specification() -> dict[str, Any]:
    """The compose specification's JSON Schema, as the package check-jsonschema carries it."""
    carried = files("check_jsonschema.builtin_schemas.vendor") / "compose-spec.json"
    schema: dict[str, Any] = json.loads(carried.read_text("utf-8"))
    return schema


def resolved(value: str, environment: dict[str, str]) -> str:
    """A value as compose would fill it in: `${NAME}`, `${NAME:-default}`, `${NAME:?message}`."""

    def fill(match: re.Match[str]) -> str:
        name, kind, rest = match.groups()
        if environment.get(name):
            return environment[name]
        assert kind != ":?", f"{name}: {rest}"
        return rest or ""

    return re.sub(r"\$\{([A-Z_]+)(?:(:[-?])([^}]*))?\}", fill, value)


def interpolated() -> Iterator[tuple[str, str, str]]:
    """Every `${…}` of the file: name, kind, rest."""
    for match in re.finditer(r"\$\{([A-Z_]+)(?:(:[-?])([^}]*))?\}", (ROOT / "docker-compose.yml").read_text("utf-8")):
        yield match[1], match[2] or "", match[3] or ""


def test_the_file_follows_the_compose_specification() -> None:
    jsonschema.validate(COMPOSE, specification())


def test_the_specification_would_find_a_mistake() -> None:
    wrong = {**COMPOSE, "services": {**SERVICES, "worker": {**SERVICES["worker"], "depend_on": ["database"]}}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, specification())


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_image_has_an_exact_tag(name: str) -> None:
    assert EXACT.match(SERVICES[name]["image"]), SERVICES[name]["image"]


def test_the_dockerfile_names_exact_tags_and_runs_as_nobody_special() -> None:
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    images = [line.split()[1] for line in lines if line.startswith("FROM")]
    assert images and all(EXACT.match(image) for image in images)
    assert any(line.startswith("USER ") and line != "USER root" for line in lines)
    assert any("uv sync --locked --no-default-groups" in line for line in lines)


def test_the_dockerfile_brings_the_uv_of_the_bootstrap() -> None:
    pinned = re.search(r"^UV_VERSION=(\S+)", (ROOT / "bootstrap.sh").read_text("utf-8"), re.MULTILINE)
    assert pinned and f"uv=={pinned[1]}\n" in (ROOT / "Dockerfile").read_text("utf-8")


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_has_a_health_check_or_runs_once(name: str) -> None:
    service = SERVICES[name]
    assert ("healthcheck" in service) != (service.get("restart") in ONCE)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_nobody_waits_for_what_is_not_there(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        once = SERVICES[other].get("restart") in ONCE
        assert how["condition"] == ("service_completed_successfully" if once else "service_healthy")


@pytest.mark.parametrize("name", sorted(OWN))
def test_our_services_set_only_variables_that_the_settings_read(name: str) -> None:
    ours = {key for key in SERVICES[name]["environment"] if key.startswith(("TASKFORCE_", "TEMPORAL_"))}
    assert ours <= set(variables())


@pytest.mark.parametrize("name", sorted(OWN))
def test_our_services_name_store_server_namespace_and_key(name: str) -> None:
    needed = {"TASKFORCE_DATABASE_URL", "TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "TASKFORCE_SIGNING_KEY_FILE"}
    assert needed <= set(SERVICES[name]["environment"])


@pytest.mark.parametrize("name", sorted(OWN))
def test_the_settings_can_be_read_from_the_file(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in SERVICES[name]["environment"].items():
        monkeypatch.setenv(key, resolved(value, {"DATABASE_PASSWORD": "x"}))
    settings: Settings = load()
    assert settings.database_url.startswith("postgresql+psycopg://")
    assert settings.temporal_address == "temporal:7233"
    assert settings.allow_unsigned_updates is False


def test_variables_of_the_settings_keep_their_names_in_the_file() -> None:
    taken = {name for name, _, _ in interpolated() if name.startswith("TASKFORCE_")}
    assert taken <= set(variables())


def test_secrets_come_from_the_environment_and_have_no_default() -> None:
    secret = [(n, kind) for n, kind, _ in interpolated() if re.search("PASSWORD|KEY|SECRET|TOKEN", n)]
    assert secret and all(kind == ":?" for _, kind in secret)
    assert all("environment" in source for source in COMPOSE["secrets"].values())
    for service in SERVICES.values():
        for key, value in service.get("environment", {}).items():
            if re.search("PASSWORD|PWD|SECRET|TOKEN", key):
                assert value.startswith("${"), key


def test_the_example_environment_names_every_secret_and_gives_none() -> None:
    example = dict(
        line.split("=", 1)
        for line in (ROOT / ".env.example").read_text("utf-8").splitlines()
        if "=" in line and not line.startswith("#")
    )
    secrets = {source["environment"] for source in COMPOSE["secrets"].values()}
    assert set(example) == {name for name, kind, _ in interpolated() if kind == ":?"} | secrets
    assert set(example.values()) == {""}


def test_data_lives_in_named_volumes() -> None:
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert used == set(COMPOSE["volumes"])


def test_nothing_listens_beyond_this_machine() -> None:
    assert all(port.startswith("127.0.0.1:") for service in SERVICES.values() for port in service.get("ports", []))


def test_the_server_gets_the_dynamic_config_of_the_development_server() -> None:
    [config] = COMPOSE["configs"].values()
    here = {key: entries[0]["value"] for key, entries in yaml.safe_load(config["content"]).items()}
    assert {key: str(value) for key, value in here.items()} == {
        key: value.strip('"') for key, value in (line.split("=") for line in DYNAMIC_CONFIG)
    }
