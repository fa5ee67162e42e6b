"""LogMessage: the conformance statements of the reference, by number."""

import copy
import datetime
import gc
import pickle
import weakref

import pytest

from _syslogng import LogMessage, Worker

PARSE = {"format": "", "flags": [], "default_pri": None, "time_zone": None, "sdata_prefix": None}


def typed_options(*flags):
    return Worker.parse_options({**PARSE, "flags": list(flags)}, False)


def compat_options(*flags):
    return Worker.parse_options({**PARSE, "flags": list(flags)}, True)


def compat():
    return LogMessage.parse("text", compat_options("no-parse"))


# Setting and reading.


def test_c1_str_reads_back_as_bytes():
    msg = LogMessage()
    msg["field"] = "almafa"
    assert msg["field"] == b"almafa"


def test_c2_bytes_read_back_as_they_are():
    msg = LogMessage()
    msg["field"] = b"\xff\x00 raw"
    assert msg["field"] == b"\xff\x00 raw"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (42, "42"),  # C-3
        (-(2**63), "-9223372036854775808"),
        (6.9, "6.900000"),  # C-4
        (0.1 + 0.2, "0.30000000000000004"),  # W-4: nothing is lost
        (1e22, "10000000000000000000000.000000"),
        (True, "true"),  # C-5
        (False, "false"),
        (None, ""),  # C-6
        ([], ""),
    ],
)
def test_c3_to_c6_values_keep_their_type(value, text):
    msg = LogMessage()
    msg["field"] = value
    assert msg["field"] == value and type(msg["field"]) is type(value)
    assert msg.get_as_str("field") == text


def test_c7_lists():
    msg = LogMessage()
    msg["field"] = ["a,", " b", b"c"]
    assert msg["field"] == [b"a,", b" b", b"c"]
    assert msg.get_as_str("field") == '"a,"," b",c'


def test_c8_datetimes():
    msg = LogMessage()
    moment = datetime.datetime(2022, 10, 4, 18, 48, 12, 123000)
    msg["field"] = moment
    assert msg["field"] == moment
    assert msg.get_as_str("field") == "1664909292.123"


def test_w2_aware_datetimes_with_a_negative_offset():
    zone = datetime.timezone(datetime.timedelta(hours=-5))
    moment = datetime.datetime(2022, 10, 4, 13, 48, 12, 500000, zone)
    msg = LogMessage()
    msg.set_timestamp(moment)
    assert msg.get_timestamp() == moment.replace(tzinfo=None)
    assert msg["ISODATE"] == b"2022-10-04T13:48:12-05:00"
    msg["field"] = moment
    assert msg["field"] == moment.astimezone(datetime.timezone.utc).replace(tzinfo=None)


def test_c10_missing_names():
    with pytest.raises(KeyError, match="No such name-value pair nope"):
        LogMessage()["nope"]


def test_c11_c12_below_version_4():
    msg = compat()
    assert msg["nope"] == b""
    assert msg["PRI"] == b"13" and msg["FACILITY_NUM"] == b"1"
    assert msg["MESSAGE"] == b"text"
    msg["field"] = "text"
    assert msg["field"] == b"text"
    with pytest.raises(ValueError, match="4.0"):
        msg["field"] = 5
    assert msg.get("nope") is None
    del msg["nope"]


def test_c14_get_reads_types():
    msg = LogMessage()
    for value in ("text", True, 5, 14.0, None, ["a", "b"]):
        msg["field"] = value
        expected = {"text": b"text"}.get(value, value) if isinstance(value, str) else value
        assert msg.get("field") == ([b"a", b"b"] if isinstance(value, list) else expected)


def test_c16_get_default():
    msg = LogMessage()
    assert msg.get("nope") is None
    assert msg.get("nope", -1) == -1
    assert msg.get("nope", default=-1) == -1
    assert msg.get(key="nope", default="x") == "x"


def test_c17_get_as_str_default():
    msg = LogMessage()
    assert msg.get_as_str("nope") is None
    assert msg.get_as_str("nope", "x") == "x"
    assert msg.get_as_str("nope", default="x", encoding="ascii", errors="strict", repr="internal") == "x"
    with pytest.raises(TypeError, match="default"):
        msg.get_as_str("nope", 5)


