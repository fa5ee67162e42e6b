"""docs/delivery.md: its configurations run, and do what it says."""

import re
import signal
import urllib.error
import urllib.request

import pytest

import harness

pytestmark = pytest.mark.usefixtures("only_hognose")

GUIDE = (harness.ROOT / "docs" / "delivery.md").read_text()
CHECKPOINTS, RECEIPTS = re.findall(r"^```\n(@version.*?)^```$", GUIDE, re.S | re.M)


def test_a_file_goes_on_behind_the_last_line_that_was_delivered(make_daemon):
    daemon = make_daemon(CHECKPOINTS)
    source, out = daemon.directory / "in", daemon.directory / "out"
    lines = [f"line {number}" for number in range(1000)]
    source.write_text("\n".join(lines[:500]) + "\nhalf a line")
    daemon.start()
    daemon.wait_lines(out, 500)
    daemon.process.send_signal(signal.SIGKILL)
    daemon.process.wait()
    source.write_text("\n".join(lines) + "\n")
    daemon.start()
    daemon.wait(lambda: lines[-1] in harness.whole_lines(out), "the last line")
    daemon.stop()
    found = harness.whole_lines(out)
    assert sorted(set(found)) == sorted(lines) and len(found) <= len(lines) + 100
    again = len(found)
    # `start` looks for its words in the log.
    daemon.stderr.write_bytes(b"")
    daemon.start()
    daemon.stop()
    assert harness.count_lines(out) == again, "nothing comes again after a clean stop"


def test_a_webhook_answers_once_the_message_is_written(make_daemon):
    port = harness.free_port()
    daemon = make_daemon(RECEIPTS.replace("@PORT@", str(port))).start()
    for number in range(20):
        request = urllib.request.Request(f"http://127.0.0.1:{port}/", data=f"hook {number}".encode())
        with urllib.request.urlopen(request, timeout=harness.EVENT_S) as answer:
            assert answer.status == 200
        assert harness.whole_lines(daemon.directory / "web")[-1] == f"hook {number}"


def test_a_webhook_says_why_not(make_daemon):
    """Without flow-control, and with a queue that is full."""
    port, nowhere = harness.free_port(), harness.free_port()
    text = RECEIPTS.replace("@PORT@", str(port)).replace("flags(flow-control)", "")
    text = re.sub(
        r"destination d_web \{.*?\};\n",
        f'destination d_web {{ network("127.0.0.1" port({nowhere}) log-fifo-size(1)); }};\n',
        text,
    )
    make_daemon(text).start()
    url = f"http://127.0.0.1:{port}/"
    assert urllib.request.urlopen(url, data=b"fits", timeout=harness.EVENT_S).status == 200
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url, data=b"does not", timeout=harness.EVENT_S)
    assert refused.value.code == 503 and refused.value.reason == "queue-full"
