"""`hognose check FILE`: all that is wrong with a configuration and its Python, before anything starts."""

import subprocess
import sys

import pytest

from harness import BINARY, ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.conf"))
HEAD = "@version: 4.2\n"
SOURCE = """
log {{ source {{ {driver}(class("{name}") flags(no-parse)); }}; destination {{ file("/dev/null"); }}; }};
"""


@pytest.fixture
def check(only_hognose, tmp_path):
    def check(text):
        path = tmp_path / "checked.conf"
        path.write_text(text)
        ran = subprocess.run(
            [BINARY, "check", path, "--python", sys.executable], capture_output=True, text=True, timeout=60
        )
        return ran.returncode, ran.stdout + ran.stderr

    return check


def config(code, *, driver="python", name="S"):
    return HEAD + SOURCE.format(driver=driver, name=name) + "python {\n" + code + "\n};\n"


GOOD = """from syslogng import LogFetcher, LogSource
class S(LogSource):
    def run(self):
        raise SystemExit("a check runs nothing")
    def request_exit(self):
        pass
class F(LogFetcher):
    def fetch(self):
        raise SystemExit("a check runs nothing")
"""


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_examples_are_good(check, example):
    code, said = check(example.read_text())
    assert code == 0, said


def test_a_good_source_is_not_run(check):
    code, said = check(config(GOOD))
    assert code == 0, said
    assert "runs nothing" not in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (config(GOOD, name="Missing"), ["Missing"]),
        (config(GOOD, name="no_such_module.S"), ["no_such_module"]),
        (config(GOOD, name="F"), ["F is a LogFetcher", "python-fetcher()"]),
        (config(GOOD, driver="python-fetcher"), ["S is a LogSource", "python()"]),
        (config("class S:\n    pass"), ["S", "LogSource"]),
        (config(GOOD.replace("run", "walk")), ["S", "run"]),
        (config(GOOD.replace("fetch(", "get("), driver="python-fetcher", name="F"), ["F", "fetch"]),
        (config("import no_such_module"), ["no_such_module"]),
        (config("def broken(:\n    pass"), ["checked.conf:5"]),
        (config(GOOD + "raise ValueError('at import')"), ["ValueError", "at import", "checked.conf:14"]),
        (HEAD + SOURCE.format(driver="pyton", name="S"), ["pyton", "python"]),
    ],
    ids=lambda value: None if isinstance(value, str) else " ".join(value),
)
def test_a_mistake_is_named(check, text, words):
    code, said = check(text)
    assert code == 1, said
    for word in words:
        assert word in said, said


def test_all_mistakes_are_reported_at_once(check):
    code, said = check(
        HEAD
        + SOURCE.format(driver="python", name="Missing")
        + SOURCE.format(driver="python-fetcher", name="S")
        + SOURCE.format(driver="python", name="S").replace("file(", "flie(")
        + "python {\n"
        + GOOD
        + "\n};\n"
    )
    assert code == 1, said
    for word in ("Missing", "S is a LogSource", "flie", "checked.conf:3", "checked.conf:5", "checked.conf:7"):
        assert word in said, said