def test_c18_get_as_str_gives_the_stored_text():
    msg = LogMessage("árvíz")
    msg["t"], msg["f"], msg["n"] = True, 14.5, None
    assert [msg.get_as_str(name, "no") for name in ("MESSAGE", "t", "f", "n")] == [
        "árvíz",
        "true",
        "14.500000",
        "",
    ]
    msg["raw"] = b"\xff"
    with pytest.raises(UnicodeDecodeError):
        msg.get_as_str("raw")
    assert msg.get_as_str("raw", errors="replace") == "\ufffd"
    assert msg.get_as_str("raw", encoding="latin-1") == "ÿ"


def test_names():
    msg = LogMessage("text")
    assert msg["MSG"] == msg["MSGONLY"] == msg[b"MESSAGE"] == b"text"
    msg["FULLHOST"] = "box"
    assert msg["HOST"] == b"box"
    for name in (5, None, ["a"], type("S", (str,), {})("MESSAGE")):
        with pytest.raises(TypeError, match="names"):
            msg[name]
        with pytest.raises(TypeError):
            msg.get(name)
    # Too long, empty: not stored, as in syslog-ng.
    msg["x" * 256] = "1"
    msg[""] = "1"
    assert len(msg) == 2
    msg["x" * 255] = "1"
    assert len(msg) == 3


@pytest.mark.parametrize("value", [(1,), {}, {1}, object(), 1j, [1], [None], type("I", (int,), {})(5)])
def test_values_that_cannot_be_stored(value):
    with pytest.raises(ValueError, match="key field"):
        LogMessage()["field"] = value


def test_ints_beyond_64_bit():
    with pytest.raises(OverflowError):
        LogMessage()["field"] = 2**63


def test_w5_nul_is_kept():
    msg = LogMessage("a\0b")
    msg["field"] = "c\0d"
    assert (msg["MESSAGE"], msg["field"]) == (b"a\0b", b"c\0d")


def test_setting_again_and_again():
    msg = LogMessage()
    for number in range(20_000):
        msg["field"] = str(number) * 10
        msg["other"] = number
    assert msg["field"] == b"19999" * 10 and msg["other"] == 19999 and len(msg) == 2


def test_many_pairs():
    msg = LogMessage("m")
    for number in range(300):
        msg[f"name{number}"] = number
    assert len(msg) == 301
    assert [msg[f"name{number}"] for number in range(300)] == list(range(300))


def test_message_of_another_type_and_back():
    msg = LogMessage("text")
    msg["MESSAGE"] = 5
    assert msg["MESSAGE"] == 5
    msg["MSG"] = b"bytes"
    assert msg["MESSAGE"] == b"bytes" and len(msg) == 1


def test_a_new_program_drops_the_old_header():
    msg = LogMessage()
    msg["LEGACY_MSGHDR"] = "old[1]: "
    msg["PROGRAM"] = "new"
    assert "LEGACY_MSGHDR" not in msg and msg["MSGHDR"] == b"new: "


# Construction.


def test_c20_what_is_a_message():
    class Sub(LogMessage):
        pass

    assert isinstance(Sub(), LogMessage) and not isinstance("text", LogMessage)


def test_c21_c22_text_is_kept_byte_for_byte():
    text = "árvíztűrő tükörfúrógép\0\r\n\U0001f40d"
    assert LogMessage(text)["MESSAGE"] == text.encode()
    assert LogMessage(text.encode())["MESSAGE"] == text.encode()
    assert LogMessage(message=text)["MESSAGE"] == text.encode()


def test_bytes_like_objects_are_copied():
    data = bytearray(b"abc")
    msg = LogMessage(data)
    data[0] = 0x7A
    assert msg["MESSAGE"] == b"abc"
    assert LogMessage(memoryview(b"xabcx")[1:-1])["MESSAGE"] == b"abc"


def test_nothing():
    for msg in (LogMessage(), LogMessage(None), LogMessage(message=None), LogMessage.__new__(LogMessage)):
        assert "MESSAGE" not in msg and len(msg) == 0 and msg.get_pri() == 13
        assert msg, "a message without pairs is something all the same"


@pytest.mark.parametrize("bad", [5, 1.5, [], {}, object()])
def test_what_is_no_text(bad):
    with pytest.raises(TypeError, match="a bytes-like object is required, not"):
        LogMessage(bad)


def test_bad_arguments():
    for arguments, keywords in [((1, 2, 3), {}), (("a",), {"message": "b"}), ((), {"nope": 1})]:
        with pytest.raises(TypeError):
            LogMessage(*arguments, **keywords)
        with pytest.raises(TypeError):
            type("Sub", (LogMessage,), {})(*arguments, **keywords)


def test_lone_surrogates():
    with pytest.raises(UnicodeEncodeError):
        LogMessage("\ud800")
    with pytest.raises(UnicodeEncodeError):
        LogMessage()["field"] = "\ud800"


