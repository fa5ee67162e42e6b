"""One daemon binary, every Python from 3.10 on: those that are on the machine run the seed's generator."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from test_seed import HEADER, seed

OLDEST, NEWEST = 10, 13
TOO_OLD = (9, 8, 7, 6)


@cache
def interpreter(minor):
    """A python3.<minor> that really runs, on the PATH or from pyenv (whose shims may only pretend)."""
    name = f"python3.{minor}"
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [shutil.which(name), *sorted(pyenv.glob(f"3.{minor}.*/bin/{name}"))]
    for path in filter(None, candidates):
        # -E -S: quick, and the same whatever the environment says.
        probe = [path, "-E", "-S", "-c", "import sys; print(sys.version_info[:2], sys.executable)"]
        ran = subprocess.run(probe, capture_output=True, text=True, check=False)
        if ran.returncode == 0 and ran.stdout.startswith(f"(3, {minor}) "):
            return ran.stdout.split(") ", 1)[1].strip()
    return None


@pytest.mark.parametrize("minor", range(OLDEST, NEWEST + 1), ids=lambda minor: f"python3.{minor}")
def test_generator(make_daemon, only_hognose, minor):
    python = interpreter(minor)
    if python is None:
        pytest.skip(f"no Python 3.{minor} on this machine")
    config = seed("Example: generator source").replace(
        "import Event\n", "import Event\nimport sys\nprint('runs', sys.version_info[:2], flush=True)\n"
    )
    daemon = make_daemon(config, python=python).start()
    daemon.wait_output(HEADER + "hello world", count=2)
    daemon.wait_log(rf"runs \(3, {minor}\)")
    daemon.stop()


def test_an_interpreter_that_is_too_old_is_named(make_daemon, only_hognose):
    """One clear line with both versions, and a start that failed."""
    old = next(filter(None, map(interpreter, TOO_OLD)), None)
    if old is None:
        pytest.skip("no Python older than 3.10 on this machine")
    daemon = make_daemon(seed("Example: generator source"), python=old)
    assert daemon.run_to_end() in (1, 2)
    said = [line for line in daemon.log().splitlines() if "3.10" in line and old in line]
    assert len(said) == 1, daemon.log()


def test_a_missing_interpreter_is_named(make_daemon, only_hognose, tmp_path):
    missing = str(tmp_path / "no-such-python")
    daemon = make_daemon(seed("Example: generator source"), python=missing)
    assert daemon.run_to_end() in (1, 2)
    said = [line for line in daemon.log().splitlines() if missing in line]
    assert len(said) == 1, daemon.log()


def test_the_configuration_may_name_the_interpreter(make_daemon, only_hognose, tmp_path):
    """options { python("…"); } is asked when the command line says nothing."""
    missing = str(tmp_path / "no-such-python")
    config = seed("Example: generator source").replace(
        "log {", f'options {{ python("{missing}"); }};\nlog {{', 1
    )
    daemon = make_daemon(config, python=None)
    assert daemon.run_to_end() in (1, 2)
    assert missing in daemon.log()


def test_an_active_virtualenv_is_used(make_daemon, only_hognose, tmp_path):
    missing = tmp_path / "venv"
    (missing / "bin").mkdir(parents=True)
    daemon = make_daemon(seed("Example: generator source"), python=None, env={"VIRTUAL_ENV": str(missing)})
    assert daemon.run_to_end() in (1, 2)
    assert str(missing) in daemon.log()
