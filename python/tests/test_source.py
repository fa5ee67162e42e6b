"""The life of a LogSource: the order of its calls, their threads, and how it ends."""

import pytest
from played_daemon import Daemon

STARS = "from syslogng import *\nclass S(LogSource):\n"

TRACED = """
import threading
from syslogng import LogMessage, LogSource

MAIN = threading.main_thread()

def say(what):
    where = "" if threading.current_thread() is MAIN else " elsewhere"
    print(what + where)

class S(LogSource):
    def __init__(self):
        super().__init__()
        say("new")
        self.stop = threading.Event()
    def init(self, options):
        say("init")
        return True
    def run(self):
        say("run")
        self.stop.wait()
        say("run ends")
    def request_exit(self):
        say("request_exit")
        self.stop.set()
    def deinit(self):
        say("deinit")
        return 5
"""


def test_order_and_threads():
    with Daemon(TRACED) as daemon:
        assert daemon.start() == {"t": "ready", "persist_name": None, "blocking": True}
        daemon.line("run")
        daemon.stop()
        assert daemon.lines == ["new", "init", "run", "request_exit elsewhere", "run ends", "deinit"]
        assert [frame["t"] for frame in daemon.frames] == ["ready", "finished", "deinitialised"]


def test_a_source_that_is_never_started_is_deinitialised():
    with Daemon(TRACED) as daemon:
        daemon.frame("ready")
        daemon.stop()
        assert daemon.lines == ["new", "init", "deinit"]


def test_run_that_returns_is_not_asked_to_exit():
    with Daemon(TRACED.replace("self.stop.wait()", "")) as daemon:
        daemon.start()
        daemon.frame("finished")
        daemon.stop()
        assert "request_exit elsewhere" not in daemon.lines and daemon.lines[-1] == "deinit"


@pytest.mark.parametrize(
    "what", ["ValueError('boom')", "SystemExit(3)", "KeyboardInterrupt()", "StopIteration()"]
)
def test_run_that_raises(what):
    with Daemon(TRACED.replace("self.stop.wait()", f"raise {what}")) as daemon:
        daemon.start()
        failed = daemon.frame("failed")
        assert failed["method"] == "run" and failed["message"].startswith(what.partition("(")[0])
        assert failed["traceback"].count("File ") == 1, failed["traceback"]
        assert 'File "/etc/t.conf", line 21, in run\n    raise' in failed["traceback"]
        daemon.stop()
        assert daemon.lines[-1] == "deinit"


def test_request_exit_that_raises_is_reported():
    with Daemon(
        TRACED.replace("        self.stop.set()", "        self.stop.set()\n        raise ValueError('no')")
    ) as daemon:
        daemon.start()
        daemon.line("run")
        daemon.stop()
        assert daemon.of("exception")[0]["method"] == "request_exit"
        assert daemon.lines[-1] == "deinit"


def test_request_exit_that_never_returns_does_not_keep_deinit():
    source = TRACED.replace(
        "        self.stop.set()", "        self.stop.set()\n        threading.Event().wait()"
    )
    with Daemon(source, hello={"stop_timeout_ms": 200}) as daemon:
        daemon.start()
        daemon.line("run")
        daemon.stop()
        assert daemon.lines[-1] == "deinit"


def test_c102_deinit_that_raises():
    with Daemon(TRACED.replace("return 5", "raise ValueError('late')")) as daemon:
        daemon.start()
        daemon.stop()
        assert [frame["method"] for frame in daemon.of("exception")] == ["deinit"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return False", "S.init() returned False"),
        ("return 0", "S.init() returned 0"),
        ("pass", "S.init() returned None: end it with return True"),  # C-103
        ("raise ValueError('boom')", "S.init() raised ValueError: boom"),
        ("raise SystemExit(1)", "S.init() raised SystemExit: 1"),
        ("self.post_message(LogMessage('x'))", "too early"),
        ("import nonesuch_module", "-m pip install nonesuch_module"),
    ],
)
def test_init_that_fails(body, said):
    block = f"{STARS}    def init(self, options):\n        {body}\n    def run(self): pass\n"
    with Daemon(block) as daemon:
        refused = daemon.frame("refused")
        assert refused["stage"] == "init" and said in refused["message"]
        if refused["traceback"]:
            assert (refused["file"], refused["line"]) == ("/etc/t.conf", 4)
        daemon.ended(1)


def test_init_that_returns_something_true():
    with Daemon(STARS + "    def init(self, o): return 1\n    def run(self): pass") as daemon:
        daemon.start()
        daemon.stop()


def test_init_without_options():
    block = STARS + "    def init(self): return True\n    def run(self): pass"
    with Daemon(block) as daemon:
        assert "define it as init(self, options)" in daemon.frame("refused")["message"]


def test_async_init_is_refused():
    block = STARS + "    async def init(self, o): return True\n    def run(self): pass"
    with Daemon(block) as daemon:
        assert "cannot be async" in daemon.frame("refused")["message"]


