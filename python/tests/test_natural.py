"""Natural Python: async def, generators, lists, texts and dicts in place of messages."""

import pytest
from played_daemon import Daemon

STARS = "from syslogng import *\nimport asyncio\nclass S(LogSource):\n"


def run(body, **daemon):
    return Daemon(STARS + "    def run(self):\n" + body, **daemon)


def test_texts_and_dicts_are_messages():
    body = """
        print(self.post_message("text"), self.post_message(b"bytes"), self.post_message(bytearray(b"array")))
        self.post_message({"MESSAGE": "dict", b"n": 5, "HOST": "box"})
        print(self.post_message(msg="with receipt", receipt=True))
"""
    with run(body) as daemon:
        daemon.start()
        assert daemon.texts(5) == ["text", "bytes", "array", "dict", "with receipt"]
        pairs = daemon.records[3][1]
        assert pairs["HOST"][0] == b"box" and pairs["n"][0] == b"5"
        daemon.line("True True True")


@pytest.mark.parametrize("given", ["5", "None", "object()", "['a']", "('a',)", "{'a': object()}", "{5: 'a'}"])
def test_c108_what_is_no_message(given):
    body = f"""
        for post in (self.post_message, self._post_now, lambda given: self.post_messages([given])):
            try:
                print("posted", post({given}))
            except (TypeError, ValueError) as error:
                print("refused")
"""
    with run(body) as daemon:
        daemon.start()
        daemon.line("refused", 3)
        assert not daemon.records


def test_post_messages():
    body = """
        print(self.post_messages(LogMessage(f"m{n}") for n in range(3)), self.post_messages([]),
              self.post_messages(["text", {"MESSAGE": "dict"}]))
        def broken():
            yield "one"
            raise ValueError("boom")
        for wrong in (broken(), "text", b"bytes", {"a": 1}, 5, None, [5]):
            try:
                self.post_messages(wrong)
            except Exception as error:
                print(type(error).__name__)
"""
    with run(body) as daemon:
        daemon.start()
        assert daemon.texts(6) == ["m0", "m1", "m2", "text", "dict", "one"]
        daemon.frame("finished")
        daemon.line("3 0 2")
        assert daemon.lines[1:] == ["ValueError", *["TypeError"] * 6]


def test_post_messages_waits_for_the_window_and_ends_when_asked_to_exit():
    body = """
        def endless():
            number = 0
            while True:
                yield f"m{number}"
                number += 1
        print("accepted", self.post_messages(endless()))
"""
    with run(body, window=5) as daemon:
        daemon.auto_grant = False
        daemon.start()
        assert daemon.texts(5)[-1] == "m4"
        daemon.grant(2)
        assert daemon.texts(7)[-1] == "m6"
        daemon.stop()
        daemon.line("accepted 7")


def test_a_generator_stops_after_the_message_at_hand():
    block = (
        STARS
        + """
    def run(self):
        try:
            while True:
                yield "m"
        finally:
            print("closed")
"""
    )
    with Daemon(block, window=3) as daemon:
        daemon.start()
        daemon.texts(20)
        daemon.stop()
        daemon.line("closed")
        assert not daemon.of("failed") and daemon.of("finished")


@pytest.mark.parametrize("request_exit", ["", "    def request_exit(self): pass\n"])
def test_async_run_is_cancelled(request_exit):
    block = (
        STARS
        + request_exit
        + """
    async def run(self):
        try:
            await self.post("begun")
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            print("cancelled")
            raise
        finally:
            await asyncio.sleep(0)
            self.post_message("last")
            print("over")
    def deinit(self):
        print("deinit")
"""
    )
    with Daemon(block, hello={"stop_timeout_ms": 2000}) as daemon:
        daemon.start()
        assert daemon.texts(1) == ["begun"]
        daemon.stop()
        assert daemon.lines == ["cancelled", "over", "deinit"]
        assert daemon.texts(2) == ["begun", "last"]
        assert not daemon.of("failed") and daemon.of("finished")


