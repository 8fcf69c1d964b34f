"""The profiles differ in their settings alone, and every setting says why."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import ValidationError

from targets.reference.settings import LeakSettings, Profile, TwinSettings
from tests.reference.stack import TARGETS, profile

SUPERUSER_SLOTS = 3


def keys(mapping: dict[str, Any]) -> set[tuple[str, str]]:
    """Section and key of every setting."""
    return {(section, key) for section, settings in mapping.items() for key in settings}


PROFILES = ("fragile", "hardened", "dify", "leaky")


def test_all_profiles_are_valid_and_have_the_same_keys() -> None:
    documents = [profile(name) for name in PROFILES]
    assert len({Profile.model_validate(document).model_dump_json() for document in documents}) == len(
        PROFILES
    )
    assert len({frozenset(keys(document)) for document in documents}) == 1


@pytest.mark.parametrize("name", ["fragile", "hardened", "dify"])
def test_only_leaky_leaks(name: str) -> None:
    found = Profile.model_validate(profile(name))
    assert (found.leaks, found.twins) == (LeakSettings(), TwinSettings())


def test_leaky_is_fragile_with_every_leak_no_twin_and_the_witness() -> None:
    leaky, fragile = Profile.model_validate(profile("leaky")), Profile.model_validate(profile("fragile"))
    assert None not in leaky.leaks.model_dump().values()
    named = leaky.model_copy(update={"api": leaky.api.model_copy(update={"witness": False})})
    assert named.model_copy(update={"leaks": LeakSettings()}) == fragile


@pytest.mark.parametrize("name", PROFILES)
def test_every_setting_is_one_line_with_its_reason_beside_it(name: str) -> None:
    lines = (TARGETS / "profiles" / f"{name}.yaml").read_text().splitlines()
    settings = [line for line in lines if line.startswith("  ")]
    assert len(settings) == len(keys(profile(name)))
    assert [line for line in settings if not re.search(r" # \S", line)] == []


def test_hardened_cannot_ask_for_more_connections_than_the_server_has() -> None:
    hardened = Profile.model_validate(profile("hardened"))
    api, limits = hardened.api, hardened.database
    pools = api.workers * (api.pool_size + api.max_overflow)
    assert limits.api_connection_limit is not None
    assert limits.batch_connection_limit is not None
    assert limits.crowd_connection_limit is not None
    assert pools <= limits.api_connection_limit
    assert hardened.batch.pool_size <= limits.batch_connection_limit
    roles = limits.api_connection_limit + limits.batch_connection_limit + limits.crowd_connection_limit
    assert roles + SUPERUSER_SLOTS < int(limits.settings["max_connections"])


def test_hardened_recycles_connections_before_the_server_ends_idle_sessions() -> None:
    hardened = Profile.model_validate(profile("hardened"))
    minutes = re.fullmatch(r"(\d+)min", str(hardened.database.settings["idle_session_timeout"]))
    assert minutes is not None
    assert hardened.api.pool_recycle < 60 * int(minutes[1])


def test_a_setting_that_does_not_exist_is_refused() -> None:
    misspelt = profile("hardened")
    misspelt["api"]["pool_preping"] = True
    with pytest.raises(ValidationError, match="pool_preping"):
        Profile.model_validate(misspelt)
