"""What is measured. Each scenario takes one sample of one peer: a dictionary of numbers."""

import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

import loads
from subject import Failed, Subject

FULL, QUICK = 1.0, 0.1
# Room in a queue beyond what is posted, so that nothing is dropped without flow control.
SPARE_MESSAGES = 10_000
SETTLE_S = 0.2


@dataclass(frozen=True)
class Scenario:
    name: str
    what: str
    sample: Callable


@dataclass(frozen=True)
class Bench:
    """What every sample needs to know: where to write, and how much of the full size to do."""

    scratch: object
    scale: float

    def count(self, full):
        return max(2000, int(full * self.scale))


def catalogue():
    """All scenarios, in the order in which they are run."""
    yield Scenario("source", "one source, large queue", sources(1, "Trivial", 2_000_000))
    yield Scenario("source.fc", "one source, flow control", sources(1, "Trivial", 2_000_000, fc=True))
    yield Scenario("fetcher", "one fetcher", fetcher(100_000))
    for n in (2, 4, 16):
        yield Scenario(f"trivial{n:02d}", f"{n} sources, tight loops", sources(n, "Trivial", 640_000))
    for n in (1, 2, 4, 16):
        yield Scenario(f"cpu{n:02d}", f"{n} sources, CPU-bound", sources(n, "CpuBound", 320_000))
    yield Scenario("pairs", "one source, five pairs a message", sources(1, "Pairs", 1_000_000))
    yield Scenario("parser", "TCP through a Python parser", through(parser="Parse"))
    yield Scenario("destination", "TCP to a Python destination", through(destination="Write"))
    yield Scenario(
        "function", "TCP to a file through $(python …)", through(template="$(python workload.shout)\\n")
    )
    for n in (1, 2):
        what = f"TCP through a CPU-bound Python parser, workers({n})"
        yield Scenario(f"parsers{n:02d}", what, through(parser="CpuBoundParse", workers=n, full=100_000))
    yield Scenario("tcp", "TCP, RFC 3164, to a file", tcp(2_000_000))
    yield Scenario("file", "file to file", file_to_file(2_000_000))
    yield Scenario("life", "start, reload, stop, idle memory", life)
    yield Scenario("held", "messages held in memory", held(1_000_000))
    for transport in ("udp", "tcp"):
        yield Scenario(f"latency.{transport}", f"post to {transport} receiver", latency(transport, 4000))


# Configurations.


def config(source, destination, *, flags="", options=""):
    return f"""@version: current
options {{ time-reopen(1); keep-hostname(yes); use-dns(no); {options} }};
log {{ source {{ {source} }}; destination {{ {destination} }}; {flags and f"flags({flags});"} }};
"""


def python_source(kind, index, count, more=""):
    return (
        f'python(class("workload.{kind}") persist-name("source{index}") flags(no-parse) '
        f'options("dir" "@DIR@" "index" "{index}" "count" "{count}") {more});'
    )


def queue(count):
    return f"log-fifo-size({count + SPARE_MESSAGES});"


def throughput(subject, count, begin, end):
    lost = count - subject.lines()
    cpu = subject.cpu_seconds()
    return {"per_s": count / (end - begin), "cpu_us": cpu / count * 1e6, "lost": lost}


# Python.


def sources(number, kind, full, fc=False):
    def sample(bench, peer):
        each = bench.count(full) // number
        total = each * number
        flags, options = ("flow-control", "") if fc else ("", queue(total))
        text = " ".join(python_source(kind, index, each) for index in range(number))
        with Subject(
            peer, bench.scratch, config(text, 'file("@DIR@/out");', flags=flags, options=options)
        ) as it:
            for index in range(number):
                it.mark(f"ready{index}")
            it.go()
            end = it.wait_lines(total)
            begin = min(it.mark(f"begin{index}") for index in range(number))
            return throughput(it, total, begin, end)

    return sample


def fetcher(full):
    def sample(bench, peer):
        # A peer is some thirty times slower: what takes it seconds is over here before it can be measured.
        count = bench.count(full) * (10 if peer.is_hognose else 1)
        text = (
            f'python-fetcher(class("workload.Fetcher") flags(no-parse) fetch-no-data-delay(1) '
            f'options("dir" "@DIR@" "count" "{count}"));'
        )
        with Subject(peer, bench.scratch, config(text, 'file("@DIR@/out");', options=queue(count))) as it:
            it.mark("ready0")
            it.go()
            end = it.wait_lines(count)
            return throughput(it, count, it.mark("begin0"), end)

    return sample


# Without Python.


def tcp(full):
    def sample(bench, peer):
        count = bench.count(full)
        load, port = loads.load(bench.scratch, "3164", count), loads.free_port()
        text = (
            f'network(ip("127.0.0.1") port({port}) transport(tcp) log-iw-size(200000) log-fetch-limit(1000));'
        )
        with Subject(
            peer,
            bench.scratch,
            config(text, 'file("@DIR@/out");', flags="flow-control", options=queue(count)),
        ) as it:
            it.wait(lambda: loads.listening(port), "listener")
            time.sleep(SETTLE_S)
            it.go()
            begin = time.monotonic()
            sender = loads.send(port, load)
            end = it.wait_lines(count)
            sender.join()
            return throughput(it, count, begin, end)

    return sample