def test_async_run_that_ends_itself_is_not_cancelled():
    block = (
        STARS
        + """
    async def run(self):
        self.stop = asyncio.Event()
        self.loop = asyncio.get_running_loop()
        await self.post("begun")
        await self.stop.wait()
        await asyncio.sleep(0.05)
        print("graceful")
    def request_exit(self):
        self.loop.call_soon_threadsafe(self.stop.set)
"""
    )
    with Daemon(block) as daemon:
        daemon.start()
        daemon.texts(1)
        daemon.stop()
        assert daemon.lines == ["graceful"]


def test_a_cancellation_of_its_own_is_a_failure():
    block = STARS + "    async def run(self):\n        raise asyncio.CancelledError\n"
    with Daemon(block) as daemon:
        daemon.start()
        assert "CancelledError" in daemon.frame("failed")["message"]
        daemon.stop()


def test_tasks_left_in_the_loop_are_cancelled():
    block = (
        STARS
        + """
    async def run(self):
        async def beside():
            try:
                await asyncio.sleep(3600)
            finally:
                print("beside over")
        self.task = asyncio.ensure_future(beside())
        await asyncio.sleep(0)
        await self.post("begun")
"""
    )
    with Daemon(block) as daemon:
        daemon.start()
        daemon.frame("finished")
        assert daemon.lines == ["beside over"]
        daemon.stop()


def test_post_waits_without_holding_up_the_loop():
    block = (
        STARS
        + """
    async def run(self):
        async def one(name):
            for number in range(4):
                assert await self.post(f"{name}{number}") is True
            print(name, "done")
        tasks = [asyncio.ensure_future(one(name)) for name in "ab"]
        ticks = 0
        while not all(task.done() for task in tasks):
            await asyncio.sleep(0.001)
            ticks += 1
            if ticks == 20:
                print("ticking")
        print("posted")
        await asyncio.sleep(3600)
"""
    )
    with Daemon(block, window=3) as daemon:
        daemon.auto_grant = False
        daemon.start()
        daemon.texts(3)
        daemon.line("ticking")
        assert len(daemon.records) == 3
        daemon.grant(100)
        daemon.line("posted")
        texts = daemon.texts(8)
        for name in "ab":
            assert [text for text in texts if text[0] == name] == [f"{name}{number}" for number in range(4)]
        daemon.stop()


def test_post_that_waits_when_the_driver_is_asked_to_exit():
    block = (
        STARS
        + """
    async def run(self):
        try:
            while await self.post("m"):
                pass
            print("refused")
        except asyncio.CancelledError:
            print("cancelled")
    def request_exit(self):
        print("asked")
"""
    )
    with Daemon(block, window=2) as daemon:
        daemon.auto_grant = False
        daemon.start()
        daemon.texts(2)
        daemon.stop()
        assert sorted(daemon.lines) == ["asked", "refused"] and len(daemon.records) == 2


def test_post_with_suspend_and_wakeup_waits_by_itself():
    block = (
        STARS
        + """
    async def run(self):
        for number in range(3):
            await self.post(f"m{number}")
        print("posted")
    def suspend(self):
        print("suspended")
    def wakeup(self):
        pass
"""
    )
    with Daemon(block, window=2) as daemon:
        daemon.auto_grant = False
        daemon.start()
        daemon.texts(2)
        daemon.grant(5)
        daemon.line("posted")
        assert "suspended" not in daemon.lines
        daemon.stop()


def test_async_generator():
    block = (
        STARS
        + """
    async def run(self):
        try:
            number = 0
            while True:
                yield f"m{number}"
                number += 1
                await asyncio.sleep(0)
        finally:
            print("closed")
"""
    )
    with Daemon(block, window=5) as daemon:
        daemon.start()
        assert daemon.texts(20)[:3] == ["m0", "m1", "m2"]
        daemon.stop()
        daemon.line("closed")
        assert not daemon.of("failed")


