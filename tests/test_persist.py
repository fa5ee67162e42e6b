"""`syslogng.Persist`: state that outlives the worker and the daemon."""

import os
import signal

import pytest

pytestmark = pytest.mark.usefixtures("only_hognose")

CONFIG = """
@version: 4.0
python {
import os, threading
import _syslogng
from syslogng import *
TOP
class S(LogSource):
    def init(self, options):
        self.stop = threading.Event()
INIT
        print("done")
        return True
    def run(self):
RUN
        self.stop.wait()
    def request_exit(self):
        self.stop.set()
};
source s { python(class("S") OPTIONS); };
log { source(s); destination { file("@DIR@/out"); }; };
"""


def config(init="", *, run="", top="", options=""):
    def indented(text):
        return "\n".join("        " + line for line in text.strip("\n").split("\n"))

    text = CONFIG.replace("TOP", top).replace("INIT", indented(init)).replace("RUN", indented(run))
    return text.replace("OPTIONS", options)


def said(daemon):
    """What the script has printed."""
    daemon.wait_log("starting up")
    return [
        line.split("] ", 1)[1].split("; driver=")[0]
        for line in daemon.log().splitlines()
        if "driver='s#0'" in line
    ]


def lines(make_daemon, init, **kwargs):
    """What `init()` prints, in a daemon of its own."""
    daemon = make_daemon(config(init, **kwargs)).start()
    daemon.wait_log("done")
    printed = said(daemon)
    daemon.stop()
    return printed[: printed.index("done")]


def test_c40_the_native_class(make_daemon):
    init = """
class Own(_syslogng.Persist):
    def __init__(self, name):
        super().__init__(name)
print(_syslogng.Persist(persist_name="a").persist_name, Own("b").persist_name, Persist("c").persist_name)
class Forgetful(Persist):
    def __init__(self): pass
for attempt in (lambda: Forgetful()["x"], lambda: setattr(Own("b"), "persist_name", "c")):
    try:
        attempt()
    except (RuntimeError, AttributeError) as error:
        print(type(error).__name__)
"""
    assert lines(make_daemon, init) == ["a b c", "RuntimeError", "AttributeError"]


def test_c41_in(make_daemon):
    init = """
p = Persist("p")
before = "key" in p
p["key"] = "value"
print(before, "key" in p, b"key" in p, "other" in p)
"""
    assert lines(make_daemon, init) == ["False True True False"]


VALUES = """{"s": "ü", "b": b"\\x00\\xff", "i": -5, "big": -(10**5000), "t": True, "f": False, "": ""}"""


@pytest.mark.parametrize("how", ["reload", "restart", "kill"])
def test_c42_values_survive(make_daemon, how):
    init = f"""
values = {VALUES}
p = Persist("p")
if not p:
    p.update(values)
    print("stored")
else:
    found = dict(p.items())
    print("found", found == values, all(type(found[key]) is type(values[key]) for key in values))
"""
    daemon = make_daemon(config(init)).start()
    daemon.wait_log("stored")
    if how == "reload":
        daemon.reload()
    elif how == "restart":
        daemon.stop()
        daemon.start()
    else:
        daemon.process.kill()
        daemon.process.wait()
        daemon.start()
    daemon.wait_log("found True True")


def test_c43_iteration_yields_the_keys_as_str(make_daemon):
    init = """
p, q = Persist("p"), Persist("pq")
for key in ("a", b"b", "ü", b"\\xff", "x##y"):
    p[key] = 1
q["z"] = 2
print(set(p) == {"a", "b", "ü", "\\udcff", "x##y"}, all(type(key) is str for key in p), len(p), list(q))
print(p["\\udcff"], p[b"\\xff"])
"""
    assert lines(make_daemon, init) == ["True True 5 ['z']", "1 1"]