def through(*, parser=None, destination=None, template=None, workers=1, full=200_000):
    """TCP through something written in Python. Peers are some ten times slower, and get less to do."""

    def sample(bench, peer):
        count = bench.count(full) * (5 if peer.is_hognose and workers == 1 and full > 100_000 else 1)
        load, port = loads.load(bench.scratch, "3164", count), loads.free_port()
        source = (
            f'network(ip("127.0.0.1") port({port}) transport(tcp) log-iw-size(200000) log-fetch-limit(1000));'
        )
        more = f"workers({workers})" if peer.is_hognose and workers > 1 else ""
        parse = f'parser {{ python(class("workload.{parser}") {more}); }};' if parser else ""
        write = f'template("{template}")' if template else ""
        to = f'file("@DIR@/out" {write});'
        if destination:
            to = f'python(class("workload.{destination}") batch-lines(100) options("path" "@DIR@/out"));'
        text = f"""@version: current
options {{ time-reopen(1); keep-hostname(yes); use-dns(no); {queue(count)} }};
log {{ source {{ {source} }}; {parse} destination {{ {to} }}; flags(flow-control); }};
"""
        with Subject(peer, bench.scratch, text) as it:
            it.wait(lambda: loads.listening(port), "listener")
            time.sleep(SETTLE_S)
            it.go()
            begin = time.monotonic()
            sender = loads.send(port, load)
            end = it.wait_lines(count)
            sender.join()
            return throughput(it, count, begin, end)

    return sample


def file_to_file(full):
    def sample(bench, peer):
        count = bench.count(full)
        load = loads.load(bench.scratch, "raw", count)
        text = (
            'file("@DIR@/in" flags(no-parse) follow-freq(0.05) read-old-records(yes) '
            "log-iw-size(100000) log-fetch-limit(10000));"
        )
        with Subject(
            peer,
            bench.scratch,
            config(
                text, 'file("@DIR@/out" template("$MSG\\n"));', flags="flow-control", options=queue(count)
            ),
        ) as it:
            # Appears when the daemon is up: its start is not part of the rate.
            it.wait(it.path("ctl").exists, "control socket")
            time.sleep(SETTLE_S)
            it.go()
            os.link(load, it.path("in"))
            it.wait(it.size, "first output")
            begin = time.monotonic()
            end = it.wait_lines(count)
            return throughput(it, count, begin, end)

    return sample


# Times and memory.


def life(bench, peer):
    text = python_source("Once", 0, 1)
    with Subject(peer, bench.scratch, config(text, 'file("@DIR@/out");')) as it:
        it.wait(it.size, "first message")
        first = time.monotonic() - it.spawned
        time.sleep(1)
        memory = it.memory_bytes()
        begun, told = it.mark("begin0"), time.monotonic()
        it.process.send_signal(signal.SIGHUP)
        # The mark is replaced by the run() that follows the reload.
        it.wait(lambda: it.mark("begin0") > told, "run() after the reload", 10)
        again = it.mark("begin0")
        time.sleep(SETTLE_S)
        return {
            "start_ms": first * 1e3,
            "run_ms": (begun - it.spawned) * 1e3,
            "reload_ms": (again - told) * 1e3,
            "stop_ms": it.stop() * 1e3,
            "idle_mb": memory / 1e6,
        }


def held(full):
    def sample(bench, peer):
        count = bench.count(full)
        with socket.create_server(("127.0.0.1", 0)) as receiver:
            # Accepts through its backlog and reads nothing.
            receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            port = receiver.getsockname()[1]
            destination = (
                f'network("127.0.0.1" port({port}) transport(tcp) template("$MSG\\n") '
                f"log-fifo-size({count + SPARE_MESSAGES}));"
            )
            source = python_source("Trivial", 0, count, f"log-iw-size({count + SPARE_MESSAGES})")
            with Subject(peer, bench.scratch, config(source, destination, flags="flow-control")) as it:
                it.mark("ready0")
                time.sleep(SETTLE_S)
                before = it.memory_bytes()
                it.go()
                end = it.mark("end0", 120)
                # Posted is not yet queued: the daemon may still be taking over the last of it.
                after = settled(it.memory_bytes)
                posted = count / (end - it.mark("begin0"))
                it.process.kill()
                return {"bytes_each": (after - before) / count, "per_s": posted, "held_mb": after / 1e6}

    return sample


def settled(read):
    last, now = -1, read()
    while abs(now - last) > 1 << 20:
        time.sleep(SETTLE_S)
        last, now = now, read()
    return now


def latency(transport, full):
    kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM

    def sample(bench, peer):
        count = max(1000, int(full * bench.scale))
        with socket.socket(socket.AF_INET, kind) as receiver:
            receiver.bind(("127.0.0.1", 0))
            receiver.settimeout(10)
            if transport == "tcp":
                receiver.listen()
            port = receiver.getsockname()[1]
            destination = f'network("127.0.0.1" port({port}) transport({transport}) template("$MSG\\n"));'
            with Subject(peer, bench.scratch, config(python_source("Paced", 0, count), destination)) as it:
                it.mark("ready0")
                connection = receiver.accept()[0] if transport == "tcp" else receiver
                connection.settimeout(3)
                time.sleep(SETTLE_S)
                it.go()
                took = sorted(delays_us(connection, count))
        if len(took) < count / 2:
            raise Failed(f"{len(took)} of {count} messages arrived")

        def quantile(q):
            return took[min(len(took) - 1, int(q * len(took)))]

        return {
            "p50_us": quantile(0.5),
            "p99_us": quantile(0.99),
            "max_us": took[-1],
            "lost": count - len(took),
        }

    return sample


def delays_us(connection, count):
    """Microseconds from the post of each message to its arrival here."""
    seen, rest = 0, b""
    with contextlib.suppress(TimeoutError):
        while seen < count:
            chunk = connection.recv(65536)
            now = time.monotonic_ns()
            if not chunk:
                return
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                seen += 1
                yield (now - int(line)) / 1e3
