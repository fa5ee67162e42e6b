"""``hognose test``: tests of Python drivers, without a daemon and in the drivers' own Python."""

import subprocess
import sys

import harness

TESTS = """
from syslogng import LogFetcher, LogMessage

class Counter(LogFetcher):
    def init(self, options):
        self.count = 0
        return True

    def fetch(self):
        self.count += 1
        return LogFetcher.FETCH_SUCCESS, LogMessage(f"message {self.count}")

def test_counts(drive_fetcher):
    counter = drive_fetcher(Counter)
    counter.fetch()
    counter.fetch()
    assert counter.messages[1]["MESSAGE"] == b"message 2"

def test_fails():
    assert EXPECTED
"""


def hognose_test(*arguments, cwd):
    command = [harness.BINARY, "test", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=60, check=False)


def test_a_directory_of_tests(tmp_path, only_hognose):
    (tmp_path / "test_counter.py").write_text(TESTS.replace("EXPECTED", "True"))
    ran = hognose_test("--python", sys.executable, ".", "--", "-q", cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "2 passed" in ran.stdout


def test_the_exit_code_is_that_of_the_tests(tmp_path, only_hognose):
    (tmp_path / "test_counter.py").write_text(TESTS.replace("EXPECTED", "False"))
    assert hognose_test("--python", sys.executable, cwd=tmp_path).returncode == 1


def test_the_configuration_says_which_python(tmp_path, only_hognose):
    (tmp_path / "test_python.py").write_text(
        f"import sys\ndef test_it():\n    assert sys.executable == {sys.executable!r}\n"
    )
    (tmp_path / "daemon.conf").write_text(f'@version: 4.2\noptions {{ python("{sys.executable}"); }};\n')
    ran = hognose_test("-f", "daemon.conf", cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_python_without_pytest_is_told_how_to_get_it(tmp_path, only_hognose):
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
    ran = hognose_test("--python", f"{bare}/bin/python", cwd=tmp_path)
    assert ran.returncode == 1
    assert f"{bare}/bin/python -m pip install pytest" in ran.stderr
