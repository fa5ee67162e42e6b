"""Input for the scenarios without Python: made once, sent at next to no cost."""

import os
import socket
import threading

TEXT = (
    "The quick brown fox jumps over the lazy dog while the daemon counts every byte that it moves."
    + "." * 100
)[:100]
SEND_BYTES = 1 << 20


def load(scratch, kind, count):
    """A file of `count` lines, all equally long: `3164` with a syslog header, `raw` without."""
    path = scratch / f"load-{kind}-{count}"
    if not path.exists():
        header = "<134>Nov 22 10:11:12 host1 app[1234]: " if kind == "3164" else ""
        with open(path, "w") as file:
            file.writelines(f"{header}{n:08d} user=alice {TEXT}\n" for n in range(count))
    return path


def send(port, path):
    """Sends a file to a port with sendfile(2), on a thread of its own, which is returned."""
    thread = threading.Thread(target=_send, args=(port, path), daemon=True)
    thread.start()
    return thread


def _send(port, path):
    with socket.create_connection(("127.0.0.1", port)) as connection, open(path, "rb") as file:
        at, end = 0, os.fstat(file.fileno()).st_size
        while at < end:
            sent = os.sendfile(connection.fileno(), file.fileno(), at, min(SEND_BYTES, end - at))
            if sent == 0:
                return
            at += sent


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listening(port):
    """Whether somebody accepts connections on a port."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