def test_new_that_raises():
    block = "from syslogng import *\nclass S(LogSource):\n    def __init__(self): 1/0\n"
    with Daemon(block) as daemon:
        refused = daemon.frame("refused")
        assert (
            refused["stage"] == "new" and "ZeroDivisionError" in refused["message"] and refused["line"] == 3
        )


def test_c36_only_init_starts():
    with Daemon("from syslogng import *\nclass S(LogSource):\n    def init(self, o): return True") as daemon:
        daemon.start()
        assert "has no run()" in daemon.frame("failed")["message"]
        daemon.stop()


def test_c56_native_base():
    block = """
from _syslogng import LogSource, LogMessage
class S(LogSource):
    def run(self): self.post_message(LogMessage("native"))
    def request_exit(self): pass
"""
    with Daemon(block) as daemon:
        daemon.start()
        assert daemon.texts(1) == ["native"]
        daemon.stop()


@pytest.mark.parametrize("method", ["run", "request_exit"])
def test_native_base_without_a_method(method):
    other = {"run": "request_exit", "request_exit": "run"}[method]
    block = f"from _syslogng import LogSource\nclass S(LogSource):\n    def {other}(self): pass"
    with Daemon(block) as daemon:
        assert daemon.frame("refused")["message"] == f"class S has no {method}() method"


def test_c110_suspend_without_wakeup():
    block = (
        "from syslogng import *\nclass S(LogSource):\n    def run(self): pass\n    def suspend(self): pass"
    )
    with Daemon(block) as daemon:
        refused = daemon.frame("refused")
        assert refused["stage"] == "class" and "suspend() but no wakeup()" in refused["message"]


def test_c112_c113_parse_options_and_flags():
    block = """
from syslogng import *
class S(LogSource):
    def init(self, options):
        print("init", self.parse_options, self.flags)
        self.flags["parse"] = 5
        return True
    def run(self):
        self.post_message(LogMessage.parse("<34>Oct 11 22:14:15 host prog[1]: text", self.parse_options))
"""
    with Daemon(block, flags={"parse": False}, parse={"flags": ["no-parse"]}) as daemon:
        daemon.start()
        assert daemon.texts(1) == ["<34>Oct 11 22:14:15 host prog[1]: text"]
        daemon.stop()
        assert daemon.lines == ["init None {'parse': False}"]
    with Daemon(block) as daemon:
        daemon.start()
        assert daemon.texts(1) == ["text"]
        _, pairs = daemon.records[0]
        assert pairs["HOST"][0] == b"host" and pairs["PROGRAM"][0] == b"prog"
        daemon.stop()


def test_c114_methods_are_looked_up_after_new():
    block = """
from syslogng import *
class S(LogSource):
    def __init__(self):
        self.deinit = lambda: print("deinit of new")
    def init(self, options):
        self.run = lambda: print("run of init")
        self.deinit = lambda: print("deinit of init")
        return True
    def run(self):
        print("run of class")
"""
    with Daemon(block) as daemon:
        daemon.start()
        daemon.frame("finished")
        daemon.stop()
        assert daemon.lines == ["run of class", "deinit of new"]


def test_c115_auto_close_batches_and_c107_close_batch():
    block = """
import threading
from syslogng import *
class S(LogSource):
    def init(self, options):
        self.auto_close_batches = False
        return True
    def run(self):
        self.post_message(LogMessage("a"))
        self.close_batch()
        thread = threading.Thread(target=self.close_batch)
        thread.start()
        thread.join()
"""
    with Daemon(block) as daemon:
        daemon.start()
        daemon.frame("finished")
        assert daemon.texts(1) == ["a"]
        daemon.stop()


def test_c128_transport_name():
    block = """
from syslogng import *
class S(LogSource):
    def init(self, options):
        self.set_transport_name("x")
        return True
    def run(self):
        self.post_message(LogMessage("a"))
        self.set_transport_name("y")
        msg = LogMessage("b")
        msg["k"] = "v"
        self.post_message(msg)
"""
    with Daemon(block) as daemon:
        daemon.start()
        daemon.texts(2)
        assert [pairs["TRANSPORT"][0] for _, pairs in daemon.records] == [b"x", b"y"]
        daemon.stop()


def test_c28_to_c33_options():
    block = """
from syslogng import *
class S(LogSource):
    def init(self, options):
        template = options.pop("template")
        assert isinstance(template, LogTemplate) and str(template) == "$HOST"
        assert type(options["float"]) is float and type(options["whole"]) is float
        print(options)
        return True
    def run(self): pass
"""
    options = [
        ["string", {"type": "string", "value": "árvíz"}],
        ["integer", {"type": "integer", "value": -5}],
        ["float", {"type": "float", "value": -1.5}],
        ["whole", {"type": "float", "value": 2.0}],
        ["boolean", {"type": "boolean", "value": True}],
        ["string_list", {"type": "list", "value": ["a", "b"]}],
        ["template", {"type": "template", "value": "$HOST"}],
        ["broken", {"type": "template", "value": "${"}],
        ["string", {"type": "string", "value": "later"}],
    ]
    with Daemon(block, options=options) as daemon:
        daemon.start()
        daemon.stop()
        shown = {"string": "later", "integer": -5, "float": -1.5, "whole": 2.0, "boolean": True}
        assert daemon.lines == [str(shown | {"string_list": ["a", "b"]})]
        assert "option broken" in daemon.of("log")[0]["message"]