def test_a_bookmark_without_a_tracker_is_refused_by_post_too():
    block = STARS + "    async def run(self):\n        await self.post(LogMessage('m', bookmark=1))\n"
    with Daemon(block) as daemon:
        daemon.start()
        assert "ack_tracker" in daemon.frame("failed")["message"]
        daemon.stop()


# Fetchers.

FETCHER = "from syslogng import *\nimport asyncio\nclass S(LogFetcher):\n    calls = 0\n"


def fetcher(result, more=""):
    return (
        FETCHER
        + f"""
    def fetch(self):
        self.calls += 1
        if self.calls == 1:
            return {result}
        print("again")
        return self.NO_DATA,
    def close(self):
        print("close")
"""
        + more
    )


@pytest.mark.parametrize(
    ("result", "texts"),
    [
        ("[LogMessage('a'), 'b', b'c', {'MESSAGE': 'd'}]", ["a", "b", "c", "d"]),
        ("(self.SUCCESS, ['a', LogMessage('b')])", ["a", "b"]),
        (
            "[(self.SUCCESS, LogMessage('a')), (self.TRY_AGAIN,), (self.SUCCESS, 'b'), (self.NO_DATA,)]",
            ["a", "b"],
        ),
        ("[]", []),
        ("(self.SUCCESS, [])", []),
    ],
)
def test_fetch_may_return_a_list(result, texts):
    with Daemon(fetcher(result), kind="fetcher") as daemon:
        daemon.start()
        daemon.line("again")
        assert daemon.texts(len(texts)) == texts
        assert "close" not in daemon.lines
        daemon.stop()


@pytest.mark.parametrize(
    ("result", "texts"),
    [
        ("['a', 5, 'b']", ["a"]),
        ("['a', (1, 2, 3)]", ["a"]),
        ("['a', (self.ERROR,), 'b']", ["a", "b"]),
        ("['a', (self.SUCCESS, LogMessage('b', bookmark=1))]", ["a"]),
    ],
)
def test_lists_that_end_with_an_error(result, texts):
    with Daemon(fetcher(result), kind="fetcher") as daemon:
        daemon.start()
        daemon.line("close")
        daemon.line("again")
        assert daemon.texts(len(texts)) == texts
        daemon.stop()


def test_async_fetcher():
    block = (
        FETCHER
        + """
    async def open(self):
        self.queue = asyncio.Queue()
        self.task = asyncio.ensure_future(self.fill())
        print("open")
        return True
    async def fill(self):
        for number in range(3):
            await self.queue.put(f"m{number}")
            await asyncio.sleep(0.001)
    async def fetch(self):
        return self.SUCCESS, LogMessage(await self.queue.get())
    async def close(self):
        await asyncio.sleep(0)
        print("close")
    def deinit(self):
        print("deinit")
"""
    )
    with Daemon(block, kind="fetcher") as daemon:
        daemon.start()
        assert daemon.texts(3) == ["m0", "m1", "m2"]
        daemon.stop()
        assert daemon.lines == ["open", "close", "deinit"]
        assert not daemon.of("failed") and not daemon.of("exception")


def test_async_fetcher_that_raises_and_waits():
    block = (
        FETCHER
        + """
    async def open(self):
        self.calls += 1
        print("open", self.calls)
        return self.calls != 1
    async def fetch(self):
        await asyncio.sleep(0)
        if self.calls == 2:
            raise ValueError("boom")
        return self.NO_DATA,
    async def close(self):
        raise OSError("no close")
"""
    )
    with Daemon(block, kind="fetcher", no_data_delay_ms=3_600_000) as daemon:
        daemon.start()
        daemon.line("open 3")
        assert daemon.frame("event")["kind"] == "open_failed"
        daemon.frame("exception", 2)
        daemon.stop()
        assert [frame["method"] for frame in daemon.of("exception")] == ["fetch", "close", "close"]
