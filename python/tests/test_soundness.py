"""LogMessage and the bases of drivers against code that is not as it should be: nothing may crash."""

import gc
import sys
import weakref

import pytest

from _syslogng import LogMessage, LogSource


def test_subclasses():
    class Plain(LogMessage):
        pass

    class NoSuper(LogMessage):
        def __init__(self, whatever):
            self.whatever = whatever

    class Own(LogMessage):
        def __init__(self, number):
            super().__init__(f"number {number}", bookmark=number)

    class Slots(LogMessage):
        __slots__ = ("more",)

    class New(LogMessage):
        def __new__(cls, *arguments):
            return super().__new__(cls)

    assert Plain("x")["MESSAGE"] == b"x"
    odd = NoSuper(5)
    assert odd.whatever == 5 and len(odd) == 0 and odd.get_pri() == 13
    assert Own(7)["MESSAGE"] == b"number 7"
    slots = Slots("x")
    slots.more = slots
    assert New("x")["MESSAGE"] == b"x"
    with pytest.raises(TypeError):
        object.__new__(LogMessage)
    with pytest.raises(TypeError):
        LogMessage.__new__(int)
    with pytest.raises((AttributeError, TypeError)):
        LogMessage("x").attribute = 1
    with pytest.raises(TypeError):
        LogMessage.attribute = 1
    with pytest.raises(TypeError):
        type("Both", (LogMessage, LogSource), {})


def test_odd_texts():
    class Text(str):
        pass

    class Bytes(bytes):
        pass

    text = Text("abc")
    text.message = LogMessage(text)
    assert LogMessage(text)["MESSAGE"] == b"abc"
    assert LogMessage(Bytes(b"abc"))["MESSAGE"] == b"abc"


def test_class_assignment():
    class One(LogMessage):
        pass

    class Two(LogMessage):
        pass

    msg = One("x")
    msg.__class__ = Two
    assert msg["MESSAGE"] == b"x"
    with pytest.raises(TypeError):
        msg.__class__ = int
    with pytest.raises(TypeError):
        LogMessage("x").__class__ = Two


def test_cycles_are_collected():
    class Holder:
        pass

    holder = Holder()
    holder.message = LogMessage("x", bookmark=holder)
    later = LogMessage("y")
    other = Holder()
    other.message = later
    later.set_bookmark(other)
    gone = [weakref.ref(holder), weakref.ref(other)]
    del holder, other, later
    gc.collect()
    assert [ref() for ref in gone] == [None, None]


def test_references_are_given_back():
    text, mark = "some text " * 10, object()
    before = sys.getrefcount(text), sys.getrefcount(mark), sys.getrefcount(LogMessage)
    for _ in range(1000):
        msg = LogMessage(text, mark)
        msg.set_bookmark(mark)
        msg.set_bookmark(None)
        msg["MESSAGE"] = text
        msg.copy()
        msg.__init__(text, bookmark=mark)
        with pytest.raises(TypeError):
            LogMessage(text, nope=1)
    del msg
    assert (sys.getrefcount(text), sys.getrefcount(mark), sys.getrefcount(LogMessage)) == before


def test_long_chains_of_bookmarks_do_not_overflow():
    chain = None
    for _ in range(500_000):
        chain = LogMessage("x", chain)
    del chain


def test_a_bookmark_that_comes_back():
    class Mark:
        def __init__(self, message):
            self.message = message

        def __del__(self):
            self.message.set_bookmark(None)
            self.message["x"] = "y"

    for _ in range(100):
        msg = LogMessage("x")
        msg.set_bookmark(Mark(msg))
        msg.set_bookmark(1)
        msg.set_bookmark(Mark(msg))
        del msg
        gc.collect()


def test_methods_on_other_objects():
    for method in (LogMessage.keys, LogMessage.get_pri, LogMessage.copy, LogMessage.__getitem__):
        with pytest.raises(TypeError):
            method(5)


def test_an_unbound_source():
    source = LogSource()
    with pytest.raises(RuntimeError, match="too early"):
        source.post_message(LogMessage("x"))
    with pytest.raises(RuntimeError, match="too early"):
        source.close_batch()
    with pytest.raises(RuntimeError, match="too early"):
        source.post_message("x")
    for bad in (None, 5):
        with pytest.raises(TypeError, match="LogMessage expected in the first parameter"):
            source.post_message(bad)
    for arguments, keywords in [((), {}), ((1, 2, 3), {}), ((), {"message": 1})]:
        with pytest.raises(TypeError, match="takes msg"):
            source.post_message(*arguments, **keywords)
    source.set_transport_name("x")
    with pytest.raises(TypeError):
        source.set_transport_name(5)
    assert source.auto_close_batches is True
    source.auto_close_batches = False
    assert source.auto_close_batches is False
    with pytest.raises(TypeError):
        source.auto_close_batches = 1
    with pytest.raises(AttributeError, match="readonly attribute"):
        source.persist_name = "x"
