"""`python -m portal.run`: children that die are started again and that is said, Ctrl-C finishes the work in hand."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from portal import run
from portal.env import BadSettingError
from portal.run import CannotStartError, Child, Supervisor, check_port, claim, commands
from tests.archive.ingest.packages import manifest_of, write_tar
from tests.configuration import CONFIGURATION

ROOT = Path(__file__).resolve().parents[2]
LETTERS = 18_000
WORK = "SELECT state, attempts, lease_until FROM archive_workitem WHERE kind = 'load.run'"
PRIVATE = "from portal.processes import keep_files_private; keep_files_private()\n"
ENDING = "ending: requests in hand are answered, loads under way go on at the next start."
# A child that finishes its work when it is told to end, and writes down that it did.
CAREFUL = """
import pathlib, signal, sys, time
def end(*_):
    time.sleep(0.3)
    pathlib.Path(sys.argv[1]).write_text("finished")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(60)
"""
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
)


def wait_for(what: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Return what comes, or fail."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come")


def python(*arguments: str) -> list[str]:
    """Return the command of a small child."""
    return [sys.executable, "-S", "-c", *arguments]


# The parent, with small children


class Running:
    """A supervisor that runs in this process: signals are handed to it instead of to the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *children: Child) -> None:
        self.handlers: dict[int, Any] = {}
        monkeypatch.setattr(signal, "signal", lambda number, handler: self.handlers.update({number: handler}))
        self.said = io.StringIO()
        self.children = list(children)
        self.codes: list[int] = []
        supervisor = Supervisor(self.children, say=self.said)
        self.thread = threading.Thread(target=lambda: self.codes.append(supervisor.run()))
        self.thread.start()

    def interrupt(self) -> None:
        """Press Ctrl-C and wait for the end."""
        wait_for(lambda: signal.SIGINT in self.handlers)
        self.handlers[signal.SIGINT](signal.SIGINT, None)
        self.thread.join(20)
        assert not self.thread.is_alive()

    def lines(self) -> list[str]:
        """Return what was printed."""
        return self.said.getvalue().splitlines()


def test_a_child_that_dies_is_started_again_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    steady = Child("steady", python("import time; time.sleep(60)"))
    dying = Child("dying", python("import sys; print('here', flush=True); sys.exit(3)"))
    running = Running(monkeypatch, steady, dying)
    try:
        wait_for(lambda: running.lines().count("dying  | here") >= 2)
    finally:
        running.interrupt()
    assert steady.starts == 1 and running.codes == [0]
    lines = running.lines()
    assert "vellum | dying ended with 3; it is started again in 1 s." in lines
    assert f"vellum | {ENDING}" in lines


