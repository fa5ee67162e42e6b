"""Start, reload, stop and death of the daemon, seen from outside."""

import signal

import process_tree

GENERATOR = """@version: 4.2
log {{
    source {{ python(class("Numbers") flags(no-parse)); }};
    destination {{ file("/dev/stdout" template("$MSG\\n")); }};
}};
python {{
import sys
from threading import Event
from syslogng import LogMessage, LogSource

class Numbers(LogSource):
    def init(self, options):
        self.exiting = Event()
        return {init}

    def run(self):
        n = 0
        while not self.exiting.wait(0.01):
            self.post_message(LogMessage("{name} %d" % n))
            n += 1

    def request_exit(self):
        self.exiting.set()

    def deinit(self):
        print("deinit {name}", file=sys.stderr, flush=True)
}};
"""


def generator(name, init=True):
    return GENERATOR.format(name=name, init=init)


def test_reload_brings_the_new_configuration(make_daemon):
    daemon = make_daemon(generator("old")).start()
    daemon.wait_output(r"old \d+", count=5)
    daemon.write_config(generator("new"))
    daemon.reload()
    daemon.wait_output(r"new \d+", count=5)
    numbers = [int(line.split()[1]) for line in daemon.output() if line.startswith("old ")]
    assert numbers == list(range(len(numbers)))
    daemon.stop()


def test_reload_of_a_broken_configuration_leaves_the_old_one_running(make_daemon):
    daemon = make_daemon(generator("old")).start()
    daemon.wait_output(r"old 5")
    daemon.write_config("@version: 4.2\nlog { nonsense")
    daemon.send_signal(signal.SIGHUP)
    daemon.wait_log(r"(?i)error")
    # The same object goes on counting: it was neither stopped nor made anew.
    before = len(daemon.output())
    daemon.wait_output(r"old \d+", count=before + 10)
    numbers = [int(line.split()[1]) for line in daemon.output() if line.startswith("old ")]
    assert numbers == list(range(len(numbers)))
    daemon.stop()


def test_reload_whose_init_fails_goes_back_to_the_old_configuration(make_daemon):
    daemon = make_daemon(generator("old")).start()
    daemon.wait_output(r"old 5")
    daemon.write_config(generator("new", init=False))
    daemon.send_signal(signal.SIGHUP)
    daemon.wait_log("reverting to old config")
    before = len(daemon.wait_output(r"old \d+"))
    daemon.wait_output(r"old \d+", count=before + 10)
    daemon.stop()


def test_start_whose_init_fails_exits_with_2(make_daemon):
    daemon = make_daemon(generator("new", init=False))
    assert daemon.run_to_end() == 2
    assert "Numbers" in daemon.log()


def test_a_configuration_error_exits_with_1(make_daemon):
    daemon = make_daemon("@version: 4.2\nlog { nonsense")
    assert daemon.run_to_end() == 1
    assert "daemon.conf" in daemon.log()


def test_a_killed_daemon_leaves_no_worker(make_daemon):
    daemon = make_daemon(generator("old")).start()
    daemon.wait_output(r"old 5")
    daemon.send_signal(signal.SIGKILL)
    daemon.process.wait()
    daemon.assert_nothing_left()


def test_a_killed_daemon_leaves_no_worker_that_ignores_everything(make_daemon, only_hognose):
    config = generator("old").replace(
        "n = 0\n", "n = 0\n        import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n", 1
    )
    config = config.replace("n += 1", "n += 1\n            while n > 5: pass")
    daemon = make_daemon(config).start()
    daemon.wait_output(r"old 4")
    daemon.send_signal(signal.SIGKILL)
    daemon.process.wait()
    daemon.assert_nothing_left()


def test_control_socket_reloads_and_stops(make_daemon):
    daemon = make_daemon(generator("old")).start()
    daemon.wait_output(r"old 1")
    assert daemon.ask("STATS").startswith("SourceName;SourceId;SourceInstance;State;Type;Number\n")
    daemon.write_config(generator("new"))
    assert daemon.ask("RELOAD").startswith("OK ")
    daemon.wait_output(r"new 1")
    assert daemon.ask("STOP").startswith("OK ")
    assert daemon.process.wait(30) == 0
    daemon.assert_nothing_left()


def test_healthcheck_answers(make_daemon, only_hognose):
    daemon = make_daemon(generator("old")).start()
    assert daemon.ask("HEALTHCHECK").startswith("OK ")
    daemon.stop()


def test_twenty_reloads_leave_one_worker(make_daemon):
    daemon = make_daemon(generator("old")).start()
    for _ in range(20):
        daemon.reload()
    daemon.wait_output(r"old \d+")
    daemon.wait(lambda: len(process_tree.marked(daemon.marker)) <= 2, "one daemon and at most one worker", 10)
    daemon.stop()


def test_each_reload_ends_what_it_replaces(make_daemon):
    daemon = make_daemon(generator("old")).start()
    daemon.reload()
    daemon.wait_output(r"old \d+")
    daemon.stop()
    assert daemon.log().count("deinit old") == 2
