# What `hognose test` starts with: python3 -s -c "<this text>" PACKAGE BRIDGE [pytest arguments …]
#
# The directory that holds the package syslogng, and the path of the shared object that is the module
# _syslogng: those of the daemon, whatever the interpreter has installed. The daemon has this text built in;
# nothing imports it.
import sys


def _start(package, bridge, *arguments):  # type: ignore[no-untyped-def]
    from importlib import _bootstrap, machinery, metadata, util

    if sys.path and sys.path[0] == "":
        del sys.path[0]
    loader = machinery.ExtensionFileLoader("_syslogng", bridge)
    _bootstrap._load(machinery.ModuleSpec("_syslogng", loader, origin=bridge))  # type: ignore[attr-defined]
    sys.path.insert(0, package)
    if util.find_spec("pytest") is None:
        sys.exit(f"{sys.executable} has no pytest; install it with: {sys.executable} -m pip install pytest")
    import pytest

    plugin = "syslogng.testing.plugin"
    # Where our wheel is installed too, pytest finds the plugin by itself.
    installed = any(entry.value == plugin for entry in metadata.entry_points(group="pytest11"))
    sys.exit(pytest.main([*([] if installed else ["-p", plugin]), *arguments]))


_start(*sys.argv[1:])  # type: ignore[no-untyped-call]