def test_c44_types_come_back(make_daemon):
    init = """
p = Persist("p", defaults={"str": "s", b"int": 5, "bytes": b"b"})
print([p[key] for key in sorted(p)])
p["int"] = 6
print(Persist("p", {"int": 5, "new": True})["int"], Persist("p")["new"])
for bad in (1.5, None, [1], {"a": 1}, object()):
    try:
        p["x"] = bad
    except TypeError as error:
        print("TypeError", "x" in p)
for bad in (5, None, ("a",)):
    try:
        p[bad]
    except TypeError as error:
        print("TypeError")
"""
    expected = ["[b'b', 5, 's']", "6 True"] + ["TypeError False"] * 5 + ["TypeError"] * 3
    assert lines(make_daemon, init) == expected


def test_c45_a_missing_key(make_daemon):
    init = """
p = Persist("p")
for attempt in (lambda: p["none"], lambda: p.__delitem__("none")):
    try:
        attempt()
    except KeyError as error:
        print("KeyError", error)
p["a"] = 1
del p["a"]
print("a" in p, len(p), p.get("a"), p.get("a", 5), p.pop("a", 6), bool(p))
"""
    assert lines(make_daemon, init) == ["KeyError 'none'"] * 2 + ["False 0 None 5 6 False"]


def test_c116_not_in_a_top_level_block(make_daemon):
    top = """
try:
    Persist("p")
except RuntimeError as error:
    print("RuntimeError", error)
"""
    daemon = make_daemon(config(top=top)).start()
    daemon.wait_log("RuntimeError Persist is not there yet: use it in init\\(\\) or later")


def test_names_and_sizes_have_bounds(make_daemon):
    init = """
for bad in ("a##b", ""):
    try:
        Persist(bad)
    except ValueError as error:
        print("ValueError")
p = Persist("p")
for key, value in (("k" * 1023, "v"), ("k", "v" * 300_000)):
    try:
        p[key] = value
    except ValueError as error:
        print("ValueError", len(p))
p["k" * 1022] = "v" * 250_000
print(len(p["k" * 1022]))
"""
    assert lines(make_daemon, init) == ["ValueError"] * 2 + ["ValueError 0"] * 2 + ["250000"]


def test_from_any_thread_and_from_callbacks(make_daemon):
    init = """
self.ack_tracker = ConsecutiveAckTracker(self.acked)
self.p = Persist("p")
"""
    run = """
def count(name):
    for i in range(20):
        self.p[name] = i
threads = [threading.Thread(target=count, args=(f"thread {n}",)) for n in range(4)]
for thread in threads: thread.start()
for i in range(50):
    self.post_message(LogMessage("x", bookmark=i))
for thread in threads: thread.join()
print("threads", sum(self.p[f"thread {n}"] == 19 for n in range(4)))
"""
    text = config(init, run=run).replace(
        "    def request_exit(self):",
        '    def acked(self, bookmark):\n        self.p["mark"] = bookmark\n'
        '        if bookmark == 49: print("last", self.p["mark"])\n    def request_exit(self):',
    )
    daemon = make_daemon(text).start()
    daemon.wait_log("threads 4")
    daemon.wait_log("last 49")


def test_a_fork_may_not(make_daemon):
    run = """
p = Persist("p")
child = os.fork()
if not child:
    try:
        p["x"] = 1
    except RuntimeError:
        os._exit(7)
    os._exit(0)
print("child", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), "x" in p)
"""
    daemon = make_daemon(config(run=run)).start()
    daemon.wait_log("child 7 False")


def test_a_worker_that_is_killed_loses_nothing(make_daemon):
    init = """
p = Persist("p", {"lives": 0})
p["lives"] += 1
print("life", p["lives"])
"""
    daemon = make_daemon(config(init, run="print('pid', os.getpid())")).start()
    pid = int(daemon.wait_log(r"pid (\d+)")[1])
    os.kill(pid, signal.SIGKILL)
    daemon.wait_log("life 2")
