"""Destinations written in Python: what becomes of a message for each answer of ``send()`` and ``flush()``."""

import pytest

from harness import ROOT

SOURCES = {"PYTHONPATH": str(ROOT / "tests/sources")}


@pytest.fixture
def run(make_daemon, tmp_path):
    """Starts a daemon with a scripted destination; what it does is in ``daemon.journal()``."""

    def run(count=3, every=0.0, terms="time-reopen(0.02)", version="4.2", klass="Destination", **script):
        journal = tmp_path / f"journal{len(list(tmp_path.glob('journal*')))}"
        options = " ".join(f'"{key}" "{value}"' for key, value in script.items())
        daemon = make_daemon(
            f"""@version: {version}
source s {{ python(class("scripted.Source") options("count" "{count}" "every" "{every}")); }};
destination d {{ python(class("scripted.{klass}") options("journal" "{journal}" {options}) {terms}); }};
log {{ source(s); destination(d); flags(flow-control); }};""",
            env=SOURCES,
        )
        daemon.journal = lambda: journal.read_text().splitlines() if journal.exists() else []
        daemon.wait_journal = lambda line, times=1: daemon.wait(
            lambda: daemon.journal().count(line) >= times, f"{times} x {line!r}"
        )
        return daemon.start()

    return run


def counters(daemon):
    """Counters of the destination by their kind."""
    rows = (row.split(";") for row in daemon.ask("STATS CSV").splitlines())
    return {row[4]: int(row[5]) for row in rows if row[0] == "dst.python"}


def sends(daemon):
    return [line for line in daemon.journal() if line.startswith("send")]


def test_c79_success(run):
    daemon = run(count=1)
    daemon.wait(lambda: counters(daemon).get("written") == 1, "one written")
    assert sends(daemon) == ["send m1 1 -> SUCCESS"]
    assert counters(daemon)["dropped"] == 0
    daemon.stop()
    assert daemon.journal()[0] == "init python(scripted.Destination)"
    assert daemon.journal()[-2:] == ["close", "deinit"]


def test_c81_drop(run):
    daemon = run(count=2, send="DROP, SUCCESS")
    daemon.wait(lambda: counters(daemon).get("written") == 1, "one written")
    assert counters(daemon)["dropped"] == 1
    assert daemon.journal()[1:] == [
        "open -> True",
        "send m1 1 -> DROP",
        "close",
        "open -> True",
        "send m2 2 -> SUCCESS",
        *["flush -> SUCCESS"] * (len(daemon.journal()) - 6),
    ]


def test_c82_not_connected_is_retried_without_limit(run):
    daemon = run(count=1, send="NOT_CONNECTED " * 7 + "SUCCESS")
    daemon.wait(lambda: counters(daemon).get("written") == 1, "one written")
    assert len(sends(daemon)) == 8
    assert daemon.journal().count("close") == 7


def test_c83_error_is_tried_so_many_times_then_dropped(run):
    daemon = run(count=2, send="ERROR " * 5 + "SUCCESS", terms="time-reopen(0.02) retries(5)")
    daemon.wait(lambda: counters(daemon).get("written") == 1, "one written")
    assert counters(daemon)["dropped"] == 1
    assert [line.split()[1] for line in sends(daemon)] == ["m1"] * 5 + ["m2"]


def test_c83_the_last_attempt_may_succeed(run):
    daemon = run(count=1, send="ERROR " * 4 + "SUCCESS", terms="time-reopen(0.02) retries(5)")
    daemon.wait(lambda: counters(daemon).get("written") == 1, "one written")
    assert counters(daemon)["dropped"] == 0


def test_c84_a_batch_is_delivered_by_its_flush(run):
    daemon = run(count=10, send="QUEUED", terms="time-reopen(0.02) batch-lines(5)")
    daemon.wait(lambda: counters(daemon).get("written") == 10, "all written")
    lines = [line.split()[0] for line in daemon.journal()[2:]]
    for i, line in enumerate(lines):
        assert line != "flush" or lines[max(0, i - 5) : i].count("send") <= 5


def test_c85_drop_from_flush_drops_the_batch(run):
    daemon = run(count=4, send="QUEUED", flush="DROP, SUCCESS", terms="time-reopen(0.02) batch-lines(2)")
    daemon.wait(lambda: counters(daemon).get("written") == 2, "two written")
    assert counters(daemon)["dropped"] == 2


def test_c86_error_from_flush_sends_the_batch_again(run):
    daemon = run(count=2, send="QUEUED", flush="ERROR, SUCCESS", terms="time-reopen(0.02) batch-lines(2)")
    daemon.wait(lambda: counters(daemon).get("written") == 2, "two written")
    assert [line.split()[1] for line in sends(daemon)] == ["m1", "m2", "m1", "m2"]


