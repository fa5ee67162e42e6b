"""``python()``, ``venv()``, ``environment()``, ``memory-limit()``, ``user()``: a Python for each driver."""

import os
import subprocess
import sys

import pytest

import harness
from test_python_versions import interpreter


def venv(directory, version):
    """A virtual environment with the package ``thing`` in this version, and nothing else."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", directory], check=True)
    [site] = directory.glob("lib/python3.*/site-packages")
    (site / "thing.py").write_text(f"VERSION = {version!r}\n")
    return directory


SOURCE = """
python {
import os, sys
from syslogng import LogFetcher, LogMessage
class It(LogFetcher):
    def init(self, options):
        self.said = False
        return True
    def fetch(self):
        if self.said:
            return LogFetcher.FETCH_NO_DATA,
        self.said = True
        return LogFetcher.FETCH_SUCCESS, LogMessage(self.say())
    def say(self):
        return "%s" % (BODY)
};
"""


@pytest.fixture
def run(make_daemon, tmp_path, only_hognose):
    """Starts fetchers with these options; what each says comes to ``daemon.out``."""

    def run(body, *terms):
        out = tmp_path / "out"
        drivers = " ".join(f'python-fetcher(class("It") {term});' for term in terms)
        daemon = make_daemon(
            f"@version: 4.2\n{SOURCE.replace('BODY', body)}"
            f'log {{ source {{ {drivers} }}; destination {{ file("{out}" template("$MSG\\n")); }}; }};\n'
        ).start()
        daemon.out = out
        return daemon

    return run


def test_conflicting_packages_side_by_side(run, tmp_path):
    one, two = venv(tmp_path / "one", "1.0"), venv(tmp_path / "two", "2.0")
    daemon = run('__import__("thing").VERSION', f'venv("{one}")', f'venv("{two}")')
    assert sorted(daemon.wait_lines(daemon.out, 2)) == ["1.0", "2.0"]


def test_check_looks_into_each_environment(make_daemon, tmp_path, only_hognose):
    """The classes are in packages that only one of them has."""
    one, two = venv(tmp_path / "one", "1.0"), venv(tmp_path / "two", "2.0")
    for place, name in ((one, "first"), (two, "second")):
        [site] = place.glob("lib/python3.*/site-packages")
        (site / f"{name}.py").write_text(
            "from syslogng import LogFetcher\nclass It(LogFetcher):\n    def fetch(self):\n        pass\n"
        )
    config = make_daemon(
        f"""@version: 4.2
log {{ source {{ python-fetcher(class("first.It") venv("{one}"));
    python-fetcher(class("second.It") venv("{two}")); }};
    destination {{ file("/dev/null"); }}; }};"""
    ).config
    ran = subprocess.run([harness.BINARY, "check", config], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_another_interpreter(run):
    others = filter(None, (interpreter(minor) for minor in (13, 12, 10)))
    other = next((path for path in others if path != sys.executable), None)
    if other is None:
        pytest.skip("one Python only on this machine")
    daemon = run("sys.version_info[:2] == sys.version_info[:2] and sys.executable", f'python("{other}")')
    assert daemon.wait_lines(daemon.out, 1) == [other]


def test_its_own_environment(run):
    daemon = run(
        'os.environ["GREETING"]', 'environment("GREETING=hello world")', 'environment("GREETING=bye")'
    )
    assert sorted(daemon.wait_lines(daemon.out, 2)) == ["bye", "hello world"]


def test_a_memory_limit_ends_in_an_exception_and_nothing_else(run):
    daemon = run("len(bytearray(1 << 30))", "memory-limit(512MiB)", "")
    assert daemon.wait_lines(daemon.out, 1) == [str(1 << 30)]
    daemon.wait_log("MemoryError")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may change users")
def test_another_user(run):
    daemon = run("os.getuid()", 'user("65534")', "")
    assert sorted(daemon.wait_lines(daemon.out, 2)) == ["0", "65534"]


def test_a_missing_package_is_named_with_the_line_that_installs_it(make_daemon, tmp_path, only_hognose):
    here = venv(tmp_path / "here", "1")
    daemon = make_daemon(
        f"""@version: 4.2
log {{ source {{ python(class("no_such_package.It") venv("{here}")); }};
    destination {{ file("/dev/null"); }}; }};"""
    )
    assert daemon.run_to_end() == 2
    assert f"{here}/bin/python -m pip install no_such_package" in daemon.log()


@pytest.mark.parametrize(
    ("term", "said"),
    [
        ('venv("/nowhere")', "python3 -m venv /nowhere"),
        ('python("/nowhere")', "/nowhere does not exist"),
        ('environment("X")', "is not NAME=value"),
        ('user("nobody-of-that-name")', "there is no user `nobody-of-that-name`"),
        ("memory-limit(1000)", "which no interpreter starts in"),
    ],
)
def test_mistakes_are_named(make_daemon, only_hognose, term, said):
    daemon = make_daemon(
        f"""@version: 4.2
{SOURCE.replace("BODY", "1")}
log {{ source {{ python-fetcher(class("It") {term}); }}; destination {{ file("/dev/null"); }}; }};"""
    )
    assert daemon.run_to_end() in (1, 2)
    assert said in daemon.log()
