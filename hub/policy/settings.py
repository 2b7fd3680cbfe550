"""Settings of areas: read from `areas.toml`, checked, and worked out for every area at once."""

import re
from collections.abc import Callable, Mapping

from msgspec import Struct
from msgspec.json import encode

from hub.core.deadlines import Span, Unit, parse_span
from hub.core.kinds import LIST, NUMBER, Kind, Record
from hub.core.policy import RoleRule
from hub.core.settings import (
    DAY_AND_NIGHT,
    FEED_SETTINGS,
    OFFICE_HOURS,
    READING_SECONDS,
    AnySpan,
    LocalSpan,
    Setting,
    SettingKind,
    Settings,
    type_of_value,
)
from hub.policy import files
from hub.policy.source import Source
from hub.policy.tables import check_once, read_span, read_wait

FORMS = {
    SettingKind.SPAN: "a span such as '10wd', '-48h' or '28d'",
    SettingKind.GESTATION: "weeks and days of pregnancy such as '20+0'",
    SettingKind.AGE: "days of the baby's age such as '14a'",
    SettingKind.NUMBER: "a whole number",
    SettingKind.ROLES: "a list of roles",
}
SETTING_KINDS: dict[SettingKind, Kind] = {
    SettingKind.SPAN: "a span, which stands in spans only",
    SettingKind.GESTATION: NUMBER,
    SettingKind.AGE: NUMBER,
    SettingKind.NUMBER: NUMBER,
    SettingKind.ROLES: LIST,
}
"""What a setting is in a condition."""
BY_THE_HUB = (DAY_AND_NIGHT, OFFICE_HOURS, READING_SECONDS, *FEED_SETTINGS)
"""Settings that no rule need name: the hub itself asks for them."""
NAMED = re.compile(r"\bsetting\.(\w+)|\{(\w+)\}")
_BRACES = re.compile(r"\{(\w*)\}")


def read_areas(source: Source, roles: Mapping[str, RoleRule]) -> Settings:
    """Every setting, and its value in every area."""
    found = source.read(files.AreasFile)
    if found is None:
        return Settings()
    check_once(source, "setting", (row.name for row in found.setting))
    check_once(source, "area", (code for area in found.area for code in area.codes))
    kinds: dict[str, SettingKind] = {}
    usual: dict[str, type_of_value] = {}
    for row in found.setting:
        here = f'"{row.name}"'
        kinds[row.name] = source.choose(SettingKind, row.kind, SettingKind.NUMBER, here)
        usual[row.name] = _value(source, roles, kinds[row.name], row.default, here)
    areas: dict[str, dict[str, type_of_value]] = {}
    for area in found.area:
        here = f'"{area.codes[0]}"' if area.codes else "codes = []"
        if not area.codes:
            source.fault("an area without a code is nobody's", "name its codes", here)
        own = {}
        for name, written in area.settings.items():
            if name not in kinds:
                words = f"unknown setting {name!r}"
                source.fault(words, f"name one of {', '.join(sorted(kinds))}", here, name)
                continue
            own[name] = _value(source, roles, kinds[name], written, here, name)
        areas |= dict.fromkeys(area.codes, usual | own)
    known = {row.name: _setting(row, kinds[row.name], found.area) for row in found.setting}
    return Settings(known=known, usual=usual, areas=areas)


def _setting(
    row: files.SettingTable, kind: SettingKind, areas: tuple[files.AreaTable, ...]
) -> Setting:
    """A setting in words, for explanations."""
    return Setting(
        name=row.name,
        label=row.label,
        kind=kind,
        authority=row.authority,
        usual=_words(row.default),
        written={
            code: _words(area.settings[row.name])
            for area in areas
            for code in area.codes
            if row.name in area.settings
        },
    )


def _words(written: files.type_of_written) -> str:
    return (", ".join(written) or "none") if isinstance(written, tuple) else str(written)


def _value(
    source: Source,
    roles: Mapping[str, RoleRule],
    kind: SettingKind,
    written: files.type_of_written,
    *here: str,
) -> type_of_value:
    """What stands in conditions for a setting; its kind decides what may be written."""
    value = _read(kind, written)
    if value is None:
        words = f"{written!r} is no value of a setting of kind {kind.value!r}"
        source.fault(words, f"write {FORMS[kind]}", *here)
        return 0
    for role in value if isinstance(value, tuple) else ():
        if role not in roles:
            source.fault(f"unknown role {role!r}", "name a role of roles.toml", *here, role)
    return value


