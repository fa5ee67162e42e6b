"""syslogng.testing: sources and fetchers in their real loops, with a daemon played in the same process."""

import threading

import pytest

from syslogng import ConsecutiveAckTracker, LogFetcher, LogMessage, LogSource
from syslogng.testing import DriverLate, Refused, drive


class Counter(LogFetcher):
    def init(self, options):
        self.count = self.restored or int(options.get("start", 0))
        self.opened = 0
        return True

    def open(self):
        self.opened += 1
        return True

    def close(self):
        pass

    def fetch(self):
        self.count += 1
        self.checkpoint(self.count)
        return LogFetcher.FETCH_SUCCESS, LogMessage(f"message {self.count}")

    def request_exit(self):
        pass

    def deinit(self):
        pass


def texts(driver):
    return [message["MESSAGE"].decode() for message in driver.messages]


def test_fetcher_moves_when_it_is_let():
    with drive(Counter, options={"start": "5"}) as driver:
        driver.fetch()
        assert texts(driver) == ["message 6"]
        driver.fetch(2)
    assert texts(driver) == ["message 6", "message 7", "message 8"]
    assert driver.calls == ["init", "open", *["fetch"] * 3, "request_exit", "close", "deinit"]
    assert driver.errors == []
    assert driver.waits == []


def test_time_reopen_takes_no_time():
    with drive(Counter, time_reopen=3600) as driver:
        driver.fail("fetch", OSError("gone"))
        driver.fetch()
        assert driver.waits == [3600.0]
        assert "gone" in driver.errors[0]
        driver.fail("open", OSError("still gone"))
        driver.fetch()
        assert driver.waits == [3600.0, 3600.0]
        driver.fetch()
        assert texts(driver) == ["message 1"]
    assert driver.calls == [
        "init", "open", "fetch", "close", "open", "open", "fetch", "request_exit", "close", "deinit",
    ]  # fmt: skip


def test_no_data_waits_its_own_time():
    class Idle(LogFetcher):
        def fetch(self):
            return (LogFetcher.FETCH_NO_DATA,)

    with drive(Idle, no_data_delay=7.5) as driver:
        driver.fetch(3)
    assert driver.waits == [7.5] * 3
    assert driver.messages == []


def test_window_holds_a_fetcher_until_there_is_an_ack():
    with drive(Counter, window=2, ack=False) as driver:
        driver.fetch(2)
        with pytest.raises(DriverLate, match="window is exhausted"):
            driver.fetch()
        driver.ack(1)
        driver.fetch()
        assert texts(driver) == ["message 1", "message 2", "message 3"]


def test_checkpoint_moves_with_acks_only_and_is_restored():
    with drive(Counter, ack=False) as driver:
        driver.fetch(3)
        assert driver.kept is None
        driver.ack(2)
        assert driver.kept == 2
    with drive(Counter, restored=driver.kept) as driver:
        driver.fetch()
    assert texts(driver) == ["message 3"]


def test_refusal_says_what_the_daemon_would():
    class Unwilling(LogFetcher):
        def init(self, options):
            raise KeyError("url")

        def fetch(self):
            return (LogFetcher.FETCH_NO_DATA,)

    with pytest.raises(Refused, match=r"Unwilling.init\(\) raised KeyError"):
        with drive(Unwilling):
            pass


def test_bad_result_is_diagnosed():
    class Wrong(LogFetcher):
        def fetch(self):
            return LogMessage("not a tuple")

    with drive(Wrong) as driver:
        driver.fetch()
        assert "fetch()" in driver.errors[0]


class Source(LogSource):
    bookmarks = 3

    def init(self, options):
        self.exit = threading.Event()
        self.told = []
        self.ack_tracker = ConsecutiveAckTracker(self.told.append)
        return True

    def run(self):
        for number in range(1, self.bookmarks + 1):
            self.post_message(LogMessage(f"{number}", bookmark=number))
        self.receipt = self.post_message(LogMessage("last"), receipt=True)
        self.exit.wait()

    def request_exit(self):
        self.exit.set()


def test_source_runs_and_hears_of_its_acks():
    with drive(Source, ack=False) as driver:
        driver.wait_for(4)
        source = driver.instance
        driver.ack(2)
        driver.wait_until(lambda: source.told == [2])
        driver.ack(1)
        driver.wait_until(lambda: source.told == [2, 3])
        driver.drop(1, "retries")
        driver.wait_until(lambda: source.receipt.done)
        assert (source.receipt.delivered, source.receipt.reason) == (False, "retries")
    assert texts(driver) == ["1", "2", "3", "last"]
    assert driver.calls == ["init", "run", "request_exit", "deinit"]


def test_source_is_suspended_and_woken():
    class Careful(LogSource):
        def init(self, options):
            self.exit = threading.Event()
            self.room = threading.Event()
            return True

        def run(self):
            for number in range(3):
                self.room.set() if number == 0 else self.room.wait()
                if self.exit.is_set():
                    return
                self.post_message(LogMessage(f"{number}"))
            self.exit.wait()

        def suspend(self):
            self.room.clear()

        def wakeup(self):
            self.room.set()

        def request_exit(self):
            self.exit.set()

    with drive(Careful, window=2, ack=False) as driver:
        driver.wait_for(2)
        driver.wait_until(lambda: "suspend" in driver.calls)
        assert texts(driver) == ["0", "1"]
        driver.ack(1)
        driver.wait_for(3)
        assert driver.calls[:4] == ["init", "run", "suspend", "wakeup"]
        assert driver.dropped == 0


def test_source_that_raises_is_said_to():
    class Broken(LogSource):
        def run(self):
            raise ValueError("broken")

        def request_exit(self):
            pass

    with drive(Broken) as driver:
        driver.wait_until(lambda: bool(driver.errors))
        assert "broken" in driver.errors[0]
