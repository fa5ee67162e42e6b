"""The same configuration and the same input bytes, through this daemon and through syslog-ng.

The cases are generated from a seed: each is a log path of its own, which gets every input line and
writes a file; the two files must be the same. `HOGNOSE_PEER` names the peer, `HOGNOSE_SEED` the seed.
What differs on purpose stands in `DIFFERENCES`, with its reason.
"""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from harness import BINARY, EVENT_S, POLL_S

PEER = Path(os.environ.get("HOGNOSE_PEER", "/usr/sbin/syslog-ng"))
SEED = int(os.environ.get("HOGNOSE_SEED", "1"))

pytestmark = pytest.mark.skipif(not PEER.exists(), reason=f"there is no {PEER}")

# Part of a case, part of a line it wrote, and why that line may differ.
DIFFERENCES = [
    ('-time-zone("+', "", "3.38 leaves the zone alone where it is an offset; here it is a zone like others"),
    ('csv-parser(columns("a", "b", "c"))', "x y  z", "an empty column stands between two blanks, as in 4.x"),
    ("$(substr $MSG -", "", "a start before the text is its beginning; 3.38 has nothing to show then"),
]

PROGRAMS = ["su", "prog/sub", "%SYS-5-CONFIG_I", "CRON", "a.b"]
TEXTS = [
    "plain words",
    "a=b c=d, e='f g'",
    'k="v w" n=5 x=1.5',
    'one,two,,"four five" ',
    "x y  z",
    "key=value;other=thing",
    '{"a":"b","n":5,"o":{"p":"q"}}',
    "2015-01-26T16:14:49+03:00",
    "hello wörld",
    "10.1.2.3 GET /index.html 200",
    "",
    "a$b\\c 'd' [e]",
]
STAMPS = [
    "Oct 11 22:14:15",
    "Oct  1 02:14:15.123",
    "2003-10-11T22:14:15.003Z",
    "2019-02-03T04:05:06+02:00",
    "Oct 11 2020 22:14:15:",
]


def lines(rng, count):
    """Input lines: RFC 3164 in its dialects, with and without a header."""
    found = []
    for _ in range(count):
        pri = f"<{rng.choice([0, 13, 34, 165, 191])}>"
        pid = rng.choice(["", f"[{rng.randrange(1, 99999)}]"])
        tag = f"{rng.choice(PROGRAMS)}{pid}{rng.choice([': ', ':', ' '])}"
        found.append(f"{pri}{rng.choice(STAMPS)} host{rng.randrange(3)} {tag}{rng.choice(TEXTS)}")
    return found


