"""One bad policy per way to be wrong: the fault names file, line, what is wrong and what to write.

Each case is the shipped policy with one edit, so that a case cannot rot apart from the real thing.
"""

import re
import shutil
from pathlib import Path

import pytest

from hub.policy.loader import HERE, load_policy
from hub.policy.source import PolicyFault, PolicyFaults

BOOKED = "events/pregnancy.booked.toml"
NOTIFIED = "events/pregnancy.notified.toml"
OUTCOME = "events/conference.outcome.toml"
ENDED = "events/pregnancy.ended.toml"
DISCHARGE = "events/discharge.summary.toml"
GP = 'rule = "P02.gp"'
HV = 'rule = "P03.health-visiting"'
NAMED = 'rule = "P03.named-health-visitor"'

TWICE = '\n[[role]]\nrole = "GP_PRACTICE"\nlabel = "x"\naudience = "gp"\nhours = "24h"\n'
NO_RUNG = '\n[[ladder]]\nladder = "EL-X"\npurpose = "nothing"\nrung = []\n'
SECOND_GAP = """
[[gap]]
code = "G01"
name = "X"
family = "tell"
severity = 2
ladder = "EL-R"
explanation = "x"
next_action = "x"
clears_when = "x"
"""
SECOND_RULE = """
[[tell]]
rule = "P02.gp"
policy = "P02"
to = ["GP_PRACTICE"]
purpose = "direct_care"
content = ["identity"]
levels = [{ level = "opened", within = "2wd" }]
because = "x"
authority = "x"
"""

Case = tuple[str, str, str, str, str, str]
"""File, the words after which to edit, what stands there, what to put, message, remedy."""

