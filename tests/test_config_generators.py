"""Config generators: functions of a python block that write parts of the configuration while it is read."""

import json
import os
import subprocess
import sys
import time

import pytest

from harness import BINARY

HEAD = "@version: 4.2\n"
GENERATOR = """python {{
from syslogng import register_config_generator

def make(arguments):
{body}

register_config_generator(context="{context}", name="{name}", config_generator=make)
}};
"""


def generator(body, *, context="destination", name="made_up"):
    body = "".join(f"    {line}\n" for line in body.splitlines())
    return GENERATOR.format(body=body, context=context, name=name)


@pytest.fixture
def run(only_hognose, tmp_path):
    """Runs the daemon with arguments that make it end by itself; its exit code and all that it says."""

    def run(text, *arguments, env=None):
        path = tmp_path / "generated.conf"
        path.write_text(HEAD + text)
        command = [BINARY, "-f", path, "--python", sys.executable, *arguments]
        ran = subprocess.run(
            command, capture_output=True, text=True, timeout=120, env={**os.environ, **(env or {})}
        )
        return ran.returncode, ran.stdout + ran.stderr

    return run


LINE = "$MSG\\n"
ONE_MESSAGE = 'source { example-msg-generator(num(1) template("hello")); };'


def test_c37_a_name_with_an_underscore_is_called_with_a_dash(make_daemon):
    code = generator('return f"file({arguments[\'path\']} template(\\"$MSG\\\\n\\"));"', name="my_file")
    daemon = make_daemon(
        HEAD + code + f'log {{ {ONE_MESSAGE} destination {{ my-file(path("@DIR@/out")); }}; }};'
    ).start()
    daemon.wait_lines(daemon.directory / "out", 1)
    assert (daemon.directory / "out").read_text() == "hello\n"
    daemon.stop()


def test_c38_arguments_are_raw_and_the_text_may_hold_a_python_driver(make_daemon):
    body = """import json
with open("@DIR@/arguments", "w") as file:
    json.dump(arguments, file)
return '''
    python(
        class("Echo")
        persist-name("generated")
        options("list" => ["a", "b"] "template" => LogTemplate("$MSG") "yes" => yes)
        flags(no-parse)
    );
'''"""
    echo = """python {
from syslogng import LogMessage, LogSource, LogTemplate

class Echo(LogSource):
    def init(self, options):
        self.options = options
        return True

    def run(self):
        kinds = {key: type(value).__name__ for key, value in self.options.items()}
        self.post_message(LogMessage(f"{self.options['list']} {kinds} {self.persist_name}"))

    def request_exit(self):
        pass
};
"""
    arguments = 'text("quoted \\"text\\"") list("a", "b") truth-value(yes) nested(call(1) [T])'
    daemon = make_daemon(
        HEAD
        + echo
        + generator(body, context="source", name="echo")
        + f"log {{ source {{ echo({arguments}); }};"
        + f' destination {{ file("@DIR@/out" template("{LINE}")); }}; }};'
    ).start()
    daemon.wait_lines(daemon.directory / "out", 1)
    said = (daemon.directory / "out").read_text()
    assert "['a', 'b'] {'list': 'list', 'template': 'LogTemplate', 'yes': 'bool'}" in said
    assert json.loads((daemon.directory / "arguments").read_text()) == {
        "text": '"quoted \\"text\\""',
        "list": '"a", "b"',
        "truth_value": "yes",
        "nested": "call(1) [T]",
    }
    daemon.stop()


def test_c38_the_text_may_hold_a_python_destination(make_daemon):
    body = """return '''
    python(
        class("Keep")
        persist-name("generated")
        options("list" => ["a", "b"] "template" => LogTemplate("$MSG!") "yes" => yes "path" => "@DIR@/kept")
    );
'''"""
    keep = """python {
from syslogng import LogDestination

class Keep(LogDestination):
    def init(self, options):
        self.options = options
        return True

    def send(self, message):
        kinds = {key: type(value).__name__ for key, value in self.options.items()}
        with open(self.options["path"], "a") as file:
            file.write(f"{self.options['template'].format(message, self.template_options)} {kinds}\\n")
        return self.SUCCESS
};
"""
    daemon = make_daemon(
        HEAD + keep + generator(body, name="keep") + f"log {{ {ONE_MESSAGE} destination {{ keep(); }}; }};"
    ).start()
    daemon.wait_lines(daemon.directory / "kept", 1)
    said = (daemon.directory / "kept").read_text()
    assert said == "b'hello!' {'list': 'list', 'template': 'LogTemplate', 'yes': 'bool', 'path': 'str'}\n"
    daemon.stop()


@pytest.mark.parametrize(
    ("context", "use"),
    [
        ("root", "made-up();"),
        ("source", "source s { made-up(); };"),
        ("destination", "destination d { made-up(); };"),
        ("parser", "parser p { made-up(); };"),
        ("rewrite", "rewrite r { made-up(); };"),
        ("filter", "filter f { made-up(); };"),
        ("log", "log { made-up(); };"),
        ("options", "options { made-up(); };"),
        ("inner-src", 'source s { file("/x" made-up()); };'),
        ("inner-dest", 'destination d { file("/x" made-up()); };'),
    ],
)
def test_every_context_that_has_blocks(run, context, use):
    code, said = run(generator('return "/*made-up*/"', context=context) + use, "--preprocess-into=-")
    assert "/*made-up*/" in said, said
    other = "source" if context != "source" else "filter"
    code, said = run(generator('return "/*made-up*/"', context=other) + use, "--preprocess-into=-")
    assert "/*made-up*/" not in said.replace(generator('return "/*made-up*/"', context=other), ""), said


