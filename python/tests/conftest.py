"""Makes `_syslogng` and the package importable, as a worker does."""

import os
import sys
import time

import harness

os.environ["TZ"] = "UTC"
time.tzset()
harness.load("_syslogng", harness.BRIDGE)
sys.path.insert(0, str(harness.PYTHON))
