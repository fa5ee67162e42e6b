"""python { } blocks, and the classes they define: names, lines, tracebacks."""

import subprocess
import sys

import pytest
from played_daemon import Daemon

SOURCE = "from syslogng import LogSource, LogMessage\n"


def block(text, line=1, file="/etc/t.conf"):
    return {"file": file, "line": line, "text": text}


def refused(*blocks, **options):
    with Daemon(blocks=list(blocks), **options) as daemon:
        frame = daemon.frame("refused")
        daemon.ended(1)
        return frame


def printed(*blocks, **options):
    """What the blocks print, with a driver that does nothing."""
    last = block("\nfrom syslogng import LogSource\nclass S(LogSource):\n    def run(self): pass\n", 900)
    with Daemon(blocks=[*blocks, last], **options) as daemon:
        daemon.start()
        daemon.stop()
        return daemon.lines


def test_c117_blocks_share_one_namespace():
    assert printed(block("x = 1\ndef f(): return x"), block("x = 2"), block("print(f())")) == ["2"]


@pytest.mark.parametrize(
    "text",
    [
        " x = 1 ",
        "\tx = 1; y = 2",
        "\n    x = 1\n    if x:\n        y = 2\n",
        "  \n  # a comment\n# another, not indented\n  x = 1\n",
        "\n    from __future__ import annotations\n    x: nonsense = 1\n",
        "x = 1\ny = 2",
        "# comment\n    x = 1\n",
        " # comment\nx = 1\n",
        "\n\n",
        "",
        "\n    x = '''\n  text\n'''\n    assert x == '\\n  text\\n'\n",
        "\n    x = '''\n    kept\n    '''\n    assert x == '\\n    kept\\n    '\n",
        "\n    class C:\n        'Docs.'\n        def f(self):\n            return 'it\\'s'\n    ",
    ],
)
def test_indentation(text):
    assert printed(block(text), block("print(globals().get('x') is not None)"))[0] in ("True", "False")


def test_lines_are_the_files():
    text = """
    import sys
    def f():
        frame = sys._getframe()
        print(frame.f_lineno, frame.f_code.co_filename)
    f()
"""
    assert printed(block(text, 40)) == ["44 /etc/t.conf"]
    assert printed(block("import sys; print(sys._getframe().f_lineno)", 7)) == ["7"]


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("\nx = = 1\n", "SyntaxError: invalid syntax", 11),
        ("\n    x = = 1\n", "SyntaxError: invalid syntax", 11),
        ("\n    x = 1\ny = 2\n", "IndentationError: unexpected indent", 11),
        (
            "\nif 1:\n    x = 1\n  y = 2\n",
            "IndentationError: unindent does not match any outer indentation level",
            13,
        ),
        ("\n    def f(:\n", "SyntaxError: ", 11),
        ("\n    x = 1\n    1 / 0\n", "ZeroDivisionError: division by zero", 12),
        ("\nraise SystemExit(5)\n", "SystemExit: 5", 11),
        ("\nimport nonesuch_module\n", "No module named 'nonesuch_module'; install it with: ", 11),
        ("\nfrom syslogng import Nonesuch\n", "ImportError: cannot import name 'Nonesuch'", 11),
    ],
)
def test_mistakes(text, message, line):
    frame = refused(block(text, 10, "/etc/other.conf"))
    assert frame["stage"] == "block" and message in frame["message"]
    assert (frame["file"], frame["line"]) == ("/etc/other.conf", line)
    assert f'File "/etc/other.conf", line {line}' in frame["traceback"]
    assert "/syslogng/worker.py" not in frame["traceback"]


def test_tracebacks_show_the_lines_of_every_block():
    first = block("\ndef one():\n    1 / 0  # the first\n", 5)
    second = block("\ndef two():\n    one()  # the second\n", 20)
    third = block("two()  # the third", 22, "/etc/other.conf")
    traceback = refused(first, second, third)["traceback"]
    for line in ("two()  # the third", "one()  # the second", "1 / 0  # the first"):
        assert f"    {line}" in traceback, traceback


def test_the_module_of_the_blocks():
    text = "import sys; print(__name__, __file__, sys.modules['_syslogng_main'].__dict__ is globals())"
    assert printed(block(text)) == ["_syslogng_main /etc/t.conf True"]


def test_the_interpreter_as_user_code_finds_it(tmp_path):
    (tmp_path / "syslogng.py").write_text("raise SystemExit('shadowed')")
    (tmp_path / "_syslogng.py").write_text("raise SystemExit('shadowed')")
    (tmp_path / "mine.py").write_text("")
    text = """
import sys, signal, site, os, logging
print(sys.argv == ['syslog-ng'] or sys.prefix != sys.base_prefix)
print('' in sys.path, os.getcwd() in sys.path)
print(site.ENABLE_USER_SITE, signal.getsignal(signal.SIGINT) == signal.SIG_IGN)
front = sys.path.index('/front')
package = next(i for i, path in enumerate(sys.path) if os.path.isdir(path + '/syslogng'))
print(front, package, sys.path.index('/extra'))
try:
    import mine
except ImportError as error:
    print(error)
"""
    lines = printed(
        block(text), cwd=tmp_path, env={"PYTHONPATH": "/extra"}, hello={"sys_path_front": ["/front"]}
    )
    assert lines == ["True", "False False", "False True", "0 1 2", "No module named 'mine'"]