def test_a_block_uses_a_generator_and_a_generator_a_block(run):
    code, said = run(
        "block source inner(text()) { example-msg-generator(template(`text`)); };\n"
        + generator("return f\"inner(text({arguments['t']}));\"", context="source")
        + 'block source outer(t("hm")) { made-up(t(`t`)); };\n'
        + "source s { outer(); };\n",
        "--preprocess-into=-",
    )
    assert code == 0, said
    assert 'source s { example-msg-generator(template("hm"))' in " ".join(said.split()), said


def test_an_exception_is_shown_with_the_lines_of_the_configuration(run):
    code, said = run(generator('return arguments["nonesuch"]') + "destination d { made-up(x(1)); };", "-s")
    assert code == 1
    for words in (
        "config generator `made_up` failed: KeyError: 'nonesuch'",
        "generated.conf:11:17",
        'generated.conf", line 6, in make',
        'return arguments["nonesuch"]',
    ):
        assert words in said, said


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return 5", "it returned int, and must return configuration text as a str"),
        ("return None", "it returned NoneType"),
        (r'return b"\xff"', "UnicodeDecodeError"),
        ("import sys; sys.exit(1)", "SystemExit"),
        ("import os; print('last words', flush=True); os._exit(3)", "exited with code 3: last words"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "killed by signal 11 (SIGSEGV)"),
        ("return 'file(\"/x\");' * 1000000", "above the limit"),
        ("return 'file(\"/x\" nonesuch(1));'", "has no option `nonesuch`"),
        ("return 'made-up();'", "nest deeper than 256"),
    ],
)
def test_a_generator_that_fails_is_a_mistake_of_the_configuration(run, body, words):
    code, said = run(generator(body) + "destination d { made-up(); };\nlog { destination(d); };", "-s")
    assert code == 1, said
    assert words in said, said


def test_bytes_are_text_as_well(run):
    code, said = run(generator("return b'file(\"/x\");'") + "destination d { made-up(); };", "-s")
    assert code == 0, said


def test_only_the_blocks_before_the_name_count(run):
    used = "destination d { made-up(); };\nlog { destination(d); };\n"
    code, said = run(used + generator("return 'file(\"/x\");'"), "-s")
    assert code == 1
    assert "made-up" in said
    # Asking for one name does not hide what a later block registers.
    asked = "python { };\nsource e { unheard-of(); };\n"
    code, said = run(asked + generator("return 'file(\"/x\");'") + used, "-s")
    assert "unheard-of" in said
    assert "made-up" not in said, said


def test_a_wrong_context_is_a_mistake_and_one_that_is_never_asked_a_warning(run):
    code, said = run(generator("return ''", context="sauce"), "-s")
    assert code == 1
    assert "there is no context 'sauce'" in said
    code, said = run(generator("return ''", context="template-func"), "-s")
    assert code == 0
    assert "config generator made_up is never called" in said, said


def test_no_interpreter_is_started_unless_a_name_is_unknown(run, tmp_path):
    trail = tmp_path / "python-ran"
    code = f"python {{\nopen({str(trail)!r}, 'a').write('x')\n}};\n"
    known = (
        code
        + 'destination d { file("/dev/null" create-dirs(yes)); };\nfilter f { program("x" type(string)); };\n'
    )
    run(known, "--preprocess-into=-")
    assert not trail.exists()
    run(known + "destination e { unheard-of(); };", "--preprocess-into=-")
    assert trail.read_text() == "x"


def test_a_reload_generates_anew(make_daemon):
    text = "@DIR@/text"
    code = generator(
        f'return f"example-msg-generator(num(1) template(\\"{{open(\'{text}\').read()}}\\"));"',
        context="source",
    )
    config = (
        HEAD
        + code
        + f'log {{ source {{ made-up(); }}; destination {{ file("@DIR@/out" template("{LINE}")); }}; }};'
    )
    daemon = make_daemon(config)
    (daemon.directory / "text").write_text("first")
    daemon.start()
    daemon.wait_lines(daemon.directory / "out", 1)
    (daemon.directory / "text").write_text("second")
    daemon.reload()
    daemon.wait_lines(daemon.directory / "out", 2)
    assert (daemon.directory / "out").read_text() == "first\nsecond\n"
    daemon.stop()


def test_no_worker_is_left(run, tmp_path):
    pid = tmp_path / "pid"
    code, _ = run(
        generator(f"import os\nopen({str(pid)!r}, 'w').write(str(os.getpid()))\nreturn 'file(\"/x\");'")
        + "destination d { made-up(); };",
        "-s",
    )
    assert code == 0
    deadline = time.monotonic() + 10
    while os.path.exists(f"/proc/{pid.read_text()}"):
        assert time.monotonic() < deadline, "the worker goes on"
        time.sleep(0.01)
