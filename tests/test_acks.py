"""What becomes of messages, told to the Python code that posted them, from the destination to the script."""

import socket

import pytest

import harness

SOURCE = """
@version: 4.0
python {
import threading
from syslogng import *

class S(LogSource):
    def init(self, options):
        self.stop = threading.Event()
        self.texts = ["text %d" % i for i in range(20)]
        return True
    def request_exit(self):
        self.stop.set()
BODY
};
source s { python(class("S")); };
destination d { DESTINATION; };
log { source(s); PATH };
"""

RECEIPTS = """
    def run(self):
        receipts = [self.post_message(LogMessage(text), receipt=True) for text in self.texts]
        print("delivered", sum(receipt.wait(20) for receipt in receipts))
        for reason in sorted({receipt.reason for receipt in receipts if not receipt.delivered}):
            print("because", reason, sum(receipt.reason == reason for receipt in receipts))
        print("known")
        self.stop.wait()
"""

pytestmark = pytest.mark.usefixtures("only_hognose")


def run(make_daemon, body, destination, path):
    text = SOURCE.replace("BODY", body).replace("DESTINATION", destination).replace("PATH", path)
    return make_daemon(text).start()


def test_receipts_of_a_file(make_daemon):
    daemon = run(make_daemon, RECEIPTS, 'file("@DIR@/out")', "destination(d); flags(flow-control);")
    daemon.wait_log("known")
    assert "delivered 20;" in daemon.log()
    assert harness.count_lines(daemon.directory / "out") == 20


def test_what_no_log_path_wants_is_delivered(make_daemon):
    daemon = run(make_daemon, RECEIPTS, 'file("@DIR@/out")', 'filter { message("7") }; destination(d);')
    daemon.wait_log("delivered 20")


def test_a_receipt_says_that_a_queue_was_full(make_daemon):
    nowhere = f'network("127.0.0.1" port({harness.free_port()}) log-fifo-size(5))'
    # Without flow-control: what the queue takes is delivered, as far as the source knows.
    daemon = run(make_daemon, RECEIPTS, nowhere, "destination(d);")
    daemon.wait_log("known")
    assert "delivered 5;" in daemon.log() and "because queue-full 15" in daemon.log()


def test_a_receipt_waits_for_delivery_under_flow_control(make_daemon):
    body = """
    def run(self):
        receipt = self.post_message(LogMessage("x"), receipt=True)
        print("early", receipt.wait(0.2))
        print("late", receipt.wait(20))
        self.stop.wait()
"""
    port = harness.free_port()
    destination = f'network("127.0.0.1" port({port}) time-reopen(0.05))'
    daemon = run(make_daemon, body, destination, "destination(d); flags(flow-control);")
    daemon.wait_log("early False")
    with socket.create_server(("127.0.0.1", port)) as server:
        peer, _ = server.accept()
        daemon.wait_log("late True")
        peer.close()


@pytest.mark.parametrize("flags", ["flags(flow-control);", ""])
def test_c120_a_consecutive_tracker_ends_at_the_last_message(make_daemon, flags):
    body = """
    def __init__(self):
        self.told = []
        self.ack_tracker = ConsecutiveAckTracker(self.acked)
    def acked(self, bookmark):
        self.told.append(bookmark)
        if bookmark == 5000:
            print("ascending", self.told == sorted(set(self.told)))
    def run(self):
        for i in range(1, 5001):
            self.post_message(LogMessage("x", bookmark=i))
        self.stop.wait()
"""
    daemon = run(make_daemon, body, 'file("@DIR@/out")', f"destination(d); {flags}")
    daemon.wait_log("ascending True")


def test_c121_all_bookmarks_are_told_by_a_clean_stop(make_daemon):
    body = """
    def __init__(self):
        self.told = []
        self.ack_tracker = BatchedAckTracker(0, 1000, self.told.extend)
    def run(self):
        for i in range(2500):
            self.post_message(LogMessage("x", bookmark=i))
        print("posted")
        self.stop.wait()
    def deinit(self):
        print("told", sorted(self.told) == list(range(2500)))
"""
    daemon = run(make_daemon, body, 'file("@DIR@/out")', "destination(d); flags(flow-control);")
    daemon.wait_log("posted")
    daemon.stop()
    assert "told True" in daemon.log()
