"""A source that behaves: numbered messages at a steady pace."""

import threading
import time
from pathlib import Path

from syslogng import LogMessage, LogSource

TICK_S = 0.01


class Steady(LogSource):
    """Follows a schedule, as real events do: what a late tick did not post, the next one posts too.

    When told to exit it writes how many it posted to the file `posted`.
    """

    def init(self, options):
        self.rate = int(options["rate"])
        self.posted = Path(options["posted"])
        self.exiting = threading.Event()
        return True

    def run(self):
        start, count = time.monotonic(), 0
        while not self.exiting.wait(TICK_S):
            due = int((time.monotonic() - start) * self.rate)
            while count < due and not self.exiting.is_set():
                self.post_message(LogMessage("%010d" % count))
                count += 1
        self.posted.write_text(str(count))

    def request_exit(self):
        self.exiting.set()