@pytest.mark.skipif(sys.platform != "linux", reason="finds the process by /proc")
def test_what_a_dead_child_had_started_goes_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A web server that is killed leaves workers, which would keep its port."""
    script = (
        "import pathlib, subprocess, sys, time; "
        "left = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(60)']); "
        "pathlib.Path(sys.argv[1]).write_text(str(left.pid)); time.sleep(60)"
    )
    told = tmp_path / "pid"
    child = Child("web", python(script, str(told)))
    running = Running(monkeypatch, child)
    try:
        left = int(wait_for(lambda: told.exists() and told.read_text()))
        assert child.process is not None
        child.process.kill()
        wait_for(lambda: not Path(f"/proc/{left}").exists() or "zombie" in Path(f"/proc/{left}/status").read_text())
    finally:
        running.interrupt()


def test_a_child_that_keeps_dying_is_started_ever_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    supervisor = Supervisor([], say=io.StringIO())
    child = Child("dying", python("raise SystemExit(1)"))
    waits = []
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    for _ in range(8):
        supervisor._start(child)
        assert child.process is not None
        child.process.wait(20)
        supervisor._look_after(child)
        waits.append(child.wait)
        assert child.process is None, "not before its wait is over"
        now += child.wait
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]
    supervisor._start(child)
    assert child.process is not None
    child.process.wait(20)
    now += 61
    supervisor._look_after(child)
    assert child.wait == 0.5, "one that ran for a minute is started at once"


def test_ending_lets_every_child_finish_what_it_has_in_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    children = [Child(f"c{number}", python(CAREFUL, str(tmp_path / str(number)))) for number in range(2)]
    running = Running(monkeypatch, *children)
    wait_for(lambda: "\n".join(running.lines()).count("ready") == 2)
    running.interrupt()
    assert sorted(path.read_text() for path in tmp_path.iterdir()) == ["finished"] * 2
    assert all(child.process is not None and child.process.returncode == 0 for child in children)
    assert f"vellum | {ENDING}" in running.lines()


def test_a_child_that_does_not_end_is_ended_after_the_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "GRACE_SECONDS", 0.3)
    child = Child("stub", python(STUBBORN))
    running = Running(monkeypatch, child)
    wait_for(lambda: "stub   | ready" in running.lines())
    running.interrupt()
    assert child.process is not None
    assert child.process.wait(10) == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_children_of_a_parent_that_is_killed_end_too(tmp_path: Path) -> None:
    script = (
        "import sys; from portal.run import Child, Supervisor; "
        f"Supervisor([Child('c', {python(CAREFUL, str(tmp_path / 'end'))!r})]).run()"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None and "ready" in parent.stdout.readline()
    parent.kill()
    parent.wait(10)
    wait_for((tmp_path / "end").exists, 10)
    parent.stdout.close()


# What it starts, and when it does not


def test_what_runs_and_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_WORKERS", "3")
    monkeypatch.setenv("WEB_THREADS", "7")
    monkeypatch.setenv("HOST", "0.0.0.0")
    web, worker, clock = commands(8123)
    assert [child.name for child in (web, worker, clock)] == ["web", "worker", "clock"]
    assert "--port 8123" in " ".join(web.command) and "--workers 3" in " ".join(web.command)
    assert "--blocking-threads 7" in " ".join(web.command)
    assert "--host 0.0.0.0" in " ".join(web.command)
    assert "worker" in worker.command and "beat" in clock.command


@pytest.mark.parametrize("value", ["0", "65", "two", "-1", "1; rm"])
def test_a_number_of_workers_that_makes_no_sense_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    for name in ("WEB_WORKERS", "WEB_THREADS"):
        with monkeypatch.context() as meanwhile:
            meanwhile.setenv(name, value if value != "65" else "257")
            with pytest.raises(BadSettingError, match=f"^{name} "):
                commands(8000)


def test_two_instances_on_one_folder_are_refused(tmp_path: Path) -> None:
    with claim(tmp_path), pytest.raises(CannotStartError, match="Another instance runs on"):
        claim(tmp_path)
    with claim(tmp_path):
        pass


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotStartError, match="cannot be written"):
        claim(tmp_path / "missing")


def test_a_port_that_is_taken_is_refused(free_port: int) -> None:
    check_port("127.0.0.1", free_port)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port))
        taken.listen()
        with pytest.raises(CannotStartError, match=f"Port {free_port} cannot be used: .* Set PORT"):
            check_port("127.0.0.1", free_port)


# The whole thing


@pytest.fixture
def free_port() -> int:
    """Return a port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Instance:
    """A real installation that runs on a folder and a port of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.data, self.port = folder / "data", port
        self.output = folder / "output"
        kept = {key: value for key, value in os.environ.items() if not key.startswith("CELERY")}
        self.environment = {
            **kept,
            "DATA_DIR": str(self.data),
            "PORT": str(port),
            "WEB_WORKERS": "1",
            "DJANGO_SETTINGS_MODULE": "portal.settings",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def python(self, code: str) -> None:
        """Run code of Django's in a process of its own."""
        done = subprocess.run(
            [sys.executable, "-c", f"{PRIVATE}import django; django.setup()\n{code}"],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        """Start it as `make run` does."""
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "portal.run"],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def answers(self) -> bool:
        """Tell whether the door is there: whoever is not signed in is sent to the sign-in page."""
        asking = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            asking.request("GET", "/")
            return asking.getresponse().headers["Location"] == "/accounts/login/?next=/"
        except OSError:
            return False
        finally:
            asking.close()

    def children(self) -> dict[str, int]:
        """Return the processes of the parent by what they are."""
        assert self.process is not None
        found = {}
        for pid in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
            line = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
            kind = next((word for word in ("granian", "worker", "beat") if word in line), "")
            if kind:
                found[kind] = int(pid)
        return found

    def one(self, sql: str) -> Any:
        """Return the first row of a query."""
        with sqlite3.connect(f"file:{self.data / 'vellum.db'}?mode=ro", uri=True, timeout=5) as database:
            return database.execute(sql).fetchone()

    def said(self, text: str) -> bool:
        """Tell whether it printed something."""
        return text in self.output.read_text(errors="replace")


@pytest.fixture
def instance(tmp_path: Path, free_port: int) -> Iterator[Instance]:
    """Return an installation with the configuration of the tests, ended at the end."""
    found = Instance(tmp_path, free_port)
    found.python(
        "import json\n"
        "from django.core.management import call_command\n"
        "from archive.audit.actor import Actor\n"
        "from portal.configuration.applying import apply\n"
        "call_command('migrate', verbosity=0)\n"
        f"apply(json.loads({json.dumps(CONFIGURATION)!r}), actor=Actor.system('tests'))\n"
    )
    yield found
    if found.process is not None and found.process.poll() is None:
        left = found.children().values()
        found.process.kill()
        found.process.wait(10)
        for group in left:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)


