"""The rules of the house that a machine can check.

Where a rule has exceptions they stand in a list below, each with its reason.  The size lists may
only shrink: an entry that is no longer needed, or that grew, fails the test.
"""

import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

from tests.house.tree import (
    PRODUCT,
    PYTHON,
    ROOT,
    module_of,
    python_files,
    short,
    source_of,
    tracked_files,
)

ALLOWED_IMPORTS = {
    "hub.core": ("hub.core",),
    "hub.policy": ("hub.policy", "hub.core"),
    "hub.ops": ("hub.ops", "hub.policy", "hub.core"),
    "hub.edges": ("hub.edges", "hub.store", "hub.ops", "hub.policy", "hub.core"),
    "hub.store": ("hub.edges", "hub.store", "hub.ops", "hub.policy", "hub.core"),
    "hub.web": ("hub.web", "hub.edges", "hub.store", "hub.ops", "hub.policy", "hub.core"),
    "agents": ("agents", "hub.edges", "hub.store", "hub.ops", "hub.policy", "hub.core"),
}
"""The arrow of dependency.  `hub.roles`, `hub.demo` and `hub.cli` put everything together, so
they may import all of it, and nothing below may import them."""

CORE_LIBRARIES = {"msgspec"}
IMPURE = {
    "asyncio", "http", "io", "logging", "multiprocessing", "os", "pathlib", "random", "secrets",
    "socket", "sqlite3", "subprocess", "tempfile", "threading", "time", "urllib", "uuid",
}  # fmt: skip
"""Modules of the standard library that reach outside, and so have no place in the core."""

WALL_CLOCK = {
    "hub/ops/clock.py": "it is the clock",
    "hub/ops/doctor.py": "it judges this machine, and its clock too",
    "hub/incidents.py": "as hub/roles/delivery.py",
    "hub/replay.py": "as hub/roles/delivery.py",
    "hub/edges/channels/signed.py": "a recipient refuses a signature that is minutes old",
    "hub/roles/attempts.py": "as hub/roles/delivery.py",
    "hub/roles/delivery.py": "retries wait in real time, whatever a story does",
    "hub/roles/channels.py": "as hub/roles/delivery.py",
    "hub/roles/follow.py": "lag is measured against the broker's own, real timestamps",
    "hub/web/auth.py": "a session ends in real time, also while a story holds the hub's clock",
    "hub/web/desk.py": "as hub/web/auth.py",
    "hub/web/pages_door.py": "as hub/web/auth.py",
}
"""What must use real time even when a story holds the hub's clock; `time.monotonic` is free."""

CLOCK_CALLS = {"now", "utcnow", "today"}

BANNED = {
    "notification": "notice", "notifications": "notices", "alert": "gap or escalation",
    "alerts": "gaps", "user": "person, holder or staff", "users": "people or staff",
    "data": "the thing itself: event, body, record", "info": "the thing itself",
    "manager": "the verb it performs", "handler": "the verb it performs",
    "service": "role, edge or organisation", "processor": "the verb it performs",
    "util": "a module named after its subject", "utils": "a module named after its subject",
    "helper": "the verb it performs", "helpers": "the verb it performs",
    "misc": "a module named after its subject",
}  # fmt: skip
ALLOWED_NAMES = {
    "data_dir": "the setting's name, in the words of Kafka and PostgreSQL",
    "SERVICE_MANAGEMENT": "a purpose in the words of the domain",
}

LONG_FILES = {
    "hub/core/expressions.py": 305,
    "tests/core/test_decide_notices.py": 332,
    "tests/core/test_policy_files.py": 316,
}
LONG_FUNCTIONS = {
    "agents/transport/app.py:make_app": 56,
    "hub/core/gaps.py:open_gap": 44,
    "hub/web/queries.py:worklist": 48,
    "tests/simulation/families.py:life": 51,
    "tests/simulation/families.py:safeguarded": 54,
    "tests/store/records.py:every_outcome": 50,
}
"""What was over the limit on 2026-11-23.  Shorten them; never raise a number."""