def test_stamps_are_fresh():
    before = datetime.datetime.now()
    stamp = LogMessage().get_timestamp()
    assert before <= stamp <= datetime.datetime.now()


# Methods.


def test_c23_pri():
    msg = LogMessage()
    assert msg.get_pri() == 13
    assert msg.set_pri(165) is None
    assert msg.get_pri() == 165 and msg["PRI"] == b"165"
    assert (msg["FACILITY_NUM"], msg["SEVERITY"], msg["LEVEL_NUM"]) == (20, b"notice", 5)
    for bad, error in [("5", TypeError), (None, TypeError), (-1, OverflowError)]:
        with pytest.raises(error):
            msg.set_pri(bad)


def test_c24_timestamps():
    msg = LogMessage()
    moment = datetime.datetime(2021, 3, 4, 5, 6, 7, 891011)
    assert msg.set_timestamp(moment) is None
    assert msg.get_timestamp() == moment
    assert msg["UNIXTIME"] == datetime.datetime(2021, 3, 4, 5, 6, 7)
    for bad in (5, "now", None, datetime.date.today()):
        with pytest.raises(ValueError, match="datetime"):
            msg.set_timestamp(bad)
    for edge in (datetime.datetime.min, datetime.datetime.max):
        far = edge.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=-23)))
        msg.set_timestamp(far)
        assert msg.get_timestamp() == edge


def test_c25_parse():
    line = "<34>Oct 11 22:14:15 mymachine su[77]: 'su root' failed"
    msg = LogMessage.parse(line, typed_options())
    assert (msg["MESSAGE"], msg["HOST"], msg["PROGRAM"], msg["PID"]) == (
        b"'su root' failed",
        b"mymachine",
        b"su",
        b"77",
    )
    assert msg.get_pri() == 34
    assert LogMessage.parse(raw_msg=line.encode(), parse_options=typed_options())["HOST"] == b"mymachine"
    assert LogMessage.parse(bytearray(b"<34>x: y"), typed_options()).get_pri() == 34


def test_parse_structured_data():
    line = '<165>1 2003-10-11T22:14:15.003Z host app 123 ID47 [ex@0 iut="3"] text'
    msg = LogMessage.parse(line, typed_options())
    assert (msg["MESSAGE"], msg["MSGID"], msg[".SDATA.ex@0.iut"]) == (b"text", b"ID47", b"3")
    assert msg.get_timestamp() == datetime.datetime(2003, 10, 11, 22, 14, 15, 3000)


def test_parse_with_no_parse_sets_message_only():
    msg = LogMessage.parse("<34>Oct 11 22:14:15 host su: text", typed_options("no-parse"))
    assert msg["MESSAGE"] == b"<34>Oct 11 22:14:15 host su: text"
    assert len(msg) == 1 and msg.get_pri() == 13


def test_w3_parse_follows_the_version():
    assert LogMessage.parse("x", compat_options())["nope"] == b""
    with pytest.raises(KeyError):
        LogMessage.parse("x", typed_options())["nope"]


def test_parse_never_fails():
    for line in (b"", b"\0", b"<", b"<999999>x", b"\xff" * 100, b"<34>1 ", b"<34>1 - - - - - ["):
        assert isinstance(LogMessage.parse(line, typed_options()), LogMessage)


@pytest.mark.parametrize("options", [None, 5, {}, object(), LogMessage()])
def test_parse_needs_the_drivers_options(options):
    with pytest.raises(TypeError, match="parse_options"):
        LogMessage.parse("x", options)


def test_c26_keys():
    msg = LogMessage("text")
    msg["b"], msg["a"] = "1", 2
    keys = msg.keys()
    assert type(keys) is list and keys[:3] == [b"MESSAGE", b"b", b"a"]
    assert len(set(keys)) == len(keys)
    msg.get("never set")
    assert b"never set" not in LogMessage().keys() and b"MESSAGE" not in LogMessage().keys()
    for macro in (
        b"FACILITY",
        b"PRI",
        b"TAGS",
        b"R_ISODATE",
        b"S_UNIXTIME",
        b"C_DATE",
        b"P_HOUR",
        b"RAWMSG_SIZE",
        b"_",
    ):
        assert macro in keys


def test_c27_keys_are_names():
    msg = LogMessage("text")
    for key in msg.keys():
        assert msg.get(key, "absent") != "absent" or key.decode() in ("_",), key


