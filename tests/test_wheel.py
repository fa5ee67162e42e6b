"""The wheel: the package in an interpreter that the daemon has not started."""

import subprocess
import sys

import pytest

from harness import ROOT

TEST = """
from syslogng import LogFetcher, LogFetcherResult, LogMessage


class Greeter(LogFetcher):
    def init(self, options: dict[str, str]) -> bool:
        self.whom = options["whom"]
        return True

    def fetch(self) -> tuple[LogFetcherResult, LogMessage]:
        return LogFetcher.FETCH_SUCCESS, LogMessage(f"hello {self.whom}")


def test_greets(drive_fetcher):
    driver = drive_fetcher(Greeter, options={"whom": "world"}, window=2, ack=False)
    driver.fetch()
    assert driver.messages[0]["MESSAGE"] == b"hello world"
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """An interpreter with nothing but the wheel, and the pytest of this one."""
    place = tmp_path_factory.mktemp("wheel")
    build = [ROOT / "scripts/wheel", place, "dev"]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = place.glob("syslogng-*-cp310-abi3-*.whl")
    subprocess.run([sys.executable, "-m", "venv", place / "venv"], check=True)
    python = place / "venv/bin/python"
    install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-index", wheel]
    subprocess.run(install, check=True)
    site = subprocess.check_output([sys.executable, "-c", "import pytest; print(pytest.__file__)"], text=True)
    (beside,) = (place / "venv/lib").glob("python3*/site-packages")
    # The venv's own packages come first.
    (beside / "pytest.pth").write_text(site.strip().removesuffix("/pytest/__init__.py") + "\n")
    return python


def test_package_is_the_workers_own(only_hognose, python):
    code = (
        "import syslogng, _syslogng\n"
        "m = syslogng.LogMessage('x')\n"
        "m['HOST'] = 'box'\n"
        "native = issubclass(syslogng.LogParser, _syslogng.LogParser)\n"
        "template = syslogng.LogTemplate('$HOST $MESSAGE', syslogng.LogTemplateOptions())\n"
        "print(template.format(m), native)"
    )
    said = subprocess.check_output([python, "-I", "-c", code], text=True)
    assert said == "b'box x' True\n"


def test_pytest_finds_the_fixtures(only_hognose, python, tmp_path):
    (tmp_path / "test_greeter.py").write_text(TEST)
    done = subprocess.run(
        [python, "-m", "pytest", "-q", tmp_path], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
