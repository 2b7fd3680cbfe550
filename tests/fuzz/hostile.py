"""Inputs made to hurt, each taken in this process alone, with its time and its memory.

`python -m tests.fuzz.hostile NAME ...` prints one JSON line for each: the verdicts, the seconds,
and by how much the highest resident memory exceeded what it was just before.  Address space is
limited, so that a bomb that works ends this process and not the machine.
"""

import asyncio
import gzip
import json
import logging
import resource
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Self

import structlog

from hub.edges.hl7v2_profile import load_profile
from hub.edges.mllp import END, START, Door
from hub.edges.mllp_server import MllpServer
from hub.ops import limits
from hub.ops.clock import RealClock
from tests.fuzz.kept import Everybody, Written, publisher_to, verdict_of
from tests.fuzz.mutate import luck_of
from tests.fuzz.run import resident
from tests.fuzz.seeds import golden
from tests.fuzz.ways import DOORS

ADDRESS_SPACE: Final = 3 * 1024**3
FHIR: Final = b'xmlns="http://hl7.org/fhir"'
HEAD: Final = b"MSH|^~\\&|MAT_PAS|RXX|PERINATAL_HUB||20260312101500||ADT^A03|H-1|P|2.4\r"
DEEP: Final = 100_000
GIGABYTE: Final = 10**9


def _varint(value: int) -> bytes:
    """A long as Avro writes it."""
    left, out = (value << 1) ^ (value >> 63), bytearray()
    while left > 0x7F:
        out.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([*out, left])


def _laughs() -> bytes:
    """Ten levels of ten entities each: ten billion words in a kilobyte."""
    lines = [b'<!ENTITY e0 "lol">']
    lines += [b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10) for n in range(1, 11)]
    return b"<!DOCTYPE B [%s]><Bundle %s><id value='&e10;'/></Bundle>" % (b"".join(lines), FHIR)


def _quadratic() -> bytes:
    """One long entity, used very often: ten gigabytes in half a megabyte."""
    entity = b'<!DOCTYPE B [<!ENTITY a "%s">]>' % (b"a" * 200_000)
    return entity + b"<Bundle %s><id value='%s'/></Bundle>" % (FHIR, b"&a;" * 90_000)


def _wide(count: int) -> bytes:
    """More elements than any resource has, each of few bytes."""
    return b'{"resourceType": "Bundle", "entry": [' + b"{}," * count + b"{}]}"