def test_macros_are_read_and_not_set():
    msg = LogMessage("text")
    msg["ISODATE"] = "mine"
    assert msg["ISODATE"].startswith(b"20") and len(msg) == 1
    with pytest.raises(KeyError, match="macro"):
        del msg["ISODATE"]


def test_source_address_and_size():
    msg = LogMessage()
    assert msg.set_source_ipaddress("10.1.2.3", 514) is True
    assert (msg["SOURCEIP"], msg["SOURCEPORT"], msg["IP_PROTO"]) == (b"10.1.2.3", 514, 4)
    assert msg.set_source_ipaddress(ip="::1") is True and msg["IP_PROTO"] == 6
    assert msg.set_source_ipaddress("nonsense") is False
    assert msg.set_source_ipaddress(None) is False
    assert msg["SOURCEIP"] == b"::1"
    msg.set_recvd_rawmsg_size(128)
    assert msg["RAWMSG_SIZE"] == 128


# What syslog-ng does not have.


def test_in_len_del_items_repr_copy():
    msg = LogMessage("text")
    msg["a"] = 1
    assert "a" in msg and b"a" in msg and "MESSAGE" in msg and "b" not in msg
    assert msg.items() == [(b"MESSAGE", b"text"), (b"a", 1)]
    assert repr(msg) == '<LogMessage pri=13 MESSAGE="text" a="1">'
    twin = msg.copy()
    assert twin.items() == msg.items() and copy.copy(msg).items() == msg.items()
    del msg["a"]
    assert "a" not in msg and "a" in twin
    del msg["MESSAGE"]
    assert len(msg) == 0
    with pytest.raises(KeyError, match="No such name-value pair a"):
        del msg["a"]
    assert len(repr(LogMessage("x" * 10_000))) < 200


# What a message is to Python itself.


def test_it_cannot_be_pickled():
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="LogMessage"):
            pickle.dumps(LogMessage("text"), protocol)


def test_it_is_hashed_and_compared_by_identity():
    msg, other = LogMessage("text"), LogMessage("text")
    assert msg == msg and msg != other and len({msg, other, msg}) == 2


def test_cycles_are_collected():
    class Sub(LogMessage):
        pass

    for kind in (LogMessage, Sub):
        msg = kind("text")
        holder = [msg]
        msg.set_bookmark(holder)
        gone = weakref.ref(msg) if kind is Sub else None
        size = len(gc.get_objects())
        del msg, holder
        gc.collect()
        assert gone is None or gone() is None
        assert len(gc.get_objects()) <= size


def test_w21_a_subclass_that_does_not_call_super():
    class Sub(LogMessage):
        def __init__(self, text):
            self.mine = text

    msg = Sub("text")
    assert msg.mine == "text" and "MESSAGE" not in msg and msg.get_pri() == 13
    msg["MESSAGE"] = "later"
    assert msg["MESSAGE"] == b"later"


def test_items_cannot_be_iterated_like_a_dict():
    # keys() is a list that has the macros too, so a message is no mapping to be unpacked by accident.
    with pytest.raises((TypeError, KeyError)):
        list(LogMessage("text"))


def test_c9_c14_typed_values_read_as_what_they_are():
    msg = LogMessage()
    msg["d"] = datetime.datetime(2022, 10, 4, 14, 41, 32)
    assert msg.get("d") == datetime.datetime(2022, 10, 4, 14, 41, 32)
    assert msg.get_as_str("d") == "1664894492.000"
    msg["l"] = ["a", "b c", "d,e"]
    assert msg.get("l") == [b"a", b"b c", b"d,e"] and msg.get_as_str("l") == 'a,"b c","d,e"'
    msg["n"] = None
    assert msg.get("n", "default") is None and msg.get_as_str("n", "default") == ""


@pytest.mark.parametrize("number", [0.1, 1e-7, 1.5e300, -2.5, 5e-324, 123456789.123456789])
def test_w4_floats_lose_nothing(number):
    msg = LogMessage()
    msg["f"] = number
    assert msg["f"] == number


def test_floats_that_are_no_numbers():
    msg = LogMessage()
    msg["f"] = float("inf")
    assert msg["f"] == float("inf")
    msg["f"] = float("nan")
    assert msg["f"] != msg["f"]


def test_w33_reading_a_name_leaves_no_trace():
    msg = LogMessage()
    for number in range(1000):
        msg.get(f"never{number}")
        assert f"never{number}" not in msg
    assert len(msg) == 0 and not any(name.startswith(b"never") for name in msg.keys())


def test_c127_pri_is_16_bit():
    msg = LogMessage()
    msg.set_pri(1 << 20 | 5)
    assert msg.get_pri() == 5
