"""Ack trackers, bookmarks and receipts: what a worker makes of the positions it is told."""

import pytest
from played_daemon import Daemon

HEAD = """
import threading
from syslogng import *

MAIN = threading.main_thread()

def told(what):
    where = "main" if threading.current_thread() is MAIN else "control"
    print(f"{what!r} {where}")
"""

SOURCE = """
class S(LogSource):
    def init(self, options):
        self.stop = threading.Event()
        self.ack_tracker = TRACKER
        return True
    def run(self):
        for bookmark in BOOKMARKS:
            self.post_message(LogMessage("x", bookmark=bookmark))
        print("posted")
        self.stop.wait()
    def request_exit(self):
        self.stop.set()
    def deinit(self):
        print("deinit")
"""


def source(tracker, bookmarks):
    return HEAD + SOURCE.replace("TRACKER", tracker).replace("BOOKMARKS", repr(bookmarks))


def acked(daemon, *ranges):
    """Each range is (first, count), delivered, or with another verdict."""
    last = max(first + count - 1 for first, count, *_ in ranges)
    daemon.wait(lambda: len(daemon.records) >= last, f"{last} records")
    told = [
        {"first": first, "count": count, "verdict": verdict[0] if verdict else "delivered"}
        for first, count, *verdict in ranges
    ]
    daemon.send({"t": "acked", "ranges": told})


def started(block, **kwargs):
    daemon = Daemon(block, **kwargs)
    daemon.start()
    return daemon


def in_worker(body):
    """The lines that a block prints."""
    block = f"{HEAD}{body}\nclass S(LogSource):\n    def run(self): pass\n"
    with Daemon(block) as daemon:
        daemon.frame("ready")
        daemon.stop()
        return daemon.lines


@pytest.mark.parametrize("kind", ["Instant", "Consecutive"])
def test_c57_c58_a_tracker_takes_a_callable(kind):
    body = f"""
import _syslogng
tracker = {kind}AckTracker(lambda bookmark: None)
print(type(tracker) is _syslogng.{kind}AckTracker, type(tracker) is {kind}AckTracker)
{kind}AckTracker(ack_callback=print)
for bad in ((), (5,), (None,), (print, print)):
    try:
        {kind}AckTracker(*bad)
    except TypeError as error:
        print("TypeError")
"""
    assert in_worker(body) == ["True True"] + ["TypeError"] * 4


def test_a_batched_tracker_has_bounds():
    body = """
BatchedAckTracker(0, 1, print)
BatchedAckTracker(timeout=10, batch_size=5, batched_ack_callback=print)
values = (-1, 1, print), (0, 0, print), (0, -1, print), (2**40, 1, print)
types = (0, 1, 5), (0, 1), ("1", 1, print)
for bad in values + types:
    try:
        BatchedAckTracker(*bad)
    except (TypeError, ValueError) as error:
        print(type(error).__name__)
"""
    values, types = ["ValueError"] * 4, ["TypeError"] * 3
    assert in_worker(body) == values + types


def test_c59_a_bookmark_comes_back_once_and_is_the_same_object():
    block = (
        HEAD
        + """
MARK = object()
class S(LogSource):
    def __init__(self):
        self.ack_tracker = InstantAckTracker(self.acked)
    def acked(self, bookmark):
        told(bookmark is MARK)
    def run(self):
        message = LogMessage("x")
        message.set_bookmark(MARK)
        self.post_message(message)
    def request_exit(self): pass
"""
    )
    with started(block) as daemon:
        acked(daemon, (1, 1))
        daemon.line("True control")
        daemon.stop()
        assert daemon.lines == ["True control"]


def test_the_instant_tracker_tells_each_ack_as_it_comes_aborted_ones_too():
    with started(source("InstantAckTracker(told)", [1, 2, None, 4, 5])) as daemon:
        daemon.line("posted")
        acked(daemon, (4, 2), (1, 1, "aborted"))
        acked(daemon, (2, 2, {"dropped": "queue-full"}))
        daemon.line("2 control")
        daemon.stop()
        assert daemon.lines[1:5] == ["4 control", "5 control", "1 control", "2 control"]


def test_c120_consecutive_reports_the_last_of_a_run():
    with started(source("ConsecutiveAckTracker(told)", list(range(1, 11)))) as daemon:
        daemon.line("posted")
        acked(daemon, (2, 2))
        acked(daemon, (6, 1), (1, 1))
        daemon.line("3 control")
        acked(daemon, (4, 2), (7, 4))
        daemon.line("10 control")
        daemon.stop()
        # 4 and 5 complete the run up to 6.
        assert daemon.lines == ["posted", "3 control", "6 control", "10 control", "deinit"]


def test_consecutive_skips_records_without_a_bookmark():
    with started(source("ConsecutiveAckTracker(told)", [1, None, None, 4])) as daemon:
        daemon.line("posted")
        acked(daemon, (1, 2))
        acked(daemon, (3, 1))
        acked(daemon, (4, 1))
        daemon.line("4 control")
        daemon.stop()
        assert daemon.lines == ["posted", "1 control", "4 control", "deinit"]