FILE_LINES, FUNCTION_LINES = 300, 40

REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in (
        ("py" + "pi", "org"), ("python" + "hosted", "org"), ("npm" + "js", "org"),
        ("npm" + "js", "com"), ("crates", "io"), ("go" + "lang", "org"), ("maven", "org"),
        ("maven", "apache", "org"), ("deb", "debian", "org"),
    )
]  # fmt: skip
"""Put together from pieces, because this file too may not contain them."""

MACHINE_PATH = re.compile(r"(?<![\w.\-/])/(?:work|root|tmp/lab)/")
IGNORE = re.compile(r"#\s*(?:noqa|type:\s*ignore|pragma:\s*no cover|fmt:\s*skip)")
GOOD_IGNORE = re.compile(
    r"#\s*noqa: [A-Z]+\d+(?:, ?[A-Z]+\d+)*\s{1,2}\S.{4,}"
    r"|#\s*type: ignore\[[\w\-, ]+\]\s+#.{8,}"
    r"|#\s*pragma: no cover\s.{8,}"
    r"|#\s*fmt: skip"
)
"""`fmt: skip` says its own reason: a table that reads better as a table."""


def test_imports_follow_the_arrow() -> None:
    """Everything points towards the core; the core points at nothing."""
    found = {short(file): astray(file) for file in python_files(*PRODUCT)}
    assert {} == faults_of(found)


def astray(file: Path) -> set[str]:
    """The modules of ours that a file may not import."""
    home = next((layer for layer in ALLOWED_IMPORTS if within(module_of(file), layer)), None)
    if home is None:
        return set()
    imports = source_of(file).imports
    ours = {name for name in imports if within(name, "hub") or within(name, "agents")}
    allowed = ALLOWED_IMPORTS[home]
    return {name for name in ours if not any(within(name, each) for each in allowed)}


def test_the_core_is_pure() -> None:
    """No I/O, clock, randomness or logging; one library, and that one only holds values."""
    found = {}
    for file in python_files("hub/core"):
        roots = {name.partition(".")[0] for name in source_of(file).imports} - {"hub"}
        found[short(file)] = (roots & IMPURE) | (roots - CORE_LIBRARIES - sys.stdlib_module_names)
    assert found
    assert {} == faults_of(found)


def test_time_is_an_argument() -> None:
    """Only the clock reads the wall clock; everything else is given the time."""
    found = {
        short(file): {
            f"{name}.{attribute}, line {line}"
            for name, attribute, line in source_of(file).calls
            if (name, attribute) in clock_calls()
        }
        for file in python_files(*PRODUCT)
        if short(file) not in WALL_CLOCK
    }
    assert {} == faults_of(found)


def test_names_are_words_of_the_house() -> None:
    """A banned word is answered with the word to use instead."""
    found = {short(file): misnamed(file) for file in python_files(*PRODUCT)}
    assert {} == faults_of(found)


def misnamed(file: Path) -> set[str]:
    """The names of a file that hold a banned word, each with what to say instead."""
    names = {*source_of(file).names, file.stem} - set(ALLOWED_NAMES)
    found = {
        f"{name}: {BANNED[word]}" for name in names for word in words_of(name) if word in BANNED
    }
    if "status" in names and not speaks_http(file):
        found.add("status: state, level, or say whose status it is")
    return found


def faults_of(found: dict[str, set[str]]) -> dict[str, set[str]]:
    """The files in which something was found."""
    return {file: faults for file, faults in found.items() if faults}


def test_the_core_knows_no_messages() -> None:
    """In the core there are events, inputs and notices; `message` is only the text of a fault."""
    found = {
        f"{short(file)}: {name}"
        for file in python_files("hub/core")
        if file.name != "faults.py"
        for name in source_of(file).names
        if "message" in words_of(name)
    }
    assert set() == found


