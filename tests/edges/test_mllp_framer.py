"""MLLP frames out of bytes: whole, one byte at a time, and with bytes left over."""

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.edges.mllp import END, START, Frame, Framer, framed
from tests.effort import cases

LARGEST = 32
"""A small bound, so that the tests can cross it."""


def whole(stream: bytes) -> tuple[list[Frame], int]:
    """Everything in one piece."""
    framer = Framer(LARGEST)
    return framer.receive(stream), framer.skipped


def bytewise(stream: bytes) -> tuple[list[Frame], int]:
    """One byte at a time."""
    framer = Framer(LARGEST)
    frames = [frame for each in stream for frame in framer.receive(bytes([each]))]
    return frames, framer.skipped


CASES = [
    ("one frame", b"\x0bMSH|A\x1c\r", [Frame(b"MSH|A")], 0),
    ("two frames at once", b"\x0bA\x1c\r\x0bB\x1c\r", [Frame(b"A"), Frame(b"B")], 0),
    ("an empty frame", b"\x0b\x1c\r", [Frame(b"")], 0),
    ("garbage before and between", b"xx\x0bA\x1c\r\r\n\x0bB\x1c\r", [Frame(b"A"), Frame(b"B")], 4),
    ("an end without a start", b"A\x1c\r\x0bB\x1c\r", [Frame(b"B")], 3),
    ("half an end inside", b"\x0bA\x1cB\x1c\r", [Frame(b"A\x1cB")], 0),
    ("half an end before the end", b"\x0bA\x1c\x1c\r", [Frame(b"A\x1c")], 0),
    ("begun anew before its end", b"\x0bAB\x0bC\x1c\r", [Frame(b"C")], 2),
    ("begun anew again and again", b"\x0bAB\x0b\x0bC\x0bD\x1c\r", [Frame(b"D")], 3),
    ("not finished", b"\x0bA\x1c", [], 0),
    ("just within the bound", b"\x0b" + b"A" * 32 + END, [Frame(b"A" * 32)], 0),
    (
        "too large, and the next one is not lost",
        b"\x0b" + b"A" * 40 + END + b"\x0bB" + END,
        [Frame(b"A" * 32, oversize=True), Frame(b"B")],
        0,
    ),
    (
        "one too large",
        b"\x0b" + b"A" * 33 + END + b"\x0bB" + END,
        [Frame(b"A" * 32, oversize=True), Frame(b"B")],
        0,
    ),
    (
        "too large and begun anew",
        b"\x0b" + b"A" * 50 + b"\x0bB" + END,
        [Frame(b"A" * 32, oversize=True), Frame(b"B")],
        0,
    ),
    (
        "too large without an end",
        b"\x0b" + b"A" * 400,
        [Frame(b"A" * 32, oversize=True)],
        0,
    ),
]


@pytest.mark.parametrize(
    ("sentence", "stream", "frames", "skipped"), CASES, ids=[c[0] for c in CASES]
)
def test_frames_do_not_depend_on_the_pieces(
    sentence: str, stream: bytes, frames: list[Frame], skipped: int
) -> None:
    """Whole, byte by byte, and with the beginning of another frame behind it."""
    assert sentence
    assert (frames, skipped) == whole(stream)
    assert (frames, skipped) == bytewise(stream)


@pytest.mark.parametrize("stream", [case[1] for case in CASES if case[1].endswith(END)])
def test_what_follows_a_frame_is_left_for_the_next(stream: bytes) -> None:
    """Trailing bytes wait; they come out when their frame is complete."""
    framer = Framer(LARGEST)
    before = framer.receive(stream + START + b"next")
    assert whole(stream)[0] == before
    assert [Frame(b"next")] == framer.receive(END)


pieces = st.lists(
    st.sampled_from([b"\x0b", b"\x1c", b"\r", b"\x1c\r", b"A", b"MSH|", b"B" * 20, b"\x00"]),
    max_size=40,
)


@settings(max_examples=cases(400), deadline=None)
@given(stream=pieces.map(b"".join), cuts=st.lists(st.integers(0, 400), max_size=6))
def test_any_bytes_in_any_pieces_give_the_same_frames(stream: bytes, cuts: list[int]) -> None:
    """Invariant: the cutting of a stream is not to be seen in its frames."""
    framer = Framer(LARGEST)
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    frames: list[Frame] = []
    for start, end in pairwise(places):
        frames += framer.receive(stream[start:end])
    assert whole(stream) == (frames, framer.skipped)
    assert whole(stream) == bytewise(stream)


@given(body=st.binary(max_size=LARGEST).filter(lambda b: START not in b and END not in b))
def test_what_is_framed_comes_out_again(body: bytes) -> None:
    """Our own envelope is one that we read."""
    assert ([Frame(body)], 0) == whole(framed(body))


@pytest.mark.parametrize("piece", [START * 65536, b"\x1c" * 65536, b"\r" * 65536, b"\x0bA" * 32768])
def test_no_piece_of_a_stream_is_searched_twice(piece: bytes) -> None:
    """Four mebibytes of starts took half a minute once: each was searched to the piece's end."""
    framer = Framer()
    began = time.process_time()
    for _ in range(64):
        framer.receive(piece)
    assert time.process_time() - began < 5


def test_memory_and_time_are_bounded() -> None:
    """64 MiB without an end: only the first mebibyte is kept, and it takes seconds."""
    framer = Framer()
    began = time.process_time()
    frames = framer.receive(START)
    for _ in range(1024):
        frames += framer.receive(b"A" * 65536)
    assert [True] == [frame.oversize for frame in frames]
    assert len(framer._buffer) <= 65536
    assert time.process_time() - began < 5