def test_consecutive_never_moves_past_an_aborted_message():
    with started(source("ConsecutiveAckTracker(told)", [1, 2, 3, 4])) as daemon:
        daemon.line("posted")
        acked(daemon, (1, 1), (2, 1, "aborted"), (3, 2))
        daemon.line("1 control")
        daemon.stop()
        assert daemon.lines == ["posted", "1 control", "deinit"]


def test_batched_tells_full_batches_in_the_order_of_their_acks():
    with started(source("BatchedAckTracker(0, 2, told)", [1, 2, 3, None, 5, 6])) as daemon:
        daemon.line("posted")
        acked(daemon, (5, 1), (1, 4))
        acked(daemon, (6, 1, "aborted"))
        daemon.line("[2, 3] control")
        daemon.stop()
        # The fourth has no bookmark and is an ack all the same, alone in the last batch.
        assert daemon.lines == ["posted", "[5, 1] control", "[2, 3] control", "deinit"]


def test_batched_tells_what_it_has_when_time_is_up():
    with started(source("BatchedAckTracker(20, 100, told)", [1, 2, 3])) as daemon:
        daemon.line("posted")
        acked(daemon, (1, 2))
        daemon.line("[1, 2] control")
        acked(daemon, (3, 1))
        daemon.line("[3] control")
        daemon.stop()


def test_c121_batched_reports_a_partial_batch_before_deinit():
    with started(source("BatchedAckTracker(0, 100, told)", [1, 2, 3])) as daemon:
        daemon.line("posted")
        acked(daemon, (1, 2))
        daemon.stop()
        assert daemon.lines == ["posted", "[1, 2] main", "deinit"]


def test_deinit_waits_for_acks_that_are_on_their_way():
    with started(source("BatchedAckTracker(0, 100, told)", [1, 2, 3])) as daemon:
        daemon.line("posted")
        daemon.request_exit()
        daemon.frame("finished")
        acked(daemon, (1, 3))
        daemon.ended(0)
        assert daemon.lines == ["posted", "[1, 2, 3] main", "deinit"]


def test_a_callback_that_raises_is_reported_and_the_next_is_called():
    block = source("InstantAckTracker(lambda bookmark: told(1 // bookmark))", [0, 1])
    with started(block) as daemon:
        daemon.line("posted")
        acked(daemon, (1, 2))
        daemon.line("1 control")
        exception = daemon.frame("exception")
        assert exception["method"] == "ack_callback" and "ZeroDivisionError" in exception["message"]
        daemon.stop()


def test_a_callback_that_never_returns_does_not_keep_deinit():
    block = source("InstantAckTracker(lambda bookmark: (told(bookmark), threading.Event().wait()))", [1])
    with started(block, hello={"stop_timeout_ms": 400}) as daemon:
        daemon.line("posted")
        acked(daemon, (1, 1))
        daemon.line("1 control")
        # What the control thread can no longer do.
        daemon.uplink.request_exit()
        daemon.send({"t": "request_exit"})
        daemon.process.kill()
        daemon.ended()


@pytest.mark.parametrize(
    ("tracker", "said"),
    [
        ("5", "ack_tracker is a int: set it to an InstantAckTracker"),
        ("InstantAckTracker", "ack_tracker is a type: set it to"),
        ("Own(print)", "Own.__init__() must call super().__init__()"),
    ],
)
def test_a_wrong_tracker_fails_init(tracker, said):
    own = "class Own(InstantAckTracker):\n    def __init__(self, callback): pass\n"
    block = source(tracker, []).replace("class S", own + "class S")
    with Daemon(block) as daemon:
        refused = daemon.frame("refused")
        assert refused["stage"] == "init" and said in refused["message"]
        daemon.ended(1)


def test_a_tracker_may_be_subclassed():
    own = """class Own(BatchedAckTracker):
    def __init__(self):
        super().__init__(0, 1, self.acked)
    def acked(self, bookmarks):
        told(bookmarks)
"""
    with started(source("Own()", [7]).replace("class S", own + "class S")) as daemon:
        acked(daemon, (1, 1))
        daemon.line("[7] control")
        daemon.stop()


def test_c119_a_bookmark_without_a_tracker():
    block = (
        HEAD
        + """
class S(LogSource):
    def run(self):
        for keywords in ({}, {"receipt": True}):
            try:
                self.post_message(LogMessage("x", bookmark=1), **keywords)
            except RuntimeError as error:
                print(error)
    def request_exit(self): pass
"""
    )
    with started(block) as daemon:
        daemon.line("the message has a bookmark, but the driver has no ack_tracker to give it back to", 2)
        daemon.stop()
        assert not daemon.records


FETCHER = """
class S(LogFetcher):
    def init(self, options):
        self.ack_tracker = ConsecutiveAckTracker(told)
        self.last = 0
        return True
    def fetch(self):
        if self.last == 5:
            return LogFetcher.NO_DATA,
        self.last += 1
        return LogFetcher.SUCCESS, LogMessage("x", bookmark=self.last)
"""