MACROS = (
    "PRI FACILITY FACILITY_NUM LEVEL LEVEL_NUM HOST PROGRAM PID MSGHDR MSG TAG BSDTAG S_DATE S_FULLDATE "
    "S_ISODATE S_UNIXTIME S_YEAR S_MONTH S_DAY S_HOUR S_MIN S_SEC S_USEC S_MSEC S_WEEK_DAY S_WEEK_DAY_ABBREV "
    "S_WEEK_DAY_NAME S_WEEK S_MONTH_ABBREV S_MONTH_NAME S_MONTH_WEEK S_YEAR_DAY S_TZ S_TZOFFSET S_HOUR12 "
    "S_AMPM nosuch"
).split()
FUNCTIONS = [
    "$(echo $PROGRAM $PID)",
    "$(length $MSG)",
    "$(uppercase $MSG)",
    "$(lowercase $PROGRAM)",
    "$(substr $MSG {n} {m})",
    "$(substr $MSG -{m})",
    "$(strip $MSG)",
    "$(sanitize $MSG)",
    "$(+ $LEVEL_NUM {n})",
    "$(- $FACILITY_NUM {n})",
    "$(* $PRI {m})",
    "$(/ $PRI {m})",
    "$(% $PRI {m})",
    "$(md5 $MSG)",
    "$(sha1 $MSG)",
    "$(base64-encode $MSG)",
    "$(url-encode $MSG)",
    "$(if (program('su')) yes no)",
    "$(or $nosuch $PID none)",
    "$(padding $PID {w})",
    "$(padding $PID {w} x)",
    "$(replace-delimiter '=, ' '_' $MSG)",
    "$(list-concat $PROGRAM $PID)",
    "$(basename $PROGRAM)",
    "$(dirname $PROGRAM)",
    "${nosuch:-default}",
    "${PID:-none}",
    "$$ $MSG",
]
FILTERS = [
    "level({level}..emerg)",
    "level({level})",
    "facility(auth, user, local4)",
    "facility(kern..daemon)",
    'program("{letter}")',
    'program("{letter}" flags(ignore-case))',
    'host("host{digit}")',
    'message("{word}")',
    'match("{word}" value("MESSAGE"))',
    'match("^{letter}" value("PROGRAM"))',
    'match("*{letter}*" type(glob) value("MESSAGE"))',
    'match("{word}" type(string) flags(substring) value("MESSAGE"))',
    'match("{letter}" type(string) flags(prefix) value("PROGRAM"))',
    '"$PROGRAM" eq "su"',
    '"$PROGRAM" lt "b"',
    '"$LEVEL_NUM" > "{digit}"',
    '"$LEVEL_NUM" == "5"',
    'message("{word}") and not program("{letter}")',
    'message("{word}") or program("{letter}")',
    'netmask("127.0.0.0/8")',
    'netmask("10.0.0.0/8")',
]
REWRITES = [
    'set("[$MSG]" value("MESSAGE"));',
    'set("new" value("PROGRAM"));',
    'set("$PROGRAM-$PID" value("f"));',
    'unset(value("PID"));',
    'subst("{letter}" "_" value("MESSAGE"));',
    'subst("{letter}" "_" value("MESSAGE") flags(global));',
    'subst("(\\\\w+) (\\\\w+)" "$2 $1" value("MESSAGE"));',
    'subst("{word}" "<>" value("MESSAGE") type(string) flags(substring global));',
    'subst("{word}" "<>" value("MESSAGE") condition(program("su")));',
    'set-severity("{digit}");',
    'set-facility("{digit}");',
    'set-pri("{digit}");',
    'set-tag("t");',
    'rename("PROGRAM" "f");',
    'groupset("x$_" values("P*"));',
    'set("$MSG" value("f")); groupunset(values("f"));',
    'set-time-zone("+0{digit}:00");',
    'fix-time-zone("+0{digit}:00");',
    'set-time-zone("Asia/Tokyo");',
    'fix-time-zone("America/New_York");',
]
PARSERS = [
    "kv-parser();",
    'kv-parser(prefix("kv."));',
    'kv-parser(pair-separator(";"));',
    'csv-parser(columns("a", "b", "c") delimiters(","));',
    'csv-parser(columns("a", "b") delimiters(",") flags(greedy));',
    'csv-parser(columns("a", "b", "c"));',
    'csv-parser(columns("a", "b") delimiters(chars(";") strings(", ")));',
    'csv-parser(columns("a", "b", "c") delimiters(",") flags(escape-double-char, strip-whitespace));',
    'csv-parser(columns("a", "b", "c") delimiters(",") drop-invalid(yes));',
    'json-parser(prefix("j."));',
    'date-parser(format("%FT%T%z"));',
]
SHOWN = "$PRI|$HOST|$PROGRAM|$PID|$MSG|$f|$a|$b|$c|$k|$n|${kv.a}|${kv.c}|${j.a}|${j.o.p}|$1|$2|$S_ISODATE"


