"""Flow control: windows, waits, suspension, and what happens when the daemon asks to exit in the middle."""

import pytest
from played_daemon import Daemon

BLOCKING = """
import threading
from syslogng import LogMessage, LogSource

class S(LogSource):
    def run(self):
        for number in range(COUNT):
            print(f"post {number} {self.post_message(LogMessage(str(number)))}")
        print("done")
"""

SUSPENDING = """
import threading
from syslogng import LogMessage, LogSource, SuspendedError

class S(LogSource):
    def init(self, options):
        self.awake = threading.Event()
        self.awake.set()
        self.stopped = False
        return True
    def run(self):
        number = 0
        while not self.stopped:
            self.awake.wait()
            if number < 20:
                self.post_message(LogMessage(str(number)))
                number += 1
            else:
                threading.Event().wait(0.01)
    def suspend(self):
        print(f"suspend {threading.current_thread() is threading.main_thread()}")
        self.awake.clear()
    def wakeup(self):
        print(f"wakeup {threading.current_thread() is threading.main_thread()}")
        self.awake.set()
    def request_exit(self):
        print("request_exit")
        self.stopped = True
"""


def test_c78_a_post_that_takes_the_last_credit_waits():
    with Daemon(BLOCKING.replace("COUNT", "10"), window=5) as daemon:
        daemon.auto_grant = False
        daemon.start()
        assert daemon.texts(5) == ["0", "1", "2", "3", "4"]
        daemon.line("post 3 True")
        assert "post 4 True" not in daemon.lines
        daemon.grant(3)
        daemon.texts(8)
        daemon.line("post 6 True")
        daemon.grant(5)
        daemon.line("done")
        assert daemon.texts(10) == [str(number) for number in range(10)]
        daemon.stop()


def test_exit_while_a_post_waits():
    with Daemon(BLOCKING.replace("COUNT", "8"), window=5) as daemon:
        daemon.auto_grant = False
        daemon.start()
        daemon.texts(5)
        daemon.stop()
        # The one that waited is in the ring; later ones have no credit, are dropped, counted, and told.
        assert daemon.lines == [f"post {n} True" for n in range(5)] + [
            f"post {n} False" for n in (5, 6, 7)
        ] + ["done"]
        assert daemon.uplink.dropped_suspended() == 3
        assert len(daemon.records) == 5


