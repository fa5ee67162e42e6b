"""The sources of examples/, driven without a daemon."""

import io
import json
import threading
import urllib.error
import urllib.request
from types import ModuleType

import played_daemon
import pytest

from syslogng.testing import Refused, drive

EXAMPLES = played_daemon.ROOT / "examples"


def block(name):
    """A module of the Python in an example."""
    text = (EXAMPLES / name).read_text()
    code = text[text.index("\npython {\n") + len("\npython {\n") : text.rindex("\n};")]
    module = ModuleType(name)
    exec(compile(code, name, "exec"), vars(module))
    return module


POLLER = block("poller.conf")
WEBHOOK = block("webhook.conf")


@pytest.fixture
def answers(monkeypatch):
    """What the server of the poller will answer (bytes, what JSON is made of, or exceptions), and what it was
    asked."""
    answers, asked = [], []

    def urlopen(url, timeout):
        asked.append(url)
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return io.BytesIO(answer if isinstance(answer, bytes) else json.dumps(answer).encode())

    monkeypatch.setattr(POLLER, "urlopen", urlopen)
    return answers, asked


OPTIONS = {"url": "http://server/events", "timeout": "5"}


def poll(**settings):
    return drive(POLLER.EventPoller, OPTIONS, **settings)


def texts(driver):
    return [message["MESSAGE"] for message in driver.messages]


def test_poller_asks_for_what_is_behind_the_last(answers):
    given, asked = answers
    given += [[{"id": 7, "text": "a"}, {"id": 9, "text": "b"}], []]
    with poll() as driver:
        driver.fetch(2)
        assert texts(driver) == [b"a", b"b"]
    assert asked == ["http://server/events?after=0", "http://server/events?after=9"]
    assert driver.kept == 9
    assert driver.waits[:1] == [60.0]


def test_poller_goes_on_where_it_was(answers):
    given, asked = answers
    given += [[{"id": 43, "text": "next"}]]
    with poll(restored=42) as driver:
        driver.fetch()
    assert asked == ["http://server/events?after=42"]


def test_poller_keeps_its_place_until_messages_are_delivered(answers):
    given, _ = answers
    given += [[{"id": 1, "text": "a"}, {"id": 2, "text": "b"}]]
    with poll(ack=False) as driver:
        driver.fetch()
        driver.wait_for(2)
        driver.ack(1)
        assert driver.kept is None
        driver.ack(1)
        assert driver.kept == 2


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (urllib.error.URLError("refused"), "refused"),
        (b"no json", "Expecting value"),
        ([{"id": 1}], "text"),
        (b"x" * (5 << 20), "more than 4194304 bytes"),
    ],
)
def test_poller_asks_again_after_an_error(answers, answer, words):
    given, asked = answers
    given += [answer, [{"id": 1, "text": "a"}]]
    with poll(time_reopen=3) as driver:
        driver.fetch(2)
        assert texts(driver) == [b"a"]
        assert driver.waits[0] == 3
        assert any(words in error for error in driver.errors), driver.errors
    assert asked == ["http://server/events?after=0"] * 2


@pytest.fixture
def webhook():
    return lambda **settings: drive(
        WEBHOOK.Webhook, {"host": "127.0.0.1", "port": "0", "timeout": "5", "max_bytes": "100"}, **settings
    )


def hook(driver, body):
    """Status and reason of one request."""
    port = driver.instance.server.server_port
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", data=body, timeout=10) as answer:
            return answer.status, answer.reason
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.reason


def test_webhook_answers_when_the_message_is_delivered(webhook):
    with webhook(ack=False) as driver:
        answered = []
        client = threading.Thread(target=lambda: answered.append(hook(driver, b"hello")))
        client.start()
        assert driver.wait_for(1)[0]["MESSAGE"] == b"hello"
        assert not answered
        driver.ack()
        client.join(10)
    assert answered == [(200, "delivered")]


def test_webhook_says_why_a_message_was_dropped(webhook):
    with webhook(ack=False) as driver:
        answered = []
        client = threading.Thread(target=lambda: answered.append(hook(driver, b"hello")))
        client.start()
        driver.wait_for(1)
        driver.drop(1, "queue-full")
        client.join(10)
    assert answered == [(503, "queue-full")]


def test_webhook_sends_clients_away_while_it_is_suspended(webhook):
    with webhook(window=1, ack=False) as driver:
        client = threading.Thread(target=hook, args=(driver, b"first"))
        client.start()
        driver.wait_for(1)
        driver.wait_until(lambda: "suspend" in driver.calls, "suspend()")
        assert hook(driver, b"second") == (503, "busy")
        driver.ack()
        client.join(10)
        driver.wait_until(lambda: "wakeup" in driver.calls, "wakeup()")
        assert driver.dropped == 0


@pytest.mark.parametrize(("body", "status"), [(b"", 400), (b"x" * 101, 413)])
def test_webhook_refuses_what_is_no_message(webhook, body, status):
    with webhook() as driver:
        assert hook(driver, body)[0] == status
        assert driver.messages == []


def test_webhook_needs_a_port_that_is_free(webhook):
    with webhook() as driver:
        port = driver.instance.server.server_port
        taken = drive(
            WEBHOOK.Webhook, {"host": "127.0.0.1", "port": str(port), "timeout": "5", "max_bytes": "100"}
        )
        with pytest.raises(Refused, match="Address already in use"), taken:
            pass
