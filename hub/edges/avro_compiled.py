"""Writers and readers in straight-line Python, made once from each Avro schema.

fastavro is the reference and stays the fallback: whatever a compiled function does not expect (a
type, a range, a block, a missing byte) it leaves to fastavro by raising, and fastavro then writes,
reads or refuses.  So a compiled function may only ever do what fastavro would have done, byte for
byte; a property test holds it to that over all schemas.

Records of the core are written from their Structs and read into them; events are dictionaries.
What is gained is the dictionary in between and the union that tries its branches.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from enum import Enum
from typing import Any, get_args

import msgspec

from hub.edges.avro_numbers import (
    DAYS_SHIFT,
    EPOCH,
    INT_BITS,
    LONG_BITS,
    SIZES,
    SIZES_KNOWN,
    NotCompiledError,
    day,
    micros,
    more,
    size,
    zigzag,
)

NO, YES, SOME = bytes([0]), bytes([1]), bytes([2])
"""False, an absent value and the end of a list; true; the second branch of two, a value that is
there."""

type_of_writer = Callable[[Any, bytearray], None]
type_of_reader = Callable[[bytes, int], tuple[Any, int]]


def refuse() -> None:
    """Leave it to fastavro."""
    raise NotCompiledError


class _Source:
    """The lines of one function, and the values that they name."""

    def __init__(self, classes: Mapping[str, type[msgspec.Struct]]):
        self.classes = classes
        self.lines: list[str] = []
        self.depth = 1
        self.variables = 0
        self.names: dict[str, Any] = {
            one.__name__: one for one in (size, zigzag, micros, day, more, refuse, timedelta, date)
        }
        self.names |= {"SIZES": SIZES, "EPOCH": EPOCH, "NO": NO, "YES": YES, "SOME": SOME}
        self.named: dict[str, Any] = {}

    def say(self, *lines: str) -> None:
        """Add lines at the present depth."""
        self.lines += ["    " * self.depth + line for line in lines]

    def keep(self, value: Any) -> str:
        """A name for a value."""
        name = f"k{len(self.names)}"
        self.names[name] = value
        return name

    def fresh(self) -> str:
        """A name for a variable."""
        self.variables += 1
        return f"v{self.variables}"

    def known(self, avro: Any) -> Any:
        """A schema, also where only its name is repeated."""
        if isinstance(avro, str):
            return self.named.get(avro, avro)
        if isinstance(avro, dict) and "name" in avro:
            self.named[avro["name"]] = avro
            space = avro.get("namespace", "perinatal.hub" if self.classes else "perinatal")
            self.named[f"{space}.{avro['name']}"] = avro
        return avro

    def function(self, head: str, last: str) -> Any:
        """The function that the lines make."""
        text = "\n".join([head, *self.lines, "    " + last])
        # Every line was put there by this module; what a schema names is only ever quoted.
        exec(compile(text, "<avro>", "exec"), self.names)  # noqa: S102  see the line above
        return self.names["compiled"]


def _kind(avro: Any) -> str:
    """What a schema is, in one word."""
    if isinstance(avro, list):
        nullable = len(avro) == 2 and avro[0] == "null"
        return "optional" if nullable else "branches"
    if isinstance(avro, dict):
        return str(avro.get("logicalType") or avro["type"])
    return str(avro)


def _lines(table: dict[str, tuple[str, ...]], kind: str) -> tuple[str, ...]:
    if kind not in table:
        raise NotCompiledError
    return table[kind]


# --- writing -----------------------------------------------------------------------------------


def writer(avsc: dict[str, Any], classes: Mapping[str, type[msgspec.Struct]]) -> type_of_writer:
    """What writes one record.  Raises NotCompiledError for a schema beyond what we use."""
    source = _Source(classes)
    _write(source, avsc, "record")
    made: type_of_writer = source.function("def compiled(record, out):", "return None")
    return made


_WRITING = {
    "string": (
        "s = {v}.encode()",
        "n = len(s)",
        f"out += SIZES[n] if n < {SIZES_KNOWN} else size(n)",
        "out += s",
    ),
    "bytes": (
        "if {v}.__class__ is not bytes: refuse()",
        "out += size(len({v}))",
        "out += {v}",
    ),
    "int": (f"out += zigzag({{v}}, {INT_BITS})",),
    "long": (f"out += zigzag({{v}}, {LONG_BITS})",),
    "boolean": (
        "if {v} is True: out += YES",
        "elif {v} is False: out += NO",
        "else: refuse()",
    ),
    "timestamp-micros": ("out += micros({v})",),
    "date": ("out += day({v})",),
}
"""What writes a value `v` that has no parts."""


def _write(to: _Source, avro: Any, value: str) -> None:
    avro = to.known(avro)
    kind = _kind(avro)
    match kind:
        case "enum":
            places = {symbol: size(place) for place, symbol in enumerate(avro["symbols"])}
            to.say(f"out += {to.keep(places)}[{value}]")
        case "record":
            _write_record(to, avro, value)
        case "array":
            _write_array(to, avro, value)
        case "optional":
            to.say(f"if {value} is None: out += NO", "else:")
            to.depth += 1
            to.say("out += SOME")
            _write(to, avro[1], value)
            to.depth -= 1
        case "branches":
            _write_branches(to, avro, value)
        case _:
            to.say(*(line.format(v=value) for line in _lines(_WRITING, kind)))


def _write_record(to: _Source, avro: dict[str, Any], value: str) -> None:
    struct = bool(to.classes)
    if not struct:
        to.say(f"if {value}.__class__ is not dict: refuse()")
    for one in avro["fields"]:
        inner = to.fresh()
        if struct:
            to.say(f"{inner} = {value}.{one['name']}")
        else:
            default = to.keep(one.get("default"))
            to.say(f"{inner} = {value}.get({one['name']!r}, {default})")
        _write(to, one["type"], inner)


def _write_array(to: _Source, avro: dict[str, Any], value: str) -> None:
    to.say(f"if {value}.__class__ is not {'tuple' if to.classes else 'list'}: refuse()")
    item = to.fresh()
    to.say(f"if {value}:", f"    out += size(len({value}))", f"    for {item} in {value}:")
    to.depth += 2
    _write(to, avro["items"], item)
    to.depth -= 2
    to.say("out += NO")


def _write_branches(to: _Source, avro: list[Any], value: str) -> None:
    """The outcomes of a decision: which one it is, says its class."""
    functions = {}
    for place, branch in enumerate(avro):
        one = to.classes.get(branch["name"]) if isinstance(branch, dict) else None
        if one is None:
            raise NotCompiledError
        tag, *fields = branch["fields"]
        inner = _Source(to.classes)
        inner.named = to.named
        text = str(tag["default"]).encode()
        inner.say(f"out += {size(place) + size(len(text)) + text!r}")
        _write(inner, branch | {"fields": fields}, "record")
        functions[one] = inner.function("def compiled(record, out):", "return None")
    to.say(f"{to.keep(functions)}[{value}.__class__]({value}, out)")


# --- reading -----------------------------------------------------------------------------------

_NUMBER = ("n = b[p]", "p += 1", "if n > 127: n, p = more(b, p, n)")
_LENGTH = (*_NUMBER, "if n & 1: refuse()")
_SIGNED = (*_NUMBER, "n = (n >> 1) ^ -(n & 1)")
_READING = {
    "string": (*_LENGTH, "q = p + (n >> 1)", "{v} = b[p:q].decode()", "p = q"),
    "bytes": (*_LENGTH, "q = p + (n >> 1)", "{v} = b[p:q]", "p = q"),
    "int": (*_SIGNED, "{v} = n"),
    "long": (*_SIGNED, "{v} = n"),
    "boolean": ("n = b[p]", "p += 1", "if n > 1: refuse()", "{v} = n == 1"),
    "timestamp-micros": (*_SIGNED, "{v} = EPOCH + timedelta(microseconds=n)"),
    "date": (*_SIGNED, f"{{v}} = date.fromordinal(n + {DAYS_SHIFT}).isoformat()"),
}
"""What reads a value `v` that has no parts, from the bytes `b` at the place `p`."""


def reader(avsc: dict[str, Any], classes: Mapping[str, type[msgspec.Struct]]) -> type_of_reader:
    """What reads one record from a place on, and says where it ends.

    Raises NotCompiledError for a schema beyond what we use.
    """
    source = _Source(classes)
    _read(source, avsc, "whole", None)
    made: type_of_reader = source.function("def compiled(b, p):", "return whole, p")
    return made


def _read(to: _Source, avro: Any, into: str, wanted: Any) -> None:
    avro = to.known(avro)
    kind = _kind(avro)
    match kind:
        case "enum":
            to.say(*_LENGTH, f"{into} = {to.keep(avro['symbols'])}[n >> 1]")
        case "record":
            _read_record(to, avro, into)
        case "array":
            _read_array(to, avro, into)
        case "optional":
            to.say("n = b[p]", "p += 1", f"if n == 0: {into} = None", "elif n != 2: refuse()")
            to.say("else:")
            to.depth += 1
            _read(to, avro[1], into, wanted)
            to.depth -= 1
        case _:
            to.say(*(line.format(v=into) for line in _lines(_READING, kind)))
            if isinstance(wanted, type) and issubclass(wanted, Enum):
                to.say(f"{into} = {to.keep(wanted._value2member_map_)}[{into}]")


def _read_record(to: _Source, avro: dict[str, Any], into: str) -> None:
    made = to.classes.get(avro["name"])
    types = {one.name: one.type for one in msgspec.structs.fields(made)} if made else {}
    given = []
    for one in avro["fields"]:
        inner = to.fresh()
        wanted = types.get(one["name"])
        _read(to, one["type"], inner, next(iter(get_args(wanted)), wanted))
        given.append(f"{one['name']}={inner}" if made else f"{one['name']!r}: {inner}")
    if to.classes and not made:
        raise NotCompiledError
    inside = ", ".join(given)
    to.say(f"{into} = {to.keep(made)}({inside})" if made else f"{into} = {{{inside}}}")


def _read_array(to: _Source, avro: dict[str, Any], into: str) -> None:
    """One block, as every writer of a known length makes it; anything else is fastavro's."""
    item = to.fresh()
    to.say(f"{into} = []", *_LENGTH, "if n:")
    to.depth += 1
    to.say("for _ in range(n >> 1):")
    to.depth += 1
    _read(to, avro["items"], item, None)
    to.say(f"{into}.append({item})")
    to.depth -= 1
    to.say("if b[p]: refuse()", "p += 1")
    to.depth -= 1
    if to.classes:
        to.say(f"{into} = tuple({into})")