def test_suspend_and_wakeup():
    with Daemon(SUSPENDING, window=4) as daemon:
        assert daemon.start()["blocking"] is False
        assert daemon.texts(20) == [str(number) for number in range(20)]
        daemon.wait(
            lambda: daemon.lines.count("wakeup False") == daemon.lines.count("suspend True"), "wakeup"
        )
        daemon.stop()
        calls = daemon.lines
        # C-111: one wakeup follows request_exit.
        assert calls[calls.index("request_exit") + 1] == "wakeup False"
        pairs = calls[: calls.index("request_exit")]
        assert pairs == ["suspend True", "wakeup False"] * (len(pairs) // 2) and len(pairs) >= 10
        assert daemon.uplink.dropped_suspended() == 0


def test_wakeup_never_overtakes_suspend():
    slow = SUSPENDING.replace(
        "        self.awake.clear()",
        "        threading.Event().wait(0.05)\n        self.awake.clear()\n        print('suspended')",
    )
    with Daemon(slow, window=4) as daemon:
        daemon.start()
        assert len(daemon.texts(20)) == 20
        daemon.wait(
            lambda: daemon.lines.count("wakeup False") == daemon.lines.count("suspend True"), "wakeup"
        )
        daemon.stop()
        calls = daemon.lines[: daemon.lines.index("request_exit")]
        assert calls == ["suspend True", "suspended", "wakeup False"] * (len(calls) // 3)


CARELESS = """
from syslogng import LogMessage, LogSource, SuspendedError
class S(LogSource):
    def run(self):
        for number in range(6):
            try:
                print(f"{number} {self.post_message(LogMessage(str(number)))}")
            except SuspendedError as error:
                print(f"{number} {type(error).__mro__[1].__name__}")
        print("done")
    def suspend(self): print("suspend")
    def wakeup(self): print("wakeup")
    def request_exit(self): pass
"""


def test_c109_a_post_while_suspended_is_dropped():
    with Daemon(CARELESS, window=4) as daemon:
        daemon.auto_grant = False
        daemon.start()
        daemon.line("done")
        assert daemon.lines == [
            "0 True",
            "1 True",
            "2 True",
            "suspend",
            "3 True",
            "4 False",
            "5 False",
            "done",
        ]
        assert daemon.uplink.dropped_suspended() == 2
        assert len(daemon.texts(4)) == 4
        daemon.stop()


def test_a_post_while_suspended_raises_by_choice():
    with Daemon(CARELESS, window=4, suspended_post="raise") as daemon:
        daemon.auto_grant = False
        daemon.start()
        daemon.line("done")
        assert daemon.lines[-3:] == ["4 RuntimeError", "5 RuntimeError", "done"]
        assert daemon.uplink.dropped_suspended() == 0
        daemon.stop()


def test_a_post_while_suspended_waits_by_choice():
    with Daemon(CARELESS, window=4, suspended_post="block") as daemon:
        daemon.auto_grant = False
        daemon.start()
        daemon.line("3 True")
        daemon.grant(4)
        daemon.line("done")
        assert daemon.texts(6) == [str(number) for number in range(6)]
        daemon.stop()


def test_suspend_that_raises_is_reported():
    with Daemon(CARELESS.replace('print("suspend")', "1/0"), window=4) as daemon:
        daemon.auto_grant = False
        daemon.start()
        assert daemon.frame("exception")["method"] == "suspend"
        daemon.line("done")
        daemon.grant(4)
        daemon.line("wakeup")
        daemon.stop()


def test_c107_posts_from_any_thread():
    block = """
import threading
from syslogng import LogMessage, LogSource
class S(LogSource):
    def post(self, name):
        for number in range(500):
            self.post_message(LogMessage(f"{name} {number}"))
    def run(self):
        threads = [threading.Thread(target=self.post, args=(name,)) for name in "abcd"]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
"""
    with Daemon(block, window=3) as daemon:
        daemon.start()
        texts = daemon.texts(2000)
        for name in "abcd":
            assert [text for text in texts if text[0] == name] == [
                f"{name} {number}" for number in range(500)
            ]
        daemon.stop()


def test_posts_of_threads_while_others_suspend():
    block = """
import threading
from syslogng import LogMessage, LogSource
class S(LogSource):
    def init(self, options):
        self.awake = threading.Event()
        self.awake.set()
        return True
    def post(self, name):
        number = 0
        while number < 200:
            self.awake.wait()
            if self.post_message(LogMessage(f"{name} {number}")):
                number += 1
    def run(self):
        threads = [threading.Thread(target=self.post, args=(name,)) for name in "abcd"]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
    def suspend(self): self.awake.clear()
    def wakeup(self): self.awake.set()
    def request_exit(self): pass
"""
    with Daemon(block, window=5) as daemon:
        daemon.start()
        texts = daemon.texts(800)
        for name in "abcd":
            assert [text for text in texts if text[0] == name] == [
                f"{name} {number}" for number in range(200)
            ]
        daemon.frame("finished")
        daemon.stop()


def test_a_full_ring_waits_for_the_daemon():
    block = """
from syslogng import LogMessage, LogSource
class S(LogSource):
    def run(self):
        for number in range(3000):
            self.post_message(LogMessage(f"{number} " + "x" * 1000))
"""
    with Daemon(block, ring_bytes=1 << 16) as daemon:
        daemon.start()
        assert [text.split()[0] for text in daemon.texts(3000)] == [str(number) for number in range(3000)]
        daemon.stop()


@pytest.mark.parametrize("size", [600_000, 100_000_000])
def test_messages_larger_than_the_ring_takes(size):
    block = f"""
from syslogng import LogMessage, LogSource
class S(LogSource):
    def run(self):
        try:
            self.post_message(LogMessage("x" * {size}))
        except ValueError as error:
            print(error)
        msg = LogMessage("small")
        msg["large"] = "x" * 500_000
        self.post_message(msg)
"""
    with Daemon(block) as daemon:
        daemon.start()
        assert daemon.texts(1) == ["small"]
        daemon.stop()
        taken = size + 56 + -size % 8
        assert daemon.lines == [f"the message takes {taken} bytes, which is above the limit of 524288 bytes"]


def test_posting_ends_with_deinit():
    block = """
import threading
from syslogng import LogMessage, LogSource
class S(LogSource):
    def run(self): pass
    def deinit(self):
        self.post_message(LogMessage("last words"))
    def finalize(self):
        print("finalize")
"""
    with Daemon(block) as daemon:
        daemon.start()
        daemon.frame("finished")
        daemon.stop()
        assert daemon.texts(1) == ["last words"] and daemon.lines == ["finalize"]


def test_signal_handlers_run_while_a_post_waits():
    block = """
import os, signal, threading
from syslogng import LogMessage, LogSource
class Ring(Exception): pass
def ring(*_): raise Ring()
class S(LogSource):
    def run(self):
        signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        try:
            self.post_message(LogMessage("waits"))
        except Ring:
            print("rang")
"""
    with Daemon(block, window=1) as daemon:
        daemon.auto_grant = False
        daemon.start()
        daemon.line("rang")
        daemon.stop()
        assert daemon.texts(1) == ["waits"]