def test_files_stay_short() -> None:
    """Three hundred lines; a longer file is on the list, and the list may only shrink."""
    sizes = {
        short(file): len(file.read_text(encoding="utf-8").splitlines())
        for file in python_files(*PYTHON)
        if not is_migration(file)
    }
    assert {} == unexpected(sizes, FILE_LINES, LONG_FILES)


def test_functions_stay_short() -> None:
    """Forty lines, docstring included; a longer function is on the list."""
    sizes = {
        f"{short(file)}:{name}": lines
        for file in python_files(*PYTHON)
        if not is_migration(file)
        for name, lines in source_of(file).functions
    }
    assert {} == unexpected(sizes, FUNCTION_LINES, LONG_FUNCTIONS)


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    """The repository must mean the same on every machine."""
    found: dict[str, str] = {}
    for file in tracked_files():
        text = file.read_bytes().decode("utf-8", errors="replace")
        found |= {short(file): host for host in REGISTRY_HOSTS if host in text}
        if file != Path(__file__) and (path := MACHINE_PATH.search(text)):
            found[short(file)] = path.group()
    assert {} == found


def test_every_ignore_has_its_code_and_its_reason() -> None:
    """A silenced check says which one and why, on the same line."""
    found = {
        short(file): {
            text
            for text in comments_of(file)
            if IGNORE.search(text) and not GOOD_IGNORE.search(text)
        }
        for file in python_files(*PYTHON)
    }
    assert {} == faults_of(found)


def test_an_event_type_is_three_files_with_one_stem() -> None:
    """Schema, policy and worked scenario; a type without one of them is not finished."""
    schemas = stems("schemas/events", "*.avsc")
    policies = stems("hub/policy/events", "*.toml")
    scenarios = stems("tests/scenarios", "**/*.toml")
    assert schemas, "no schemas were found"
    assert (set(), set()) == (schemas - policies, policies - schemas)
    assert set() == schemas - scenarios


def within(name: str, layer: str) -> bool:
    """Whether a dotted name is `layer` or lies inside it."""
    return name == layer or name.startswith(layer + ".")


def speaks_http(file: Path) -> bool:
    """Where `status` is HTTP's own word and can mean nothing else."""
    return short(file).startswith(("hub/web/", "hub/edges/channels/")) or "http_status" in (
        file.read_text(encoding="utf-8")
    )


def is_migration(file: Path) -> bool:
    """Migrations are history: written once, as long as the tables they make, never refactored."""
    return "migrations/versions/" in short(file)


def clock_calls() -> set[tuple[str, str]]:
    """The calls that read the wall clock, as (object, attribute)."""
    return {(kind, call) for kind in ("datetime", "date") for call in CLOCK_CALLS} | {
        ("time", "time"),
        ("time", "time_ns"),
    }


def words_of(name: str) -> list[str]:
    """`NoticeReason`, `notice_reason` and `NOTICE_REASON` are the same two words."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return [word for word in split.lower().split("_") if word]


def unexpected(sizes: dict[str, int], limit: int, listed: dict[str, int]) -> dict[str, int]:
    """What is over the limit and not listed, grew since it was listed, or left the list."""
    over = {name: size for name, size in sizes.items() if size > max(limit, listed.get(name, 0))}
    stale = {name: sizes.get(name, 0) for name in listed if sizes.get(name, 0) <= limit}
    return over | stale


def comments_of(file: Path) -> Iterator[str]:
    """Every comment of a file that silences something, from its sign to the end of the line."""
    text = file.read_text(encoding="utf-8")
    # To take a file apart costs a hundred times what a look at its text does.
    if not IGNORE.search(text):
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def stems(folder: str, pattern: str) -> set[str]:
    """The names of the files without their last suffix."""
    return {file.stem for file in (ROOT / folder).glob(pattern)}
