"""Checkpoints as the worker makes them: their place among its records, and what it finds at its start."""

import base64

import pytest
from played_daemon import Daemon

SOURCE = """
from syslogng import *
class S(LogSource):
    def init(self, options):
        print("restored", self.restored)
        return True
    def run(self):
BODY
    def request_exit(self): pass
"""

FETCHER = """
from syslogng import *
class S(LogFetcher):
    def init(self, options):
        self.steps = iter([STEPS])
        return True
    def fetch(self):
        return next(self.steps, lambda self: (self.NO_DATA,))(self)

def made(self, state, result):
    self.checkpoint(state)
    if isinstance(result, Exception):
        raise result
    return result
"""


def source(*lines):
    return SOURCE.replace("BODY", "\n".join("        " + line for line in lines))


def fetcher(*steps):
    return FETCHER.replace("STEPS", ", ".join(f"lambda self: {step}" for step in steps))


def notes(daemon, count):
    """The first so many notes, states as text."""
    daemon.wait(lambda: len(daemon.uplink.notes) >= count, f"{count} notes")
    return [(at, covers_next, bytes(state).decode()) for at, covers_next, state in daemon.uplink.notes]


def test_a_source_makes_checkpoints_behind_its_messages():
    block = source(
        "self.checkpoint({'at': [1, None, 'ü']})",
        "self.post_message(LogMessage('x'))",
        "self.checkpoint(b'\\x7f bytes')",
        "self.checkpoint((1, 2))",
    )
    with Daemon(block) as daemon:
        daemon.start()
        daemon.frame("finished")
        expected = [(0, False, 'j{"at":[1,null,"ü"]}'), (1, False, "b\x7f bytes"), (1, False, "j[1,2]")]
        assert notes(daemon, 3) == expected
        daemon.stop()


def test_a_fetcher_makes_checkpoints_for_what_it_returns():
    message = "(self.SUCCESS, LogMessage('x'))"
    block = fetcher(
        f"made(self, 1, {message})",
        message,
        f"made(self, 2, {message})",
        "made(self, 3, (self.NO_DATA,))",
        "made(self, 4, (self.TRY_AGAIN,))",
        "made(self, 5, (self.ERROR,))",
        "made(self, 6, (self.NOT_CONNECTED,))",
        "made(self, 7, ValueError('x'))",
        "made(self, 8, (self.SUCCESS, LogMessage('x', bookmark=1)))",
        "made(self, 9, 'no result')",
        f"made(self, 10, {message})",
    )
    with Daemon(block, kind="fetcher", time_reopen_ms=1, no_data_delay_ms=1) as daemon:
        daemon.start()
        expected = [(0, True, "j1"), (2, True, "j2"), (3, False, "j3"), (3, False, "j4"), (3, True, "j10")]
        assert notes(daemon, 5) == expected
        daemon.stop()


@pytest.mark.parametrize(
    ("kept", "restored"),
    [(b'j{"a":[1,"\xc3\xbc"]}', "{'a': [1, 'ü']}"), (b"b\x00", "b'\\x00'"), (None, "None")],
)
def test_init_finds_the_checkpoint(kept, restored):
    checkpoint = kept and base64.b64encode(kept).decode()
    with Daemon(source("pass"), checkpoint=checkpoint) as daemon:
        daemon.start()
        daemon.line(f"restored {restored}")
        daemon.stop()


def test_a_checkpoint_that_cannot_be_read_fails_init():
    with Daemon(source("pass"), checkpoint=base64.b64encode(b"j{").decode()) as daemon:
        refused = daemon.frame("refused")
        assert "the checkpoint of S cannot be read" in refused["message"]
        daemon.ended(1)


@pytest.mark.parametrize("state", ["object()", "float('nan')", "'x' * 70000", "b'x' * 70000", "{1: {2, 3}}"])
def test_a_state_that_cannot_be_kept(state):
    block = source(
        "try:",
        f"    self.checkpoint({state})",
        "except (TypeError, ValueError) as error:",
        "    print('refused')",
    )
    with Daemon(block) as daemon:
        daemon.start()
        daemon.line("refused")
        daemon.stop()
        assert not daemon.uplink.notes


def test_not_before_run():
    block = source("pass").replace("print(", "self.checkpoint(1) and print(")
    with Daemon(block) as daemon:
        assert "checkpoint() is too early" in daemon.frame("refused")["message"]
        daemon.ended(1)
