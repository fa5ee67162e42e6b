"""Makes `_syslogng` and the package importable, as a worker does."""

import os
import sys
import time

import played_daemon

os.environ["TZ"] = "UTC"
time.tzset()
played_daemon.load("_syslogng", played_daemon.BRIDGE)
sys.path.insert(0, str(played_daemon.PYTHON))
