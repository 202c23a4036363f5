"""Settings come from environment variables, typed; a bad value is refused by its name and with what would be right."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from portal.env import BadSettingError, Env

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        (lambda env: env.text("X", "default"), "", "default"),
        (lambda env: env.text("X", "default"), "given", "given"),
        (lambda env: env.choice("X", "b", ("a", "b")), "", "b"),
        (lambda env: env.choice("X", "b", ("a", "b")), "a", "a"),
        (lambda env: env.flag("X", True), "", True),
        (lambda env: env.flag("X", True), " 0 ", False),
        (lambda env: env.flag("X", True), "No", False),
        (lambda env: env.flag("X", False), "1", True),
        (lambda env: env.flag("X", False), "TRUE", True),
        (lambda env: env.integer("X", 8, least=1, most=10), "", 8),
        (lambda env: env.integer("X", 8, least=1, most=10), " 1 ", 1),
        (lambda env: env.integer("X", 8, least=1, most=10), "10", 10),
        (lambda env: env.words("X", ("a",)), "", ["a"]),
        (lambda env: env.words("X", ("a",)), " b , ,c,", ["b", "c"]),
        (lambda env: env.zone("X", "UTC"), "", "UTC"),
        (lambda env: env.zone("X", "UTC"), "Europe/Berlin", "Europe/Berlin"),
        (lambda env: env.addresses("X"), "", []),
        (lambda env: env.addresses("X"), "127.0.0.1, 2001:db8::1", ["127.0.0.1", "2001:db8::1"]),
    ],
)
def test_values_that_are_right(read: Callable[[Env], object], value: str, expected: object) -> None:
    assert read(Env({"X": value})) == expected
    if not value:
        assert read(Env({})) == expected, "absent is as good as empty"


@pytest.mark.parametrize(
    ("read", "value", "told"),
    [
        (lambda env: env.choice("X", "b", ("a", "b")), "c", "Use one of: a, b."),
        (lambda env: env.choice("X", "b", ("a", "b")), "A", "Use one of: a, b."),
        (lambda env: env.flag("X", True), "maybe", "Use 1 or 0."),
        (lambda env: env.flag("X", True), "2", "Use 1 or 0."),
        (lambda env: env.integer("X", 8, least=1, most=10), "ten", "a whole number from 1 to 10"),
        (lambda env: env.integer("X", 8, least=1, most=10), "1.5", "a whole number from 1 to 10"),
        (lambda env: env.integer("X", 8, least=1, most=10), "0", "a whole number from 1 to 10"),
        (lambda env: env.integer("X", 8, least=1, most=10), "11", "a whole number from 1 to 10"),
        (lambda env: env.integer("X", 8, least=1, most=10), "9" * 40, "a whole number from 1 to 10"),
        (lambda env: env.zone("X", "UTC"), "Mars/Olympus", "Use a time zone's name such as Europe/Berlin."),
        (lambda env: env.zone("X", "UTC"), "../../etc/passwd", "Use a time zone's name such as Europe/Berlin."),
        (lambda env: env.zone("X", "UTC"), "Europe", "Use a time zone's name such as Europe/Berlin."),
        (lambda env: env.addresses("X"), "127.0.0.1, proxy", "Use IP addresses"),
        (lambda env: env.addresses("X"), "10.0.0.0/8", "Use IP addresses"),
    ],
)
def test_a_bad_value_is_refused_by_name_and_told_what_is_right(
    read: Callable[[Env], object], value: str, told: str
) -> None:
    with pytest.raises(BadSettingError) as refused:
        read(Env({"X": value}))
    message = str(refused.value)
    assert message.startswith("X ") and told in message
    assert value.rpartition(", ")[2] in message


def test_a_folder_may_be_missing_but_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert Env({"X": str(tmp_path / "new")}).folder("X", Path("data")) == tmp_path / "new"
    assert Env({}).folder("X", Path("data")) == Path("data").absolute()
    assert Env({"X": "~/archive"}).folder("X", Path("data")) == Path.home() / "archive"
    with pytest.raises(BadSettingError, match=r"^X is .*file.*Use a folder"):
        Env({"X": str(tmp_path / "file")}).folder("X", Path("data"))


def test_the_environment_of_the_process_is_what_is_read_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VELLUM_TEST", "7")
    assert Env().integer("VELLUM_TEST", 0, least=0, most=9) == 7


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "70000"),
        ("DEBUG", "perhaps"),
        ("HTTPS", "tls"),
        ("LOG_LEVEL", "loud"),
        ("SECRET_KEY", "short"),
        ("DISPLAY_TIME_ZONE", "Mars"),
        ("TRUSTED_PROXIES", "everybody"),
        ("DATA_DIR", __file__),
        ("SQLITE_CACHE_MB", "much"),
        ("WEB_CACHE_MB", "1"),
        ("RESERVE_MB", "-1"),
    ],
)
def test_the_settings_refuse_a_bad_value_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """Read the settings anew in this process: the file is run, the settings that the tests use stay."""
    import runpy

    monkeypatch.delenv("SECRET_KEY", raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSettingError, match=rf"^{name} "):
        runpy.run_path(str(ROOT / "portal" / "settings.py"))


@pytest.mark.parametrize("command", [("manage.py", "check"), ("-m", "portal.run")])
def test_a_command_says_it_in_one_sentence(tmp_path: Path, command: tuple[str, ...]) -> None:
    name = "WEB_WORKERS" if command[0] == "-m" else "PORT"
    kept = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**kept, "DATA_DIR": str(tmp_path), name: "many"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"{name} is 'many'. Use a whole number") and done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_an_installation_makes_a_secret_key_for_itself_once_and_for_its_owner_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import runpy

    monkeypatch.delenv("SECRET_KEY", raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    keys = {runpy.run_path(str(ROOT / "portal" / "settings.py"))["SECRET_KEY"] for _ in range(2)}
    assert len(keys) == 1 and len(keys.pop()) >= 60
    assert (tmp_path / "data" / "secret_key").stat().st_mode & 0o077 == 0
