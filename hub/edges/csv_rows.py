"""Events as rows of a CSV file: the names of the columns are the paths of the JSON form.

What spreadsheets do to a file is expected: a byte order mark, cp1252, UTF-16, semicolons and tabs,
line ends of every kind, line breaks inside quotes.  Each record of the file is one row, and has
one outcome; a record whose quotes do not close takes the rest of the file with it, and is kept
with all of it.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from hub.core.faults import FaultReason, SenderFault
from hub.core.ids import derive
from hub.core.model import Actor, Event
from hub.edges import avro, flat
from hub.edges.schemas import Schemas
from hub.ops import limits_documents as limits

MOST_ROWS: Final = limits.CSV_ROWS.value
MOST_COLUMNS: Final = limits.CSV_COLUMNS.value
CSV_TYPE: Final = "text/csv"
DELIMITERS: Final = ",;\t"
LONGEST_HEADER: Final = limits.CSV_HEADER.value
TYPE, TIME, ID, SOURCE = "type", "time", "id", "source"

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")
_WIDE: Final = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_MARK: Final = b"\xef\xbb\xbf"


class Row(Struct, frozen=True, kw_only=True):
    """One record of the file below its header."""

    number: int
    """As a spreadsheet counts: the header is row 1."""
    cells: dict[str, str]
    original: bytes
    """The header and the record, as they came, in the file's own encoding."""
    fault: SenderFault | None = None


class Sheet(Struct, frozen=True, kw_only=True):
    """A file whose header could be read."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def looks_like_csv(body: bytes) -> bool:
    """Whether the first line is a header of ours; judges nothing else."""
    try:
        text, _ = decoded(body[:64_000])
        names, _, _ = _header(text)
    except SenderFault:
        return False
    return TIME in names and len(names) > 1


def read_sheet(body: bytes) -> Sheet:
    """The rows of a file.  Raises SenderFault where there is no telling one row from another."""
    return sheet_of(body, MOST_ROWS, _check_names)


def _check_names(names: tuple[str, ...]) -> None:
    if TIME not in names or len(set(names)) < len(names) or len(names) > MOST_COLUMNS:
        raise SenderFault(
            FaultReason.UNPARSEABLE,
            f"the first row does not name the columns: each name once, {TIME} among them, "
            f"and {MOST_COLUMNS} at most",
            field="row 1",
            remedy="begin with the header of the template of the event type",
        )


def sheet_of(body: bytes, most_rows: int, check_names: Callable[[tuple[str, ...]], None]) -> Sheet:
    """Any file whose header passes `check_names`, before a row is read.  Raises SenderFault."""
    text, encoding = decoded(body)
    names, delimiter, first = _header(text)
    check_names(names)
    rows = tuple(_rows(text, names, delimiter, first, encoding, most_rows))
    if len(rows) > most_rows:
        raise SenderFault(
            FaultReason.OVERSIZE,
            f"the file has more than {most_rows} rows",
            remedy="send it in several files, each with the header",
        )
    return Sheet(columns=names, rows=rows)


def decoded(body: bytes) -> tuple[str, str]:
    """The text of a file, and the encoding it is in.  Raises SenderFault."""
    wide = _WIDE.get(body[:2])
    tries = [(body[2:], wide)] if wide else [(body.removeprefix(_MARK), "utf-8"), (body, "cp1252")]
    for plain, encoding in tries:
        try:
            text = plain.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text, encoding
    raise SenderFault(
        FaultReason.UNPARSEABLE,
        "this is not text in UTF-8, UTF-16 or Windows-1252",
        remedy="save the file as 'CSV UTF-8'",
    )


def _header(text: str) -> tuple[tuple[str, ...], str, str]:
    """The names of the columns, what stands between them, and the line itself."""
    first = io.StringIO(text, newline="").readline()
    delimiter = max(DELIMITERS, key=first.count)
    try:
        # Every refused row is kept with its header, so that a long one would be there many times.
        if len(first) > LONGEST_HEADER:
            raise ValueError
        (cells,) = csv.reader([first], delimiter=delimiter, strict=True)
    except (csv.Error, ValueError):
        cells = []
    names = tuple(each.strip() for each in cells)
    while names and not names[-1]:
        names = names[:-1]
    if not names or not all(_NAME.fullmatch(each) for each in names):
        raise SenderFault(
            FaultReason.UNPARSEABLE,
            "the first row does not hold the names of fields",
            field="row 1",
            remedy="begin with the header of the template of the event type",
        )
    return names, delimiter, first


def _rows(
    text: str, names: tuple[str, ...], delimiter: str, first: str, encoding: str, most_rows: int
) -> Iterator[Row]:
    """Every record that is not blank; stops soon after there are too many."""
    lines = _Lines(text)
    next(lines)
    records = csv.reader(lines, delimiter=delimiter, strict=True)
    found = 0
    for number in range(2, len(text) + 3):
        lines.taken.clear()
        cells, fault = _next(records)
        raw = "".join(lines.taken)
        if not raw:
            return
        if fault is None and not any(each.strip() for each in cells):
            continue
        if fault is None:
            cells, fault = _fitting(cells, len(names))
        found += 1
        header = first if first.endswith(("\r", "\n")) else first + "\n"
        yield Row(
            number=number,
            cells=dict(zip(names, (each.strip() for each in cells), strict=False)),
            original=(header + raw).encode(encoding.removesuffix("-le").removesuffix("-be")),
            fault=fault,
        )
        if found > most_rows:
            return


class _Lines:
    """The lines of a text, and those that the record at hand has taken."""

    def __init__(self, text: str) -> None:
        # Without translation: \n, \r and \r\n end a line, and nothing else does.
        self._lines = io.StringIO(text, newline="")
        self.taken: list[str] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.taken.append(line)
        return line


def _next(records: Iterator[list[str]]) -> tuple[list[str], SenderFault | None]:
    try:
        return next(records, []), None
    except csv.Error:
        return [], SenderFault(
            FaultReason.UNPARSEABLE,
            "the quotes of the row do not fit, or a cell is far too long",
            remedy="close each quote, and write a quote inside a cell twice",
        )


def _fitting(cells: list[str], most: int) -> tuple[list[str], SenderFault | None]:
    """As many cells as there are names; empty ones beyond them are a spreadsheet's habit."""
    while len(cells) > most and not cells[-1].strip():
        cells.pop()
    if len(cells) == most:
        return cells, None
    return cells, SenderFault(
        FaultReason.UNPARSEABLE,
        f"the row has {len(cells)} cells, and the header names {most}",
        remedy="quote a cell that holds the separator, and send the whole file",
    )


