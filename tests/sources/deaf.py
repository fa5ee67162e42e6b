"""A module that takes the stop signals away from the whole process when it is imported."""

import signal
import time

from misbehaving import Misbehaving

signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGINT, signal.SIG_IGN)


class Deaf(Misbehaving):
    def misbehave(self):
        while True:
            time.sleep(1)