def test_a_fetcher_has_trackers_too():
    with started(HEAD + FETCHER, kind="fetcher") as daemon:
        daemon.texts(5)
        acked(daemon, (1, 5))
        daemon.line("5 control")
        daemon.stop()


def test_bookmarks_are_not_kept_longer_than_needed():
    """Those that are skipped, and those that are aborted, too."""
    block = (
        HEAD
        + """
import weakref
class Mark: pass
class S(LogSource):
    def init(self, options):
        self.ack_tracker = ConsecutiveAckTracker(lambda mark: print("told"))
        self.stop = threading.Event()
        return True
    def run(self):
        self.marks = []
        for _ in range(6):
            mark = Mark()
            self.marks.append(weakref.ref(mark))
            self.post_message(LogMessage("x", bookmark=mark))
        del mark
        print("posted")
        self.stop.wait()
    def request_exit(self): self.stop.set()
    def deinit(self): print([mark() is None for mark in self.marks])
"""
    )
    with started(block) as daemon:
        daemon.line("posted")
        acked(daemon, (1, 3), (4, 1, "aborted"), (5, 1))
        daemon.line("told")
        daemon.stop()
        assert daemon.lines[-1] == str([True] * 6)


RECEIPTS = """
class S(LogSource):
    def run(self):
        receipts = [self.post_message(LogMessage("x"), receipt=True) for _ in range(4)]
        receipts.append(self.post_message(msg=LogMessage("y"), receipt=True))
        print("posted", receipts[0], receipts[0].done, receipts[0].delivered, receipts[0].wait(0))
        print(receipts[3].wait(10))
        for receipt in receipts:
            print(receipt.done, receipt.delivered, receipt.reason, receipt)
        print(self.post_message(LogMessage("x"), receipt=False))
    def request_exit(self): pass
    def deinit(self):
        print("deinit")
"""


def test_receipts():
    with started(HEAD + RECEIPTS) as daemon:
        daemon.line("posted <Receipt: on its way> False False False")
        acked(daemon, (1, 1), (2, 1, {"dropped": "queue-full"}), (3, 1, "aborted"), (4, 1))
        daemon.line("True")
        daemon.frame("finished")
        daemon.stop()
        assert daemon.lines[1:] == [
            "True",
            "True True None <Receipt: delivered>",
            "True False queue-full <Receipt: not delivered, queue-full>",
            "True False aborted <Receipt: not delivered, aborted>",
            "True True None <Receipt: delivered>",
            "False False None <Receipt: on its way>",
            "True",
            "deinit",
        ]


def test_receipts_can_be_awaited():
    block = (
        HEAD
        + """
import asyncio
class S(LogSource):
    async def run(self):
        first, second = (self.post_message(LogMessage("x"), receipt=True) for _ in range(2))
        print("posted")
        print(await asyncio.gather(first_of(first), first_of(second)), await first, second.reason)
        third = self.post_message(LogMessage("x"), receipt=True)
        try:
            await asyncio.wait_for(first_of(third), 0.01)
        except asyncio.TimeoutError:
            print("time is up")
        print(third.done)
    def request_exit(self): pass

async def first_of(receipt):
    return await receipt
"""
    )
    with started(block) as daemon:
        daemon.line("posted")
        acked(daemon, (2, 1, {"dropped": "retries"}))
        acked(daemon, (1, 1))
        daemon.line("[True, False] True retries")
        daemon.line("time is up")
        daemon.line("False")
        acked(daemon, (3, 1))
        daemon.stop()


def test_a_receipt_of_a_message_that_is_not_posted():
    block = (
        HEAD
        + """
class S(LogSource):
    def run(self):
        receipts = [self.post_message(LogMessage("x"), receipt=True) for _ in range(2)]
        print(receipts[0].done, receipts[1].done, receipts[1].reason)
    def request_exit(self): pass
    def suspend(self): pass
    def wakeup(self): pass
"""
    )
    with Daemon(block, window=1) as daemon:
        daemon.auto_grant = False
        daemon.start()
        daemon.line("False True suspended")
        daemon.stop()


def test_a_receipt_is_settled_at_the_end():
    block = (
        HEAD
        + """
class S(LogSource):
    def run(self):
        self.receipt = self.post_message(LogMessage("x"), receipt=True)
    def request_exit(self): pass
    def deinit(self):
        print(self.receipt)
"""
    )
    with started(block, hello={"stop_timeout_ms": 40}) as daemon:
        daemon.frame("finished")
        daemon.stop()
        assert daemon.lines == ["<Receipt: not delivered, exiting>"]


@pytest.mark.parametrize(
    "call", ["", "1, 2, 3", "message=1", "LogMessage('x'), msg=LogMessage('x')", "receipt=True"]
)
def test_post_message_with_wrong_arguments(call):
    block = f"""{HEAD}
class S(LogSource):
    def run(self):
        try:
            self.post_message({call})
        except TypeError as error:
            print(error)
    def request_exit(self): pass
"""
    with started(block) as daemon:
        daemon.line(
            "post_message() takes msg, which is a LogMessage, a text or a dict of values, "
            "and perhaps receipt, which is True or False"
        )
        daemon.stop()