CASES: dict[str, Case] = {
    "it is not TOML": (BOOKED, GP, 'policy = "P02"', "policy = P02", "this is not TOML", "mend"),
    "an unknown word in a rule": (
        BOOKED, HV, "purpose =", "porpoise = 1\npurpose =", "unknown field `porpoise`", "use only",
    ),
    "an unknown word in a file": (
        BOOKED, "", "event =", "evnt = 1\nevent =", "unknown field `evnt`", "use only",
    ),
    "a number where words belong": (
        BOOKED, HV, 'purpose = "direct_care"', "purpose = 3", "Expected `str`, got `int`", "use only",
    ),
    "a rule without its reason": (
        BOOKED, HV, "because =", "#", "missing required field `because`", "use only",
    ),
    "an unknown field of the event": (
        NOTIFIED, 'rule = "P01.booking"', 'when = "', 'when = "event.edd == none and ',
        "unknown field 'edd'", "mend the expression",
    ),
    "an unknown name": (
        NOTIFIED, 'rule = "P01.booking"', 'when = "', 'when = "epsode.booked and ',
        "unknown name 'epsode'; did you mean 'episode'?", "mend the expression",
    ),
    "an unknown fact": (
        BOOKED, NAMED, "visitor_held(", "visitor_holds(",
        "unknown fact 'visitor_holds'; did you mean 'visitor_held'?", "mend",
    ),
    "a fact without what it needs": (
        BOOKED, NAMED, "visitor_held()", "held()", "argument 'role' is missing", "mend",
    ),
    "two kinds that cannot be compared": (
        NOTIFIED, 'rule = "P01.booking-late"', 'when = "', """when = "weeks(9) > 'nine' and """,
        "a number cannot be compared with text", "mend",
    ),
    "a code that its field does not have": (
        OUTCOME, 'rule = "P37.cp-is"', 'when = "', """when = "event.decision == 'CPPP' and """,
        "'CPPP' is no value of this field", "mend",
    ),
    "a slip of syntax": (
        NOTIFIED, 'rule = "P01.booking"', 'when = "', 'when = "not not and ', "cannot be read", "mend",
    ),
    "a condition that is false": (
        NOTIFIED, 'rule = "P01.booking"', 'when = "', 'when = "false and ',
        "this rule can never be reached: it says false", "mend or remove",
    ),
    "a condition against itself": (
        OUTCOME, 'rule = "P37.cp-is"', 'when = "',
        """when = "event.decision == 'CPP' and event.decision == 'no_plan' and """,
        "event.decision cannot be both 'CPP' and 'no_plan'", "mend or remove",
    ),
    "an unknown role": (
        BOOKED, HV, '"HV_TEAM"', '"HV_TEEM"', "unknown role 'HV_TEEM'", "roles.toml",
    ),
    "an unknown owner": (
        BOOKED, NAMED, '"TEAM_LEAD_HV"', '"LEADER"', "unknown role 'LEADER'", "roles.toml",
    ),
    "an unknown gap": (BOOKED, HV, '"G02"', '"G99"', "unknown gap 'G99'", "gaps.toml"),
    "an unknown field group": (
        BOOKED, HV, '"staff"', '"stuff"', "unknown field group 'stuff'", "fields.toml",
    ),
    "a field in an unknown group": (
        BOOKED, "", 'group = "pregnancy"\npath = "event.parity"',
        'group = "pregnant"\npath = "event.parity"', "unknown field group 'pregnant'", "identity",
    ),
    "a field that the event does not have": (
        BOOKED, "", '"event.parity"', '"event.parit"', "unknown field 'parit'", "mend",
    ),
    "a field that leads nowhere": (
        "fields.toml", "", '"mother.birth_date"', '"mother.birthday"',
        "'mother.birthday' leads nowhere", "event.",
    ),
    "an unknown level": (
        BOOKED, HV, '"opened"', '"read"', "'read' is no level", "owed, sent, delivered, opened",
    ),
    "an unknown purpose": (
        BOOKED, HV, '"direct_care"', '"care"', "'care' is no purpose", "direct_care, safeguarding",
    ),
    "a bad span": (BOOKED, HV, '"5wd"', '"5 wd"', "'5 wd' is not a span", "one of these forms"),
    "a bad span of an expectation": (
        BOOKED, NAMED, '"{named_health_visitor}"', '"26g"', "'26g' is not a span", "one of these forms",
    ),
    "a notice counted on a pregnancy": (
        BOOKED, HV, '"5wd"', '"20+0g"', "'20+0g' is counted on a pregnancy", "hours, days",
    ),
    "a clock that counts from nothing": (
        BOOKED, HV, "because =", 'counted_from = "yesterday"\nbecause =',
        "counts from 'yesterday', which is no time", "an instant or a date",
    ),
    "a rule that tells nobody": (
        BOOKED, HV, 'to = ["HV_TEAM"]', "to = []", "must tell somebody to some level", "'each'",
    ),
    "a rule without a level": (
        BOOKED, HV, '[{ level = "opened", within = "5wd" }]', "[]", "to some level", "levels",
    ),
    "a question that nothing answers": (
        BOOKED, NAMED, 'until = "visitor_held()"', "", "nothing could ever satisfy", "'awaits'",
    ),
    "a gap that nobody would own": (
        BOOKED, NAMED, 'owner = "TEAM_LEAD_HV"', "", "nobody would own the gap", "give 'owner'",
    ),
    "waiting for an unknown type": (
        NOTIFIED, 'rule = "P01.booking"', '"pregnancy.booked"', '"pregnancy.bokked"',
        "waits for 'pregnancy.bokked', which no schema describes", "name one of",
    ),
    "a severity that there is not": (
        NOTIFIED, 'rule = "P01.booking"', "severity = 2", "severity = 7", "7 is no severity",
        "information, attention",
    ),
    "a rule that stands twice": (
        BOOKED, "", "[[tell]]", SECOND_RULE + "[[tell]]", "rule 'P02.gp' stands twice", "name of its",
    ),
    "a slot that there is not": (
        BOOKED, "", "booked =", "bookd =", "unknown slot 'bookd'", "set one of edd",
    ),
    "a withdrawal with an unknown name": (
        ENDED, "[[withdraw]]", "event.outcome", "event.outcom", "unknown field 'outcom'", "mend",
    ),
    "a file under another event's name": (
        BOOKED, "", 'event = "pregnancy.booked"', 'event = "pregnancy.dated"',
        "in a file called 'pregnancy.booked'", "name of its event type",
    ),
    "a ladder that ends nowhere": (
        "ladders.toml", "", "[[ladder]]", NO_RUNG + "[[ladder]]", "EL-X ends nowhere", "add a",
    ),
    "a rung that tells nobody": (
        "ladders.toml", '"EL-A"', 'to = ["OPERATIONAL_MANAGER"]', "to = []",
        "the ladder ends nowhere: a rung tells nobody", "name at least one role",
    ),
    "a rung that tells an unknown role": (
        "ladders.toml", '"EL-A"', '"OPERATIONAL_MANAGER"', '"MANAGERS"',
        "unknown role 'MANAGERS' on a rung", "roles.toml",
    ),
    "rungs out of order": (
        "ladders.toml", '"EL-A"', 'after = "3wd"', 'after = "1wd"', "no later than the one below",
        "in the order of their waits",
    ),
    "a rung counted on a pregnancy": (
        "ladders.toml", '"EL-A"', 'after = "3wd"', 'after = "30+0g"',
        "'30+0g' is counted on a pregnancy", "working days",
    ),
    "a gap with an unknown ladder": (
        "gaps.toml", 'code = "G02"', '"EL-R"', '"EL-Z"', "G02 escalates to 'EL-Z'", "EL-A, EL-I",
    ),
    "a gap with an unknown owner": (
        "gaps.toml", 'code = "G02"', '"HV_TEAM"', '"NOBODY"', "unknown owner 'NOBODY'", "roles.toml",
    ),
    "a gap of an unknown family": (
        "gaps.toml", 'code = "G02"', '"tell"', '"told"', "'told' is no family", "tell, expect",
    ),
    "a gap of an unknown severity": (
        "gaps.toml", 'code = "G02"', "severity = 2", "severity = 0", "0 is no severity", "attention",
    ),
    "a gap with a strange explanation": (
        "gaps.toml", 'code = "G02"', "{organisation}", "{mother}", "explanation of G02", "{owner}",
    ),
    "a gap that stands twice": (
        "gaps.toml", 'code = "G78"', "", "", "", "",
    ),
    "a role that stands twice": (
        "roles.toml", "", "\n[[role]]", TWICE + "\n[[role]]", "role GP_PRACTICE stands 2 times",
        "remove all but one",
    ),
    "a role with strange hours": (
        "roles.toml", '"HV_TEAM"', '"office"', '"mornings"', "hours 'mornings' of HV_TEAM", "'24h'",
    ),
    "a role that reads as nobody": (
        "roles.toml", 'role = "HV_TEAM"', '"hv"', '"havi"', "HV_TEAM reads as 'havi'", "audiences",
    ),
    "a group that forgets an audience": (
        "fields.toml", '"staff"', 'gp = "F", ', "", "group staff and audience 'gp' do not fit", "F, S",
    ),
    "a group that shows too strange a part": (
        "fields.toml", '"staff"', 'gp = "F"', 'gp = "X"', "'X' is no show", "F, S, P, N",
    ),
    "a bank holiday that is no day": (
        "calendar.toml", "", '"2026-04-03"', '"2026-04-31"', "'2026-04-31' is no day", "2026-12-25",
    ),
    "an inner field of no kind": (
        "inner/input.quarantined.toml", "", 'reason = "text"', 'reason = "words"',
        "field 'reason' is of kind 'words'", "text, number",
    ),
}  # fmt: skip
CASES["a gap that stands twice"] = (
    "gaps.toml", "", "[[gap]]", SECOND_GAP + "\n[[gap]]", "gap G01 stands 2 times", "remove",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped policy."""
    copied = tmp_path / "policy"
    shutil.copytree(HERE, copied, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return copied


def edit(file: Path, after: str, old: str, new: str) -> int:
    """Put `new` for the first `old` after some words; the line on which the edit ends."""
    text = file.read_text(encoding="utf-8")
    start = text.index(after)
    at = text.index(old, start)
    file.write_text(text[:at] + new + text[at + len(old) :], encoding="utf-8")
    return text.count("\n", 0, at) + 1


def faults_of(folder: Path) -> list[PolicyFault]:
    """Everything that is wrong with a policy."""
    with pytest.raises(PolicyFaults) as refused:
        load_policy(folder)
    return refused.value.faults


@pytest.mark.parametrize("sentence", CASES)
def test_a_bad_policy_is_refused(folder: Path, sentence: str) -> None:
    """Each case says in which file, near which line, what is wrong and what to do."""
    name, after, old, new, message, remedy = CASES[sentence]
    line = edit(folder / name, after, old, new)
    found = [f for f in faults_of(folder) if message in f.message]
    assert found, f"{sentence}: nobody said {message!r}"
    assert name == found[0].file
    assert remedy in found[0].remedy
    if "stands" in message:
        named = (folder / name).read_text(encoding="utf-8").splitlines()[found[0].line - 1]
        assert message.split()[1].strip("'") in named
    else:
        assert head(folder / name, line) <= found[0].line <= line + new.count("\n")


def head(file: Path, line: int) -> int:
    """The line on which the table begins in which a line stands: what is missing has no line."""
    lines = file.read_text(encoding="utf-8").splitlines()[:line]
    return max((number for number, text in enumerate(lines, 1) if text.startswith("[")), default=1)


def test_every_fault_is_reported_at_once(folder: Path) -> None:
    """Nobody has to mend a policy one refusal at a time."""
    edit(folder / BOOKED, HV, '"HV_TEAM"', '"HV_TEEM"')
    edit(folder / DISCHARGE, "", '"accepted"', '"filed"')
    edit(folder / "gaps.toml", 'code = "G02"', '"EL-R"', '"EL-Z"')
    assert {"events/pregnancy.booked.toml", DISCHARGE, "gaps.toml"} == {
        f.file for f in faults_of(folder)
    }


def test_a_fault_is_one_line_that_an_editor_can_jump_to(folder: Path) -> None:
    """`file:line: what is wrong -> what to write`."""
    edit(folder / BOOKED, HV, '"HV_TEAM"', '"HV_TEEM"')
    (fault,) = faults_of(folder)
    assert re.fullmatch(r"events/pregnancy\.booked\.toml:\d+: unknown role .* -> .*", str(fault))


def test_the_shipped_policy_is_sound(folder: Path) -> None:
    """The copy loads, and its version follows its words."""
    before = load_policy(folder).version
    assert load_policy().version == before
    edit(folder / BOOKED, HV, "Health visitors", "All health visitors")
    assert before != load_policy(folder).version


def test_every_ladder_that_a_gap_climbs_tells_somebody() -> None:
    """No gap of the shipped policy stays with its owner alone, save G63: its own gap climbs."""
    policy = load_policy()
    silent = {code for code, gap in policy.gaps.items() if not policy.ladders.get(gap.ladder)}
    assert {"G63"} == silent