def test_c86_error_from_flush_drops_the_batch_in_the_end(run):
    daemon = run(
        count=3,
        send="QUEUED",
        flush="ERROR, ERROR, SUCCESS",
        terms="time-reopen(0.02) batch-lines(2) retries(2)",
    )
    daemon.wait(lambda: counters(daemon).get("written") == 1, "the third written")
    assert counters(daemon)["dropped"] == 2


def test_c87_not_connected_from_flush_sends_the_batch_again(run):
    flush = "NOT_CONNECTED " * 4 + "SUCCESS"
    daemon = run(count=3, send="QUEUED", flush=flush, terms="time-reopen(0.02) batch-lines(3)")
    daemon.wait(lambda: counters(daemon).get("written") == 3, "all written")
    assert len(sends(daemon)) == 15


def test_c88_a_batch_waits_for_more_until_its_time_is_up(run):
    """Ten messages come within the time of one batch, and are flushed together."""
    terms = "time-reopen(0.02) batch-lines(100) batch-timeout(1000)"
    daemon = run(count=10, every=0.001, send="QUEUED", terms=terms)
    daemon.wait(lambda: counters(daemon).get("written") == 10, "all written")
    assert daemon.journal().count("flush -> SUCCESS") == 1


def test_c89_connect_failures_are_retried(run):
    daemon = run(count=1, open="False, raise, False, True")
    daemon.wait(lambda: counters(daemon).get("written") == 1, "one written")
    assert [line for line in daemon.journal() if line.startswith("open")] == [
        "open -> False",
        "open -> raise",
        "open -> False",
        "open -> True",
    ]


def test_c90_the_sequence_number_advances_on_every_attempt(run):
    daemon = run(count=2, send="NOT_CONNECTED, ERROR, SUCCESS")
    daemon.wait(lambda: counters(daemon).get("written") == 2, "both written")
    assert [line.split()[2] for line in sends(daemon)] == ["1", "2", "3", "4"]


def test_c80_without_seqnum_nothing_is_numbered(run):
    daemon = run(count=2, terms="time-reopen(0.02) flags(no-seqnum)")
    daemon.wait(lambda: counters(daemon).get("written") == 2, "both written")
    assert [line.split()[2] for line in sends(daemon)] == ["0", "0"]


@pytest.mark.parametrize(
    ("word", "delivered"),
    [
        ("None", False),
        ("True", True),
        ("False", False),
        ("3", True),
        ("99", False),
        ("0", None),
        ("raise", False),
    ],
)
def test_c122_odd_results(run, word, delivered):
    """None, False, numbers that are no result and exceptions are errors; 0 is DROP; 3 is SUCCESS."""
    daemon = run(count=1, send=f"{word}, SUCCESS")
    total = 0 if delivered is None else 1
    daemon.wait(
        lambda: counters(daemon).get("written", 0) + counters(daemon).get("dropped", 0) == 1, "settled"
    )
    assert counters(daemon)["written"] == total
    assert len(sends(daemon)) == (2 if delivered is False else 1)
    if word in ("None", "99"):
        daemon.wait_log(rf"send\(\) returned {word}")


def test_c123_open_that_returns_none_is_a_success_with_a_warning(run):
    daemon = run(count=1, open="None")
    daemon.wait(lambda: counters(daemon).get("written") == 1, "one written")
    daemon.wait_log(r"open\(\) returned None, taken for True")


def test_retry_is_at_once_and_the_third_time_a_lost_connection(run):
    daemon = run(count=1, send="RETRY, RETRY, RETRY, SUCCESS")
    daemon.wait(lambda: counters(daemon).get("written") == 1, "one written")
    assert daemon.journal().count("close") == 1
    assert len(sends(daemon)) == 4


def test_a_class_without_the_base_runs_below_version_4(run):
    """Values are bytes, and a name that is not set is empty."""
    daemon = run(count=1, version="3.38", klass="OddDestination")
    daemon.wait(lambda: daemon.journal() == ["b'm1' b''"], "the message")
    daemon.wait_log("class OddDestination is not a subclass of LogDestination")


def test_a_class_without_the_base_is_refused_from_version_4_on(make_daemon, tmp_path, only_hognose):
    daemon = make_daemon(
        """@version: 4.2
log { source { internal(); }; destination { python(class("scripted.OddDestination")); }; };""",
        env=SOURCES,
    )
    assert daemon.run_to_end() == 2
    assert "write class OddDestination(LogDestination)" in daemon.log()


def test_a_worker_that_dies_in_send_loses_nothing_and_blocks_nothing(run, only_hognose):
    """The message it dies of is dropped after its retries; the others arrive."""
    daemon = run(count=4, send="SUCCESS, die, SUCCESS", terms="time-reopen(0.05)")
    daemon.wait(lambda: counters(daemon).get("written") == 4, "all written")
    daemon.wait_log("Python worker died")


