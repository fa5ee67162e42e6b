"""LogTemplate: the conformance statements of the reference, by number, and template functions."""

import datetime

import pytest
from played_daemon import Daemon

from _syslogng import LogMessage, LogTemplate, LogTemplateException, LogTemplateOptions, Worker

PARSE = {"format": "", "flags": [], "default_pri": None, "time_zone": None, "sdata_prefix": None}
OPTIONS = LogTemplateOptions()


def said(template, msg, *arguments):
    return LogTemplate(template).format(msg, OPTIONS, *arguments).decode()


def test_c60_a_value_of_a_parsed_message():
    options = Worker.parse_options(PARSE, False)
    msg = LogMessage.parse("<34>Oct 11 22:14:15 box su[77]: text", options)
    assert LogTemplate("${PROGRAM}").format(msg, OPTIONS) == b"su"
    assert LogTemplate("${PROGRAM}").format(msg=msg, options=OPTIONS, tz=1, seqnum=0) == b"su"


def test_c61_without_options():
    template = LogTemplate("${PROGRAM}")
    with pytest.raises(RuntimeError, match="LogTemplateOptions"):
        template.format(LogMessage())
    with pytest.raises(TypeError, match="LogMessage expected"):
        template.format("text", OPTIONS)


def test_c62_zone_and_seqnum():
    block = """
from syslogng import *
class S(LogSource):
    def run(self):
        msg = LogMessage("m")
        import datetime
        msg.set_timestamp(datetime.datetime(2021, 3, 4, 0, 0, tzinfo=datetime.timezone.utc))
        template = LogTemplate("$HOUR $SEQNUM")
        for zone in (LTZ_SEND, LTZ_LOCAL):
            print(template.format(msg, LogTemplateOptions(), zone, 10).decode())
        print(LogTemplate("$STAMP", LogTemplateOptions()).format(msg).decode())
"""
    terms = {"ts_format": "iso", "frac_digits": 3, "send_time_zone": "+05:00", "local_time_zone": "-01:00"}
    with Daemon(block, hello={"templates": terms}) as daemon:
        daemon.start()
        daemon.frame("finished")
        daemon.line("05 10")
        daemon.line("23 10")
        daemon.line("2021-03-04T05:00:00.000+05:00")


@pytest.mark.parametrize("text", ["${unfinished", "$(nosuch x)", "$(echo", "$(python)", "$(substr a)"])
def test_c63_what_is_no_template(text):
    with pytest.raises(LogTemplateException, match="Error compiling template"):
        LogTemplate(text)


def test_c64_what_are_no_options():
    for wrong in (None, "x", 5, LogTemplateOptions):
        with pytest.raises(TypeError, match="LogTemplateOptions expected"):
            LogTemplate("x", wrong)
    # None as an argument of format() means the constructor's, which is more than syslog-ng takes.
    assert LogTemplate("x", OPTIONS).format(LogMessage(), None) == b"x"
    assert str(LogTemplate("$MSG x")) == "$MSG x"


def test_c65_what_counts_is_a_number():
    class Count:
        def __index__(self):
            return 7

    assert said("$SEQNUM", LogMessage(), 1, Count()) == "7"


def test_template_functions():
    msg = LogMessage("some text")
    msg["n"], msg["a.b"] = 5, "x"
    for template, expected in [
        ("$(echo $MSG)", "some text"),
        ('$(uppercase "$MSG")', "SOME TEXT"),
        ("$(+ $n 2)", "7"),
        ('$(format-json --scope none n=int("$n") a.b=${a.b})', '{"n":5,"a":{"b":"x"}}'),
        ("$(list-nth 1 x,y)", "y"),
        ("$(or '' \"$MSG\")", "some text"),
        ("$(sha1 --length 6 foo)", "0beec7"),
    ]:
        assert said(template, msg) == expected


FUNCTIONS = """
from syslogng import *
import datetime

def name(msg):
    return msg["PROGRAM"]
def join(msg, *words):
    return b"-".join(words)
def typed(msg, what):
    return {b"i": 5, b"f": 6.9, b"b": True, b"n": None, b"l": ["a", b"b,"],
            b"d": datetime.datetime(2022, 10, 4, 18, 48, 12)}[what]
def broken(msg):
    raise ValueError("boom")
def odd(msg):
    return object()
def writes(msg):
    msg["X"] = "1"
def changes(msg):
    subject["PROGRAM"] = "other"
    return "now"

class S(LogSource):
    def run(self):
        global subject
        subject = msg = LogMessage("m")
        msg["PROGRAM"] = "prg"
        def show(text):
            print(LogTemplate(text, LogTemplateOptions()).format(msg).decode())
        for text in ("$(python name)", "$(python join a $PROGRAM 'c d')", "$(echo x$(python name)x)",
                     "$(python typed i) $(python typed f) $(python typed b) [$(python typed n)]",
                     "$(python typed l) $(python typed d)", "$(python os.path.nosuch)", "$(python broken)",
                     "$(python odd)", "$(python writes)", "$(python changes) $PROGRAM"):
            show(text)
        show("$PROGRAM")
"""


def test_python_functions_of_templates_of_python_code():
    with Daemon(FUNCTIONS) as daemon:
        daemon.start()
        daemon.frame("finished")
        daemon.line("other")
        assert daemon.lines == [
            "prg",
            "a-prg-c d",
            "xprgx",
            "5 6.900000 true []",
            'a,"b," 1664909292.000',
            "<error>",
            "<error>",
            "<error>",
            "<error>",
            "now prg",
            "other",
        ]
        logged = [frame["message"] for frame in daemon.of("log") if frame["level"] == "error"]
        assert [text.partition(":")[0] for text in logged] == [
            "$(python os.path.nosuch)",
            "$(python broken)",
            "$(python odd)",
            "$(python writes)",
        ]
        assert "boom" in logged[1] and "read only" in logged[3]


def test_time_stamps_of_templates():
    msg = LogMessage()
    msg.set_timestamp(datetime.datetime(2021, 3, 4, 5, 6, 7, 891011))
    assert said("$ISODATE $UNIXTIME", msg) == "2021-03-04T05:06:07+00:00 1614834367"