@pytest.fixture
def modules(tmp_path):
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").write_text("")
    (tmp_path / "pkg" / "mod.py").write_text(
        "from syslogng import LogSource\n"
        "class Outer(LogSource):\n"
        "    def run(self): print('outer')\n"
        "    class Inner(LogSource):\n"
        "        def run(self): print('inner')\n"
    )
    (tmp_path / "broken.py").write_text("1 / 0\n")
    (tmp_path / "thirsty.py").write_text("import nonesuch_module\n")
    (tmp_path / "loaded.py").write_text("print('loaded')\n")
    return {"hello": {"sys_path_front": [str(tmp_path)]}}


@pytest.mark.parametrize(("cls", "line"), [("pkg.mod.Outer", "outer"), ("pkg.mod.Outer.Inner", "inner")])
def test_classes_of_modules(modules, cls, line):
    with Daemon(cls=cls, **modules) as daemon:
        daemon.start()
        daemon.line(line)
        daemon.stop()


@pytest.mark.parametrize(
    ("cls", "said"),
    [
        ("Nonesuch", "class Nonesuch is not defined in the python blocks of the configuration"),
        ("PySauce", "did you mean PySource?"),
        ("pkg.mod.Autor", "module pkg.mod has no class Autor; did you mean Outer?"),
        ("pkg.nope.C", "No module named 'pkg.nope'"),
        ("nope.C", "install it with:"),
        ("broken.C", "cannot import broken for class broken.C: ZeroDivisionError"),
        ("thirsty.C", "pip install nonesuch_module"),
        ("function", "function is a function, not a class"),
        ("Plain", "class Plain is not a subclass of LogSource: write class Plain(LogSource)"),
        ("Fetcher", "class Fetcher is a LogFetcher: use python-fetcher()"),
        (".PySource", "not defined"),
    ],
)
def test_classes_that_are_none(modules, cls, said):
    text = """
from syslogng import LogFetcher, LogSource
class PySource(LogSource): pass
class Plain: pass
class Fetcher(LogFetcher): pass
def function(): pass
"""
    frame = refused(block(text), cls=cls, **modules)
    assert frame["stage"] == "class" and said in frame["message"], frame["message"]


def test_a_source_is_no_fetcher():
    text = SOURCE + "class S(LogSource): pass\n"
    assert "class S is a LogSource: use python()" in refused(block(text), kind="fetcher")["message"]


def test_loaders(modules):
    text = SOURCE + "class S(LogSource):\n    def run(self): pass\n"
    with Daemon(text, loaders=["loaded", "nonesuch_module", "broken"], **modules) as daemon:
        daemon.start()
        daemon.stop()
        assert daemon.lines == ["loaded"]
        assert [frame["kind"] for frame in daemon.of("event")] == ["loader_failed"] * 2


def test_logging_goes_to_the_daemon():
    text = (
        SOURCE
        + """
import logging
from syslogng import Logger
log = logging.getLogger("my.log")
class S(LogSource):
    def run(self):
        log.debug("hidden")
        log.info("info %d", 5)
        log.warning("warning")
        try:
            1 / 0
        except ZeroDivisionError:
            log.exception("error")
        Logger().debug(5)
        Logger().error("own")
        Logger().info("own")
        try:
            Logger().error(5)
        except TypeError as error:
            print(error)
        print(logging.getLogger().level)
"""
    )
    with Daemon(text) as daemon:
        daemon.start()
        daemon.frame("finished")
        daemon.stop()
        logs = [(frame["level"], frame["message"].partition("\n")[0]) for frame in daemon.of("log")]
        assert logs == [
            ("info", "python-my.log: info 5"),
            ("warning", "python-my.log: warning"),
            ("error", "python-my.log: error"),
            ("error", "own"),
            ("info", "own"),
        ]
        assert "ZeroDivisionError" in daemon.of("log")[2]["message"]
        assert daemon.lines == ["Logger.error() needs a str, not int", "20"]


@pytest.mark.parametrize(
    ("level", "shown"), [("trace", 5), ("debug", 4), ("info", 3), ("warning", 2), ("error", 1)]
)
def test_the_daemons_level(level, shown):
    text = (
        SOURCE
        + """
from syslogng import Logger
class S(LogSource):
    def run(self):
        for name in ("trace", "debug", "info", "warning", "error"):
            getattr(Logger(), name)("text")
        import logging
        for number in (5, 10, 20, 30, 50):
            logging.log(number, "text")
"""
    )
    with Daemon(text, log_level=level) as daemon:
        daemon.start()
        daemon.frame("finished")
        daemon.stop()
        assert len(daemon.of("log")) == 2 * shown


def test_logging_is_not_imported_for_nothing():
    text = """
import sys
names = ('logging', 'json', 're', 'traceback', 'typing', 'inspect', 'asyncio')
print([name for name in names if name in sys.modules])
"""
    bare = subprocess.run([sys.executable, "-s", "-c", text], capture_output=True, text=True)
    assert printed(block(text)) == bare.stdout.splitlines()
