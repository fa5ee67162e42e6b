"""What a worker does when things go wrong around it: the daemon, threads, children, signals, crashes."""

import os
import signal
import subprocess
import sys

import pytest
from played_daemon import BRIDGE, PYTHON, Daemon

IDLE = """
import os, signal, sys, threading
from syslogng import LogMessage, LogSource
class S(LogSource):
    def init(self, options):
        self.stop = threading.Event()
        return True
    def run(self):
        BODY
        print("run")
        self.stop.wait()
    def request_exit(self):
        self.stop.set()
    def deinit(self):
        print("deinit")
"""


def idle(body="pass"):
    return IDLE.replace("BODY", body)


def test_a_daemon_that_is_gone_ends_the_worker():
    with Daemon(idle()) as daemon:
        daemon.start()
        daemon.line("run")
        daemon.socket.shutdown(2)
        daemon.ended(0)
        assert daemon.lines == ["run", "deinit"]


@pytest.mark.parametrize(
    "body",
    [
        "self.request_exit = None; threading.Event().wait()",
        "import re; re.match('(a+)+$', 'a' * 40 + 'b')",
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n        while True: pass",
    ],
)
def test_a_daemon_that_is_gone_ends_a_worker_that_does_not_listen(body):
    with Daemon(
        idle(f"sys.stdout.write('now\\n'); {body}").replace("self.stop.set()", "threading.Event().wait()")
    ) as daemon:
        daemon.start()
        daemon.line("now")
        daemon.socket.shutdown(2)
        assert daemon.ended() == -signal.SIGKILL


def test_the_kernel_ends_a_worker_whose_daemon_dies():
    # A daemon in a process of its own, which is killed while its worker has a bad time.
    script = f"""
import sys
sys.path.insert(0, {str(PYTHON / "tests")!r})
from played_daemon import Daemon
daemon = Daemon({idle("while True: pass")!r})
daemon.start()
print(daemon.process.pid, flush=True)
sys.stdin.read()
"""
    child = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    worker = int(child.stdout.readline())
    handle = os.pidfd_open(worker)
    child.kill()
    child.communicate()
    import select

    assert select.select([handle], [], [], 10)[0], "the worker lives on"
    os.close(handle)


def test_threads_left_behind_do_not_keep_the_worker():
    body = """
        def post():
            number = 0
            while True:
                for bad in (LogMessage("x"), "x", None):
                    try:
                        self.post_message(bad)
                    except (TypeError, RuntimeError):
                        pass
        for _ in range(4):
            threading.Thread(target=post).start()
"""
    with Daemon(idle(body), window=10) as daemon:
        daemon.start()
        daemon.line("run")
        daemon.stop()


def test_exit_handlers_run():
    with Daemon(
        idle("import atexit; atexit.register(print, 'atexit'); sys.stdout.write('no newline')")
    ) as daemon:
        daemon.start()
        daemon.line("no newlinerun")
        daemon.stop()
        assert daemon.lines == ["no newlinerun", "deinit", "atexit"]


def test_a_crash_shows_where():
    with Daemon(idle("import ctypes; ctypes.string_at(0)")) as daemon:
        daemon.start()
        assert daemon.ended() == -signal.SIGSEGV
        assert any('"/etc/t.conf", line 9 in run' in line for line in daemon.errors), daemon.errors


def test_sigterm_shows_where_it_hangs():
    with Daemon(idle("print('now')\n        while True: pass")) as daemon:
        daemon.start()
        daemon.line("now")
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.ended() == -signal.SIGTERM
        assert any('"/etc/t.conf", line ' in line and "in run" in line for line in daemon.errors), (
            daemon.errors
        )


def test_records_survive_a_crash():
    with Daemon(
        idle("for n in range(1000): self.post_message(LogMessage(str(n)))\n        os._exit(7)")
    ) as daemon:
        daemon.start()
        assert daemon.ended() == 7
        assert daemon.texts(1000) == [str(number) for number in range(1000)]


def test_a_forked_child_must_not_post():
    body = """
        self.post_message(LogMessage("parent"))
        child = os.fork()
        if child == 0:
            try:
                self.post_message(LogMessage("child"))
            except RuntimeError as error:
                print(error)
            os._exit(0)
        os.waitpid(child, 0)
        self.post_message(LogMessage("parent"))
"""
    with Daemon(idle(body)) as daemon:
        daemon.start()
        daemon.line("run")
        daemon.stop()
        assert daemon.texts(2) == ["parent", "parent"] and len(daemon.records) == 2
        assert "forked process" in daemon.lines[0]


def test_children_do_not_inherit_the_workers_descriptors():
    body = """
        import subprocess
        listing = "import os; print(sorted(map(int, os.listdir('/proc/self/fd')))[:4])"
        subprocess.run([sys.executable, "-c", listing], close_fds=False)
"""
    with Daemon(idle(body)) as daemon:
        daemon.start()
        daemon.line("run")
        daemon.stop()
        assert daemon.lines[0] == "[0, 1, 2, 3]", "3 is the listing itself"


def test_the_main_thread_runs_event_loops():
    body = """
        import asyncio
        async def main():
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGUSR1, lambda: print("signal"))
            os.kill(os.getpid(), signal.SIGUSR1)
            await asyncio.sleep(0.01)
            process = await asyncio.create_subprocess_exec("true")
            print("child", await process.wait())
        asyncio.run(main())
"""
    with Daemon(idle(body)) as daemon:
        daemon.start()
        daemon.line("run")
        daemon.stop()
        assert daemon.lines == ["signal", "child 0", "run", "deinit"]


def test_endless_recursion():
    with Daemon(idle("def f(): f()\n        f()")) as daemon:
        daemon.start()
        assert daemon.frame("failed")["message"].startswith("RecursionError")
        daemon.stop()


def test_exceptions_that_cannot_be_shown():
    body = """
        class Bad(Exception):
            def __str__(self): raise ValueError("no text")
        raise Bad()
"""
    with Daemon(idle(body)) as daemon:
        daemon.start()
        assert daemon.frame("failed")["message"] == "Bad: (its text cannot be made)"
        daemon.stop()


def test_long_texts_are_cut():
    with Daemon(idle("raise ValueError('x' * 10_000_000)")) as daemon:
        daemon.start()
        assert len(daemon.frame("failed")["message"]) < 100_000
        daemon.stop()


def test_a_daemon_of_another_protocol():
    with Daemon(idle(), hello={"protocol": 99}) as daemon:
        refused = daemon.frame("refused")
        assert refused["stage"] == "worker" and "99" in refused["message"]
        daemon.ended(1)


def test_a_worker_without_a_daemon():
    with Daemon(idle()) as daemon:
        pass
    assert daemon.process.returncode is not None


def test_no_bridge():
    boot = (PYTHON / "syslogng" / "_boot.py").read_text()
    command = [sys.executable, "-s", "-c", boot, "3,4,5", str(PYTHON), "/nonexistent.so"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 3 and "cannot load the extension _syslogng" in result.stderr


@pytest.mark.parametrize("name", ["2.7.18", "3.6.15", "3.8.18", "3.9.18"])
def test_a_python_that_is_too_old(name):
    python = os.path.expanduser(f"~/.pyenv/versions/{name}/bin/python")
    if not os.path.exists(python):
        pytest.skip(f"no Python {name} here")
    boot = (PYTHON / "syslogng" / "_boot.py").read_text()
    command = [python, "-s", "-c", boot, "3,4,5", str(PYTHON), str(BRIDGE)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 3 and "Python 3.10 or newer is needed" in result.stderr
    assert result.stderr.count("\n") == 1
