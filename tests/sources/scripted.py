"""A source that posts what it is told to; a destination and a parser that do what they are told to."""

import os
import re
import signal
import time
from pathlib import Path
from threading import Event

from syslogng import LogDestination, LogMessage, LogParser, LogSource


class Source(LogSource):
    """Posts ``count`` messages m1, m2 …, each ``every`` seconds; stays until it is asked to exit."""

    def init(self, options):
        self.count = int(options.get("count", 1))
        self.every = float(options.get("every", 0))
        self.first = int(options.get("first", 1))
        self.exit = Event()
        return True

    def run(self):
        for number in range(self.first, self.first + self.count):
            self.post_message(LogMessage(f"m{number}"))
            if self.exit.wait(self.every) if self.every else self.exit.is_set():
                return
        self.exit.wait()

    def request_exit(self):
        self.exit.set()


class Destination(LogDestination):
    """Answers from the lists ``send``, ``flush`` and ``open``; the last one is repeated."""

    def init(self, options):
        self.journal = Path(options["journal"])
        self.script = {
            name: re.split(r"[\s,]+", options.get(name, default))
            for name, default in [("send", "SUCCESS"), ("flush", "SUCCESS"), ("open", "True")]
        }
        self.say(f"init {self.persist_name}")
        return True

    def open(self):
        return self.answer("open")

    def close(self):
        self.say("close")

    def deinit(self):
        self.say("deinit")

    def send(self, msg):
        return self.answer("send", msg["MESSAGE"].decode(), int(self.seqnum))

    def flush(self):
        return self.answer("flush")

    def answer(self, method, *about):
        script = self.script[method]
        word = script.pop(0) if len(script) > 1 else script[0]
        self.say(" ".join(map(str, (method, *about, "->", word))))
        if word == "raise":
            raise ValueError("as told")
        if word == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if word == "hang":
            time.sleep(3600)
        if word in ("True", "False", "None"):
            return {"True": True, "False": False, "None": None}[word]
        return int(word) if word.isdigit() else getattr(self, word)

    def say(self, text):
        with self.journal.open("a") as journal:
            journal.write(text + "\n")


class OddDestination:
    """Not derived from the base class, as scripts for 3.x are."""

    def init(self, options):
        self.journal = Path(options["journal"])
        return True

    def send(self, msg):
        with self.journal.open("a") as journal:
            journal.write(f"{msg['MESSAGE']!r} {msg['NOPE']!r}\n")
        return self.SUCCESS


class DictDestination(LogDestination):
    """With value-pairs(): writes each dict."""

    def init(self, options):
        self.journal = Path(options["journal"])
        return True

    def send(self, msg):
        with self.journal.open("a") as journal:
            journal.write(repr(sorted(msg.items())) + "\n")
        return self.SUCCESS


class Parser(LogParser):
    """Marks messages; what it does with some of them is told by options like ``m3=drop``."""

    made = 0

    def init(self, options):
        Parser.made += 1
        self.name = f"{options.get('name', 'p')}{Parser.made}"
        self.told = dict(pair.split("=") for pair in options.get("told", "").split())
        return True

    def parse(self, msg):
        text = msg["MESSAGE"].decode()
        word = self.told.get(text)
        if word == "die":
            os._exit(3)
        if word == "raise":
            raise ValueError("as told")
        if word == "hang":
            time.sleep(3600)
        if word in ("drop", "none"):
            return False if word == "drop" else None
        msg["by"] = self.name
        msg["number"] = int(text[1:])
        return True


def shout(msg, *args):
    """A template function."""
    if args == (b"raise",):
        raise ValueError("as told")
    return msg["MESSAGE"].decode().upper() + "".join(arg.decode() for arg in args)


def number(msg):
    """One whose result has a type."""
    return int(msg["MESSAGE"][1:])