def _read(kind: SettingKind, written: files.type_of_written) -> type_of_value | None:
    """The value of what is written, or None where it is of another kind."""
    if isinstance(written, tuple):
        return written if kind is SettingKind.ROLES else None
    if isinstance(written, int):
        return written if kind is SettingKind.NUMBER else None
    try:
        span = parse_span(f"{written}g" if kind is SettingKind.GESTATION else written)
    except ValueError:
        return None
    match kind:
        case SettingKind.GESTATION:
            return span.amount if span.unit is Unit.GESTATION else None
        case SettingKind.AGE:
            return span.amount if span.unit is Unit.INFANT_AGE else None
        case SettingKind.SPAN:
            return written if not span.counts_on(Unit.GESTATION, Unit.INFANT_AGE) else None
    return None


def read_local_span(settings: Settings, source: Source, text: str, *needles: str) -> AnySpan:
    """A span of a rule, worked out for every area where it names a setting."""
    return _local(settings, source, text, read_span, *needles)


def read_local_wait(settings: Settings, source: Source, text: str, *needles: str) -> AnySpan:
    """As `read_local_span`, of a span that runs for everybody alike."""
    return _local(settings, source, text, read_wait, *needles)


def _local(
    settings: Settings,
    source: Source,
    text: str,
    read: Callable[..., Span],
    *needles: str,
) -> AnySpan:
    names = _BRACES.findall(text)
    if not names:
        return read(source, text, *needles)
    for name in names:
        setting = settings.known.get(name)
        if setting is None:
            words = f"unknown setting {name!r}"
            known = ", ".join(sorted(settings.known))
            source.fault(words, f"name one of {known}", *needles, text)
            return Span(Unit.HOURS, 0)
        if setting.kind in (SettingKind.NUMBER, SettingKind.ROLES):
            words = f"setting {name!r} is {FORMS[setting.kind]}, and a span is wanted here"
            source.fault(words, "name a setting of kind span, gestation or age", *needles, text)
            return Span(Unit.HOURS, 0)

    def filled(area: str) -> Span:
        return read(source, _BRACES.sub(lambda m: _in_span(settings, m[1], area), text), *needles)

    own = {area for name in names for area in settings.known[name].written}
    return LocalSpan(text=text, usual=filled(""), areas={area: filled(area) for area in own})


def _in_span(settings: Settings, name: str, area: str) -> str:
    """A setting as it is written inside a span."""
    setting = settings.known[name]
    written = setting.written.get(area, setting.usual)
    return f"{written}g" if setting.kind is SettingKind.GESTATION else written


def kinds_in_conditions(settings: Settings) -> Record:
    """What a condition may name after `setting.`."""
    return Record({name: SETTING_KINDS[one.kind] for name, one in settings.known.items()})


def named_in(settings: Settings, row: Struct) -> tuple[str, ...]:
    """The settings that a row of a rule names, by the whole of its text."""
    text = encode(row).decode()
    found = {first or second for first, second in NAMED.findall(text)}
    return tuple(name for name in settings.known if name in found)


def said_here(settings: Settings, names: tuple[str, ...], because: str) -> dict[str, str]:
    """The reason of a rule with how each area has set what it names; under "" as usual."""
    areas = {"", *(area for name in names for area in settings.known[name].written)}
    return {
        area: " ".join((because, *(_said(settings.known[name], area) for name in names)))
        for area in areas
    }


def _said(setting: Setting, area: str) -> str:
    own = setting.written.get(area)
    if own is None:
        return f"{setting.label}: {setting.usual} (setting {setting.name}, as usual)."
    return f"{setting.label}: {own} (setting {setting.name} of area {area})."


def check_used(settings: Settings, source: Source, used: set[str]) -> None:
    """A setting that nothing asks for would be changed in vain."""
    for name in settings.known:
        if name not in used and name not in BY_THE_HUB:
            source.fault(
                f"no rule names the setting {name!r}, so that it changes nothing",
                f"name it in a rule, as setting.{name} or {{{name}}}, or remove it",
                f'"{name}"',
            )