# --- a row as an event -----------------------------------------------------------------------


def event_of_row(
    row: Row,
    schemas: Schemas,
    received_at: datetime,
    *,
    event_type: str = "",
    sender: str = "",
    actor: Actor | None = None,
) -> Event:
    """The event of a row; its type from its own cell, else the one given.  Raises SenderFault.

    Without an id of its own a row has one that follows from what it says, so that the same row in
    a file that is sent again is the same event.
    """
    if row.fault is not None:
        raise row.fault
    cells = dict(row.cells)
    said = cells.pop(TYPE, "") or event_type
    if said not in schemas.event_types():
        raise SenderFault(
            FaultReason.UNKNOWN_EVENT_TYPE,
            "the row names no event type of the hub's" if said else "the row names no event type",
            field=TYPE,
            remedy=f"name it in a column '{TYPE}' or with the file; "
            f"one of {', '.join(schemas.event_types())}",
        )
    cells[SOURCE] = cells.get(SOURCE) or f"{sender}:CSV"
    if not cells.get(ID):
        told = sorted((name, text) for name, text in cells.items() if text)
        cells[ID] = derive("csv", said, *(f"{name}={text}" for name, text in told))
    event = avro.event_from_json(flat.filled(schemas, said, cells), received_at)
    return event if actor is None else msgspec.structs.replace(event, actor=actor)


def template(schemas: Schemas, event_type: str) -> bytes:
    """The header of an event type's file, with the mark by which spreadsheets know UTF-8."""
    names = [leaf.path.replace(flat.ITEM, "1") for leaf in flat.leaves(schemas, event_type)]
    made = io.StringIO(newline="")
    csv.writer(made).writerow([TYPE, *names])
    return _MARK + made.getvalue().encode()