def _container() -> bytes:
    """An Avro file whose one block unpacks to a gigabyte."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"".join(packer.compress(bytes(10**7)) for _ in range(100)) + packer.flush()
    schema = b'{"type": "array", "items": "null"}'
    meta = b"\x04" + b"\x16avro.schema" + _varint(len(schema)) + schema
    meta += b"\x14avro.codec" + b"\x0edeflate" + b"\x00"
    sync = b"s" * 16
    return b"Obj\x01" + meta + sync + _varint(1) + _varint(len(packed)) + packed + sync


def _claims(count: int) -> list[bytes]:
    """Every golden record with such a number written over each of its places, one after another."""
    found = []
    for record in golden():
        places = range(5, len(record), max(1, len(record) // 25))
        found += [record[:at] + _varint(count) + record[at + 1 :] for at in places]
    return found


def _long_list() -> bytes:
    """The wire format with the number of each schema, and items of one byte up to the bound."""
    return max(golden(), key=len)[:200] + b"\x02" * (limits.EVENT_BYTES.value - 200)


BODIES: Final[dict[str, tuple[str, Callable[[], list[bytes]]]]] = {
    "xml entities in ten levels": ("fhir-xml", lambda: [_laughs()]),
    "xml one entity very often": ("fhir-xml", lambda: [_quadratic()]),
    "xml parameter entities": (
        "fhir-xml",
        lambda: [b'<!DOCTYPE B [<!ENTITY %% p SYSTEM "file:///etc/passwd">%%p;]><B %s/>' % FHIR],
    ),
    "xml nested": ("fhir-xml", lambda: [b"<Basic %s>" % FHIR + b"<a>" * 300_000]),
    "xml attributes": (
        "fhir-xml",
        lambda: [b"<Basic %s " % FHIR + b" ".join(b"a%d='1'" % n for n in range(80_000)) + b"/>"],
    ),
    "xml one attribute of a megabyte": (
        "fhir-xml",
        lambda: [b"<Basic %s><id value='%s'/></Basic>" % (FHIR, b"x" * 990_000)],
    ),
    "xml names": (
        "fhir-xml",
        lambda: [b"<B %s>" % FHIR + b"".join(b"<a%d/>" % n for n in range(90_000)) + b"</B>"],
    ),
    "json nested lists": ("fhir-json", lambda: [b"[" * DEEP + b"]" * DEEP]),
    "json nested objects": ("fhir-json", lambda: [b'{"a":' * DEEP + b"1" + b"}" * DEEP]),
    "json nested in a resource": (
        "fhir-json",
        lambda: [b'{"resourceType":"Basic","a":' + b"[" * DEEP + b"]" * DEEP + b"}"],
    ),
    "json a quarter of a million entries": ("fhir-json", lambda: [_wide(250_000)]),
    "json a number of a megabyte": (
        "fhir-json",
        lambda: [b'{"resourceType": "Observation", "valueInteger": ' + b"9" * 990_000 + b"}"],
    ),
    "cloudevents nested": ("cloudevents", lambda: [b"[" * DEEP + b"]" * DEEP]),
    "cloudevents nested objects": ("cloudevents", lambda: [b'{"a":' * DEEP + b"1" + b"}" * DEEP]),
    "cloudevents nested deep in an event": (
        "cloudevents",
        lambda: [
            b'{"specversion":"1.0","id":"1","source":"RXX:M","type":"pregnancy.booked",'
            b'"time":"2026-03-24T10:30:00Z","data":' + b'{"a":' * 900 + b"1" + b"}" * 901
        ],
    ),
    "cloudevents a list of a hundred thousand": (
        "cloudevents",
        lambda: [b"[" + b'{"id":1},' * DEEP + b"{}]"],
    ),
    "a body packed a thousandfold": (
        "cloudevents",
        lambda: [gzip.compress(b"[" * GIGABYTE, 1)[:900_000]],
    ),
    "avro billions in five bytes": ("avro", lambda: _claims(2**31 - 1)),
    "avro billions below zero": ("avro", lambda: _claims(-(2**31))),
    "avro lengths of gigabytes": ("avro", lambda: _claims(8 * GIGABYTE)),
    "avro lengths beyond any number": ("avro", lambda: _claims(2**63 - 1)),
    "avro numbers without an end": ("avro", lambda: [r[:9] + b"\xff" * 250_000 for r in golden()]),
    "avro items of one byte": ("avro", lambda: [_long_list()]),
    "avro zeros up to the bound": (
        "avro",
        lambda: [r[:5] + bytes(limits.EVENT_BYTES.value - 5) for r in golden()],
    ),
    "avro a packed file": ("avro", lambda: [_container()]),
    "hl7 fields": ("hl7", lambda: [HEAD + b"PID" + b"|" * 990_000]),
    "hl7 repetitions": ("hl7", lambda: [HEAD + b"PID|1||" + b"1^^^NHS~" * 120_000]),
    "hl7 escapes": ("hl7", lambda: [HEAD + b"PID|1||" + b"\\X41\\" * 190_000]),
    "hl7 segments": ("hl7", lambda: [HEAD + b"OBX|1\r" * 160_000]),
    "hl7 components": ("hl7", lambda: [HEAD + b"PID|1||" + b"^&" * 490_000]),
}
"""Each by its door.  Most are just within the largest body that the door reads at all."""


def _body(name: str) -> Counter[str]:
    door_name, make = BODIES[name]
    door, bodies = DOORS[door_name](), make()
    # Schemas are compiled and tables filled before anything is measured.
    door.take(door.seeds[0], luck_of("1"))
    verdicts = Counter[str]()
    with Measured() as measured:
        for body in bodies:
            verdicts.update(each.value for each in door.take(body, luck_of("1")))
    measured.tell(name, verdicts, largest=max(map(len, bodies)))
    return verdicts


class Measured:
    """Time, and the highest resident memory beyond what was resident before."""

    def __enter__(self) -> Self:
        self.before = resident()
        # Resets the high-water mark of this process (proc(5)).
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        self.began = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.monotonic() - self.began
        status = Path("/proc/self/status").read_text(encoding="ascii")
        (high,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
        self.grown = int(high.split()[1]) * 1024 - self.before

    def tell(self, name: str, verdicts: Counter[str], **more: Any) -> None:
        """One line of JSON."""
        said = {"name": name, "seconds": round(self.seconds, 3), "grown": self.grown}
        sys.stdout.write(json.dumps(said | {"verdicts": verdicts} | more) + "\n")
        sys.stdout.flush()


async def _stream(name: str, piece: bytes, times: int) -> None:
    """A real connection to the real listener, with nothing behind it but a count."""
    written = Written()
    door = Door(publisher_to(written), Everybody(), load_profile(), RealClock())
    server = MllpServer(door, "127.0.0.1", 0)
    await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    with Measured() as measured:
        writer.write(START + HEAD)
        for _ in range(times):
            writer.write(piece)
            await writer.drain()
        writer.write(END + START + HEAD + END)
        # One for what came first, however large it was, and one for the message behind it.
        for _ in range(2):
            await asyncio.wait_for(reader.readuntil(END), 60)
    verdicts = Counter(
        verdict_of([each], _original(each[1]), RealClock().now()).value for each in written.taken()
    )
    measured.tell(name, verdicts, largest=len(piece) * times)
    writer.close()
    await server.stop()


def _original(value: bytes) -> bytes:
    from hub.edges.avro import decode_quarantine  # noqa: PLC0415  one use

    return decode_quarantine(value).original


STREAMS: Final = {
    "mllp a frame of a gigabyte": (b"A" * 65536, GIGABYTE // 65536),
    "mllp starts without an end": (START * 65536, 160),
    "mllp half ends": (b"\x1c" * 65536, 1600),
    "mllp lines": (b"\r" * 65536, 1600),
}


def main() -> int:
    """Each name given, or all."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    for name in sys.argv[1:] or [*BODIES, *STREAMS]:
        if name in BODIES:
            _body(name)
        else:
            asyncio.run(_stream(name, *STREAMS[name]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
