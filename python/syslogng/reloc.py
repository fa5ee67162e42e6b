"""Where the daemon is installed."""

from __future__ import annotations

__all__ = ["get_installation_path_for"]


def get_installation_path_for(template: str) -> str:
    """Replace install variables, as in ``"${sysconfdir}/scl"``. ValueError if there is no such variable."""
    import re

    known = _variables()

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name not in known:
            raise ValueError(f"unknown install variable ${{{name}}}: it is one of {', '.join(sorted(known))}")
        return known[name]

    return re.sub(r"\$\{([^}]*)\}", value, template)


def _variables() -> dict[str, str]:
    """The variables, from where this package lies: in ``PREFIX/lib/hognose/python``, or in a checkout."""
    from pathlib import Path

    modules = Path(__file__).resolve().parent.parent
    home = modules.parent
    installed = home.name == "hognose" and home.parent.name == "lib"
    prefix = home.parent.parent if installed else Path("/usr/local")
    return {
        "prefix": str(prefix),
        "exec_prefix": str(prefix),
        "bindir": str(prefix / "bin"),
        "sbindir": str(prefix / "sbin"),
        "libdir": str(prefix / "lib"),
        "moduledir": str(home),
        "datadir": str(prefix / "share"),
        "sysconfdir": "/etc/syslog-ng",
        "localstatedir": "/var/lib/syslog-ng",
    }