def test_a_hung_send_is_ended_by_stall_timeout(run, only_hognose):
    daemon = run(count=2, send="hang, SUCCESS", terms="time-reopen(0.05) stall-timeout(1) retries(1)")
    daemon.wait(lambda: counters(daemon).get("dropped") == 1, "the first given up", 30)
    daemon.wait_log("stall-timeout")


def test_a_stop_does_not_wait_for_a_hung_send(make_daemon, tmp_path, only_hognose):
    journal = tmp_path / "journal"
    daemon = make_daemon(
        f"""@version: 4.2
options {{ stop-timeout(2); }};
source s {{ python(class("scripted.Source") options("count" "1")); }};
log {{ source(s); destination {{
    python(class("scripted.Destination") options("journal" "{journal}" "send" "hang")); }}; }};""",
        env=SOURCES,
    ).start()
    daemon.wait(lambda: journal.exists() and "send m1" in journal.read_text(), "the send that hangs")
    daemon.stop()


def test_messages_queued_in_a_class_survive_a_reload(run, only_hognose):
    """What was QUEUED and not flushed goes back to the queue, and to the next object."""
    terms = "time-reopen(0.02) batch-lines(1000) batch-timeout(60000)"
    daemon = run(count=5, send="QUEUED", flush="QUEUED", terms=terms)
    daemon.wait_journal("send m5 5 -> QUEUED")
    daemon.reload()
    daemon.wait(lambda: sum(line.startswith("send m1 ") for line in daemon.journal()) >= 2, "sent again")


def test_workers_send_side_by_side(make_daemon, tmp_path, only_hognose):
    """One of them hangs, and the other one sends the rest."""
    journal = tmp_path / "journal"
    daemon = make_daemon(
        f"""@version: 4.2
source s {{ python(class("scripted.Source") options("count" "50" "every" "0.01")); }};
destination d {{ python(class("scripted.Destination") workers(2)
    options("journal" "{journal}" "send" "hang, SUCCESS")); }};
log {{ source(s); destination(d); }};""",
        env=SOURCES,
    ).start()
    daemon.wait(lambda: journal.exists() and journal.read_text().count("init ") == 2, "two objects")


def test_destinations_share_a_worker_by_name(make_daemon, tmp_path, only_hognose):
    """One process, two objects."""
    module = tmp_path / "who.py"
    module.write_text(
        "import os\nfrom syslogng import LogDestination\n"
        "class Who(LogDestination):\n"
        "    def send(self, msg):\n"
        "        print(f'sent by {os.getpid()} {id(self)}')\n"
        "        return True\n"
    )
    daemon = make_daemon(
        """@version: 4.2
source s { python(class("scripted.Source") options("count" "1")); };
log { source(s);
    destination { python(class("who.Who") worker("w")); };
    destination { python(class("who.Who") worker("w")); }; };""",
        env={"PYTHONPATH": f"{SOURCES['PYTHONPATH']}:{tmp_path}"},
    ).start()
    daemon.wait_log(r"sent by \d+", count=2)
    said = [
        line.split("sent by ")[1].split(";")[0].split()
        for line in daemon.log().splitlines()
        if "sent by" in line
    ]
    assert len({pid for pid, _ in said}) == 1
    assert len({number for _, number in said}) == 2


def test_c69_value_pairs_give_a_dict(run):
    """Keys as they are spelled, text as bytes, other values with their type."""
    pairs = (
        'value-pairs(key("MESSAGE") pair("MSG" "<$MSG>") pair("n" int("7")) pair(".x" "y")'
        ' rekey(".x" shift(1)))'
    )
    daemon = run(count=2, klass="DictDestination", terms=pairs)
    expected = [("MESSAGE", b"m%d"), ("MSG", b"<m%d>"), ("n", 7), ("x", b"y")]
    lines = [
        repr([(k, v % i if isinstance(v, bytes) and b"%" in v else v) for k, v in expected]) for i in (1, 2)
    ]
    daemon.wait(lambda: daemon.journal() == lines, f"{lines}")


def test_value_pairs_below_version_4_are_all_bytes(run):
    daemon = run(count=1, version="3.38", klass="DictDestination", terms='value-pairs(pair("n" int("7")))')
    daemon.wait(lambda: daemon.journal() == ["[('n', b'7')]"], "the dict")


def test_a_mistake_in_value_pairs_is_shown(make_daemon, only_hognose):
    daemon = make_daemon(
        """@version: 4.2
log { source { internal(); };
    destination { python(class("scripted.Destination") value-pairs(kee("x"))); }; };""",
        env=SOURCES,
    )
    assert daemon.run_to_end() == 1
    assert "value-pairs() has no option `kee`" in daemon.log()


def test_sequence_numbers_go_on_after_a_restart(run):
    daemon = run(count=2)
    daemon.wait(lambda: counters(daemon).get("written") == 2, "both written")
    daemon.stop()
    daemon.start()
    daemon.wait_journal("send m2 4 -> SUCCESS")