def cases(rng, count):
    """Pairs of the statements of a log path and the template of its destination."""

    def filled(text):
        values = {
            "n": rng.randrange(1, 5),
            "m": rng.randrange(1, 9),
            "w": rng.randrange(1, 9),
            "digit": rng.randrange(0, 8),
            "letter": rng.choice("abcsuo"),
            "word": rng.choice(["words", "a=b", "hello", "one", "key", "x y"]),
            "level": rng.choice(["err", "notice", "crit", "info"]),
        }
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", str(value))
        return text

    made = []
    while len(made) < count:
        kind = len(made) % 5
        if kind == 0:
            macros = rng.sample(MACROS, 4)
            made.append(("", "|".join(f"${{{macro}}}" for macro in macros)))
        elif kind == 1:
            made.append(("", f"{filled(rng.choice(FUNCTIONS))}|$PID"))
        elif kind == 2:
            made.append((f"filter {{ {filled(rng.choice(FILTERS))}; }};", SHOWN))
        elif kind == 3:
            made.append((f"rewrite {{ {filled(rng.choice(REWRITES))} }};", SHOWN))
        else:
            made.append((f"parser {{ {filled(rng.choice(PARSERS))} }};", SHOWN))
    return made


def configuration(made):
    text = ["@version: 3.38", "options { keep-hostname(yes); stats-freq(0); };"]
    text.append('source s { file("@DIR@/input" follow-freq(1) time-zone("UTC")); };')
    for number, (steps, template) in enumerate(made):
        escaped = template.replace("\\", "\\\\").replace('"', '\\"')
        file = f'file("@DIR@/out{number}" template("{escaped}\\n"))'
        text.append(f"log {{ source(s); {steps} destination {{ {file}; }}; }};")
    text.append('log { source(s); destination { file("@DIR@/done" template("x\\n")); }; };')
    return "\n".join(text) + "\n"


def run(binary, directory, config, data):
    """What each case wrote."""
    directory.mkdir()
    (directory / "input").write_bytes(data)
    (directory / "conf").write_text(config.replace("@DIR@", str(directory)))
    command = [binary, "-F", "-e", "--no-caps", "-f", "conf", "-R", "persist", "-p", "pid", "-c", "ctl"]
    with open(directory / "said", "wb") as said:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=directory,
            env=os.environ | {"TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
    done = directory / "done"
    try:
        deadline = time.monotonic() + EVENT_S
        while not (done.exists() and done.read_bytes().count(b"\n") == data.count(b"\n")):
            assert process.poll() is None, (directory / "said").read_text(errors="replace")
            assert time.monotonic() < deadline, (directory / "said").read_text(errors="replace")
            time.sleep(POLL_S)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(EVENT_S)
    outs = directory.glob("out*")
    return {int(out.name[3:]): out.read_bytes() for out in outs}


def excused(case, line):
    text = line.decode(errors="replace")
    return any(part in case[0] + case[1] and bit in text for part, bit, _reason in DIFFERENCES)


def difference(case, ours, theirs):
    """The first line that differs and may not, as both have it."""
    got, want = ours.split(b"\n"), theirs.split(b"\n")
    for mine, other in zip(got, want, strict=False):
        if mine != other and not excused(case, other):
            return mine, other
    return None if len(got) == len(want) else (f"{len(got)} lines", f"{len(want)} lines")


@pytest.mark.parametrize("batch", range(6))
def test_the_same_bytes_come_out(tmp_path, batch):
    rng = random.Random(f"{SEED}/{batch}")
    made = cases(rng, 60)
    data = "".join(f"{line}\n" for line in lines(rng, 30)).encode()
    config = configuration(made)
    ours = run(BINARY, tmp_path / "ours", config, data)
    theirs = run(PEER, tmp_path / "theirs", config, data)
    wrong = []
    for number, case in enumerate(made):
        found = difference(case, ours.get(number, b""), theirs.get(number, b""))
        if found:
            wrong.append(f"{case}\n   ours: {found[0]}\n theirs: {found[1]}")
    assert not wrong, f"{len(wrong)} of {len(made)} differ\n" + "\n".join(wrong)