def test_async_run_and_generator_run():
    block = """
import asyncio
from syslogng import *
class S(LogSource):
    async def run(self):
        await asyncio.sleep(0)
        self.post_message(LogMessage("async"))
class G(LogSource):
    def run(self):
        for number in range(3):
            yield LogMessage(f"yield {number}")
"""
    with Daemon(block) as daemon:
        daemon.start()
        assert daemon.texts(1) == ["async"]
        daemon.stop()
    with Daemon(block, cls="G") as daemon:
        daemon.start()
        assert daemon.texts(3) == ["yield 0", "yield 1", "yield 2"]
        daemon.stop()


def test_reading_only_after_post():
    block = """
from syslogng import *
class S(LogSource):
    def run(self):
        msg = LogMessage("a")
        msg["k"] = "1"
        print(self.post_message(msg), self.post_message(msg=msg))
        for change, *what in ((msg.__setitem__, "k", "2"), (msg.__delitem__, "k"), (msg.__init__, "b")):
            try:
                change(*what)
            except TypeError as error:
                print(error)
        twin = msg.copy()
        twin["k"] = "2"
        self.post_message(twin)
"""
    with Daemon(block) as daemon:
        daemon.start()
        assert daemon.texts(3) == ["a", "a", "a"]
        assert [pairs["k"][0] for _, pairs in daemon.records] == [b"1", b"1", b"2"]
        daemon.stop()
        assert daemon.lines[0] == "True True"
        assert daemon.lines[1].startswith("Log message is read only, cannot set name-value pair k")
        assert len(daemon.lines) == 4


def test_c108_c119_what_cannot_be_posted():
    block = """
from syslogng import *
class S(LogSource):
    def run(self):
        for bad in (None, 5, LogMessage, LogMessage("x", bookmark=1)):
            try:
                self.post_message(bad)
            except (TypeError, RuntimeError) as error:
                print(type(error).__name__, error)
        self.post_message(LogMessage("x", bookmark=None))
"""
    with Daemon(block) as daemon:
        daemon.start()
        assert daemon.texts(1) == ["x"]
        daemon.stop()
        assert daemon.lines[0] == (
            "TypeError LogMessage expected in the first parameter, "
            "or its text, or a dict of its values, not NoneType"
        )
        assert [line.partition(" ")[0] for line in daemon.lines] == ["TypeError"] * 3 + ["RuntimeError"]
        assert "bookmark" in daemon.lines[3]


def test_types_travel():
    block = """
import datetime
from syslogng import *
class S(LogSource):
    def run(self):
        msg = LogMessage("m")
        msg["i"], msg["f"], msg["b"], msg["n"], msg["l"] = 5, 0.5, True, None, ["a", "b"]
        msg["d"] = datetime.datetime(2022, 1, 1)
        msg.set_pri(165)
        msg.set_timestamp(datetime.datetime(2020, 1, 1, 0, 0, 1, 5))
        self.post_message(msg)
"""
    with Daemon(block) as daemon:
        daemon.start()
        daemon.texts(1)
        head, pairs = daemon.records[0]
        assert head["pri"] == 165 and head["stamp"] == (1577836801000005, 0)
        assert {name: kind for name, (_, kind) in pairs.items()} == {
            "MESSAGE": "String",
            "i": "Integer",
            "f": "Double",
            "b": "Boolean",
            "n": "Null",
            "l": "List",
            "d": "Datetime",
        }
        daemon.stop()


def test_stamps_of_the_hour_that_comes_twice():
    block = """
import datetime, time
from syslogng import *
class S(LogSource):
    def run(self):
        for fold in (0, 1):
            moment = datetime.datetime(2024, 10, 27, 2, 30, fold=fold)
            msg = LogMessage()
            msg.set_timestamp(moment)
            back = msg.get_timestamp()
            print(msg["ISODATE"].decode(), back == moment, back.fold, back.timestamp() == moment.timestamp())
        msg["when"] = datetime.datetime(2024, 7, 1, 12)
        print(msg["when"], msg.get_as_str("when"))
        print(LogMessage().get_timestamp() - datetime.datetime.now() < datetime.timedelta(seconds=5))
"""
    with Daemon(block, env={"TZ": "Europe/Budapest"}) as daemon:
        daemon.start()
        daemon.frame("finished")
        daemon.stop()
        assert daemon.lines == [
            "2024-10-27T02:30:00+02:00 True 0 True",
            "2024-10-27T02:30:00+01:00 True 1 True",
            "2024-07-01 12:00:00 1719828000.000",
            "True",
        ]