def queue(instance: Instance, package: Path) -> None:
    """Queue a load as the upload page does, with its doorbell."""
    instance.python(
        "from pathlib import Path\n"
        "from archive.audit.actor import Actor\n"
        "from archive.ingest.running import queue_load\n"
        "from archive.ingest.services import LoadRequest\n"
        f"queue_load(LoadRequest(Path({str(package)!r}), 'engine'), actor=Actor.system('tests'))\n"
    )


@pytest.mark.skipif(sys.platform != "linux", reason="finds the children by /proc")
def test_the_whole_runs_heals_ends_in_seconds_and_goes_on_where_it_was(instance: Instance, tmp_path: Path) -> None:
    letters = (
        {
            "external_id": str(number),
            "business_unit": "retail",
            "document_class": "statement",
            "issued_on": "2026-10-31",
            "variants": [{"channel": "sms", "text": f"letter {number}"}],
        }
        for number in range(LETTERS)
    )
    package = write_tar(tmp_path / "a.tar", {"manifest.jsonl": manifest_of(*letters)})
    instance.start()
    wait_for(instance.answers)
    children = wait_for(lambda: len(instance.children()) == 3 and instance.children())
    assert not [str(path) for path in instance.data.rglob("*") if path.lstat().st_mode & 0o077]
    assert not instance.said("is open to other accounts")
    second = subprocess.run(
        [sys.executable, "-m", "portal.run"],
        cwd=ROOT,
        env=instance.environment,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert second.returncode == 1 and "Another instance runs on" in second.stderr

    os.kill(children["granian"], signal.SIGKILL)
    wait_for(lambda: instance.said("vellum | web ended with -9; it is started again in 1 s."))
    again = wait_for(lambda: instance.children().get("granian"))
    wait_for(instance.answers)
    assert again != children["granian"]
    assert instance.children()["worker"] == children["worker"], "nobody else is disturbed"

    queue(instance, package)
    wait_for(lambda: instance.one("SELECT archived FROM archive_load WHERE state = 'running'"))
    assert instance.process is not None
    instance.process.send_signal(signal.SIGINT)
    begun = time.monotonic()
    assert instance.process.wait(40) == 0
    assert time.monotonic() - begun < 10, "nobody waits for a load to come to its end"
    assert instance.said(f"vellum | {ENDING}")
    assert instance.one("SELECT state FROM archive_load") == ("queued",)
    assert instance.one(WORK) == ("queued", 0, None)
    assert not [pid for pid in children.values() if Path(f"/proc/{pid}").exists()]
    assert not instance.answers()

    broken = instance.data / "broker" / "messages" / "0_0.celery.msg"
    broken.write_text('{"body": ')
    instance.start()
    wait_for(lambda: instance.one(WORK)[0] == "done")
    assert instance.one("SELECT state, archived FROM archive_load") == ("complete", LETTERS)
    assert instance.one(WORK) == ("done", 1, None) and not broken.exists()
    assert not instance.said("worker ended"), "a message that is none ends nobody"


def test_a_thread_of_the_web_server_keeps_few_pages_and_a_load_many(instance: Instance) -> None:
    ask = "from django.db import connection; pages = connection.cursor().execute('PRAGMA cache_size').fetchone()[0]\n"
    instance.environment.update(SQLITE_CACHE_MB="100", WEB_CACHE_MB="")
    instance.python(f"{ask}assert pages == -100_000, pages")
    instance.python(f"import portal.wsgi\n{ask}assert pages == -8_000, pages")


@pytest.mark.skipif(sys.platform != "linux", reason="finds the processes by /proc")
def test_nothing_stays_when_the_parent_is_killed_and_its_children_with_it(instance: Instance) -> None:
    instance.data.chmod(0o755)
    instance.start()
    wait_for(instance.answers)
    children = wait_for(lambda: len(instance.children()) == 3 and instance.children())
    below = wait_for(lambda: len(descendants(children["worker"])) >= 2 and descendants(children["worker"]))
    below += wait_for(lambda: descendants(children["granian"]))
    assert instance.process is not None
    for child in children.values():
        os.kill(child, signal.SIGSTOP)  # none of them may still tell its own what comes
    instance.process.kill()
    instance.process.wait(10)
    for child in children.values():
        os.kill(child, signal.SIGKILL)
    wait_for(lambda: not [pid for pid in (*children.values(), *below) if lives(pid)], 5)
    assert not instance.answers()
    assert instance.said("is open to other accounts of this machine; chmod 700 closes it.")


def descendants(pid: int) -> list[int]:
    """Return the children of a process."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def lives(pid: int) -> bool:
    """Tell whether a process is there and is more than an entry that nobody has fetched."""
    try:
        return "zombie" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
