"""What the project requires of itself, and how a measurement is held against it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AtLeast:
    """So many times the baseline."""

    scenario: str
    metric: str
    times: float

    def verdict(self, ours, baseline):
        ratio = ours / baseline if baseline else None
        return _Verdict(f"≥ {self.times:g}×", ratio is not None and ratio >= self.times, ratio)


@dataclass(frozen=True)
class AtMostOf:
    """At most one part in so many of the baseline."""

    scenario: str
    metric: str
    parts: float

    def verdict(self, ours, baseline):
        ratio = ours / baseline if baseline else None
        return _Verdict(f"≤ 1/{self.parts:g}", ratio is not None and ratio <= 1 / self.parts, ratio)


@dataclass(frozen=True)
class AtMost:
    """A value of its own, whatever the baseline does."""

    scenario: str
    metric: str
    limit: float

    def verdict(self, ours, baseline):
        return _Verdict(f"≤ {self.limit:g}", ours <= self.limit, ours / baseline if baseline else None)


@dataclass(frozen=True)
class _Verdict:
    required: str
    ok: bool
    ratio: float | None


REQUIRED = (
    AtLeast("source", "per_s", 8),
    AtMostOf("source", "cpu_us", 6),
    AtLeast("fetcher", "per_s", 30),
    AtLeast("cpu04", "per_s", 4.5),
    AtLeast("cpu16", "per_s", 6),
    AtLeast("pairs", "per_s", 6),
    AtLeast("parser", "per_s", 6),
    AtLeast("destination", "per_s", 6),
    AtLeast("function", "per_s", 6),
    AtLeast("tcp", "per_s", 4),
    AtMostOf("tcp", "cpu_us", 6),
    AtLeast("file", "per_s", 5),
    AtMost("held", "bytes_each", 260),
    AtMost("life", "idle_mb", 25),
    # A Python process starts in there.
    AtMost("life", "start_ms", 120),
    AtMost("life", "reload_ms", 60),
    AtMost("life", "stop_ms", 100),
    AtMost("latency.udp", "p50_us", 80),
    AtMost("latency.udp", "p99_us", 250),
)


def required(scenario, metric):
    """The target for a metric, or None."""
    if metric == "lost":
        return AtMost(scenario, metric, 0)
    found = (target for target in REQUIRED if (target.scenario, target.metric) == (scenario, metric))
    return next(found, None)
