#!/usr/bin/env python3
"""hognose and its peers, side by side.

Every scenario is run with each binary in turn, `--rounds` times, and the order flips every round, because
machines drift and neighbours are noisy: trust the ratios of one run, not the figures of two. CPU time and
memory are those of the daemon and all its workers. Everything happens on the loopback and in a scratch
directory in memory.
"""

import argparse
import fnmatch
import json
import platform
import shutil
import sys
import tempfile
import time
from pathlib import Path

import report
from scenarios import FULL, QUICK, Bench, catalogue
from subject import Failed, Peer

ROOT = Path(__file__).resolve().parent.parent
OURS = "hognose"
DEBIAN = Path("/usr/sbin/syslog-ng")


def main():
    options = arguments()
    if options.list:
        for scenario in catalogue():
            print(f"{scenario.name:14} {scenario.what}")
        return 0
    everyone = peers(options)
    scratch = Path(tempfile.mkdtemp(prefix="hognose-bench-", dir=options.scratch))
    try:
        samples = measure(options, everyone, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    baseline = next((peer.name for peer in everyone if peer.name != OURS), "")
    rows, short = report.table(samples, OURS, baseline)
    print(report.render(rows))
    print(f"\n{OURS} against {baseline or 'nobody'}; {short} of the requirements measured are short of it")
    save(options, everyone, samples, rows)
    return 0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add(
        "--peer",
        action="append",
        default=[],
        metavar="NAME=BINARY",
        help="another binary; the first is the baseline",
    )
    add(
        "--ours",
        type=Path,
        default=ROOT / "target/release/hognose",
        metavar="BINARY",
        help="the hognose to measure",
    )
    add(
        "--python",
        default="/usr/bin/python3",
        help="interpreter for hognose; the build that Debian's peer embeds",
    )
    add("--only", default="*", help="scenarios, as comma-separated globs")
    add("--rounds", type=int, default=3)
    add("--quick", action="store_true", help="one round of a tenth of the size")
    add("--scratch", default="/dev/shm", help="where to write; memory by default")
    add("--out", type=Path, default=ROOT / "target/bench.json", help="all samples, as JSON")
    add("--list", action="store_true", help="names of the scenarios")
    return parser.parse_args()


def peers(options):
    named = [peer.partition("=") for peer in options.peer]
    if not named and DEBIAN.exists():
        named = [("debian", "=", str(DEBIAN))]
    everyone = [Peer(OURS, options.ours.resolve(), options.python)]
    everyone += [Peer(name, Path(binary).resolve(), options.python) for name, _, binary in named]
    for peer in everyone:
        if not peer.binary.exists():
            sys.exit(
                f"{peer.binary} does not exist; build it (cargo build --release --workspace) or name another"
            )
    if len(everyone) == 1:
        print(
            "no peer: install Debian's syslog-ng-core and syslog-ng-mod-python, or name one with --peer",
            file=sys.stderr,
        )
    return everyone


def measure(options, everyone, scratch):
    bench = Bench(scratch, QUICK if options.quick else FULL)
    samples = {}
    for scenario in catalogue():
        if not any(fnmatch.fnmatch(scenario.name, glob) for glob in options.only.split(",")):
            continue
        taken = samples[scenario.name] = {peer.name: [] for peer in everyone}
        for turn in range(1 if options.quick else options.rounds):
            for peer in everyone if turn % 2 == 0 else reversed(everyone):
                taken[peer.name].append(one(scenario, bench, peer))
                print(f"{scenario.name:14} {peer.name:10} {brief(taken[peer.name][-1])}", file=sys.stderr)
    return samples


def one(scenario, bench, peer):
    """A sample, or why there is none; with what the host's other guests took of its time."""
    before = host_ticks()
    try:
        sample = scenario.sample(bench, peer)
    except Failed as why:
        sample = {"failed": str(why)}
    total, steal = (after - b for after, b in zip(host_ticks(), before, strict=True))
    return sample | {"steal_pct": round(100 * steal / max(1, total), 1)}


def host_ticks():
    with open("/proc/stat") as stat:
        ticks = [int(field) for field in stat.readline().split()[1:9]]
    return sum(ticks), ticks[7]


def brief(sample):
    return ", ".join(f"{k} {v if isinstance(v, str) else report.human(v)}" for k, v in sample.items())


def save(options, everyone, samples, rows):
    about = {
        "when": time.strftime("%F %T"),
        "machine": platform.processor() or platform.machine(),
        "kernel": platform.release(),
        "rounds": 1 if options.quick else options.rounds,
        "quick": options.quick,
        "peers": {peer.name: str(peer.binary) for peer in everyone},
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({"about": about, "samples": samples, "table": rows}, indent=1))
    print(f"samples: {options.out}")


if __name__ == "__main__":
    sys.exit(main())
