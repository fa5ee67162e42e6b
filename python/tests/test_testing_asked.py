"""syslogng.testing: parsers and destinations in their real loops, with a daemon played in the process."""

import pytest

from syslogng import LogDestination, LogParser
from syslogng.testing import DriverLate, Refused, drive


class Mark(LogParser):
    def init(self, options):
        self.mark = options["mark"]
        return bool(self.mark)

    def parse(self, msg):
        msg["mark"] = self.mark
        return msg["MESSAGE"] != b"drop"


class Shop(LogDestination):
    def init(self, options):
        self.sold, self.batch = [], []
        self.answers = list(options.get("answers", []))
        return True

    def send(self, msg):
        self.batch.append((msg["MESSAGE"].decode(), int(self.seqnum)))
        return self.answers.pop(0) if self.answers else self.QUEUED

    def flush(self):
        self.sold += self.batch
        self.batch = []
        return self.SUCCESS


def test_a_parser_changes_messages_and_drops_them():
    with drive(Mark, {"mark": "x"}) as parser:
        assert parser.parse("hello")["mark"] == b"x"
        assert parser.parse("drop") is None
        parser.fail("parse", ValueError("as told"))
        assert parser.parse("hello") is None
    assert parser.errors == ["parse() raised ValueError: as told"]
    assert parser.calls == ["init", "parse", "parse", "parse", "deinit"]


def test_a_driver_that_does_not_start():
    with pytest.raises(Refused, match="returned False"), drive(Mark, {"mark": ""}):
        pass


def test_a_destination_delivers_by_its_flush():
    with drive(Shop, batch_lines=10) as shop:
        shop.send("one", "two")
        assert shop.instance.sold == [("one", 1), ("two", 2)]
        assert (len(shop.delivered), shop.queue, shop.waits) == (2, [], [])
    assert shop.calls == [
        "init",
        "open",
        "is_opened",
        *["is_opened", "send"] * 2,
        "flush",
        "flush",
        "is_opened",
        "close",
        "deinit",
    ]


def test_a_lost_connection_is_opened_again():
    with drive(Shop, {"answers": [5, 5]}, time_reopen=60) as shop:
        shop.send("one")
    assert [message["MESSAGE"] for message in shop.delivered] == [b"one"]
    assert shop.waits == [60, 60]
    assert shop.calls.count("open") == 3


def test_errors_are_retried_and_then_given_up():
    with drive(Shop, {"answers": [1, 1]}, retries=2) as shop:
        shop.send("one", "two")
    assert [message["MESSAGE"] for message in shop.dropped] == [b"one"]
    assert [message["MESSAGE"] for message in shop.delivered] == [b"two"]


def test_a_destination_that_gets_nowhere_ends_the_test():
    with drive(Shop, {"answers": [5] * 1000}) as shop, pytest.raises(DriverLate):
        shop.send("one")


class Hoarder(Shop):
    def flush(self):
        return self.QUEUED


def test_what_the_class_keeps_stays_in_the_queue_and_is_sent_once():
    with drive(Hoarder, batch_lines=10) as shop:
        shop.send("one")
        shop.send("two")
        assert len(shop.queue) == 2
        assert [text for text, _ in shop.instance.batch] == ["one", "two"]
