# What a worker starts with: python3 -s -c "<this text>" DESCRIPTORS PACKAGE BRIDGE
#
# The first are numbers of descriptors with commas in between, the second is the directory that holds the
# package syslogng, the last the path of the shared object that is the module _syslogng. The daemon has this
# text built in; nothing imports it. Any Python there is has to understand it, to say that it is too old.
import sys


def _start(descriptors, package, bridge):  # type: ignore[no-untyped-def]
    # Python looks for modules in the working directory first: a file of the user's must not be taken for
    # one of ours.
    if sys.path and sys.path[0] == "":
        del sys.path[0]
    if sys.version_info < (3, 10):  # noqa: UP036
        name = "%d.%d" % sys.version_info[:2]
        sys.stderr.write("Python 3.10 or newer is needed, %s is %s\n" % (sys.executable, name))
        sys.exit(3)
    from importlib import _bootstrap, machinery

    loader = machinery.ExtensionFileLoader("_syslogng", bridge)
    spec = machinery.ModuleSpec("_syslogng", loader, origin=bridge)
    spec.has_location = True
    try:
        _bootstrap._load(spec)  # type: ignore[attr-defined]
    except ImportError as error:
        sys.stderr.write("%s cannot load the extension _syslogng: %s\n" % (sys.executable, error))
        sys.exit(3)
    sys.path.insert(0, package)
    # Our own modules are compiled once, also where the user's are not to be: that takes as long as the rest.
    wanted, sys.dont_write_bytecode = sys.dont_write_bytecode, False
    from syslogng import inspection
    from syslogng.worker import main

    del inspection
    sys.dont_write_bytecode = wanted
    main(*map(int, descriptors.split(",")))


_start(*sys.argv[1:4])  # type: ignore[no-untyped-call]
