"""A FHIR resource of ours as XML.  In JSON it is a plain dictionary."""

from typing import Any, Final
from xml.sax.saxutils import quoteattr

_NAMESPACE: Final = ' xmlns="http://hl7.org/fhir"'


def to_xml(resource: dict[str, Any]) -> str:
    """The XML form.  The order of the members is that of the dictionary."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{_resource(resource, _NAMESPACE, 0)}'


def _resource(resource: dict[str, Any], space: str, depth: int) -> str:
    kind, pad = resource["resourceType"], "  " * depth
    inner = "".join(
        _element(name, value, depth + 1)
        for name, value in resource.items()
        if name != "resourceType"
    )
    return f"{pad}<{kind}{space}>\n{inner}{pad}</{kind}>\n"


def _element(name: str, value: Any, depth: int) -> str:
    pad = "  " * depth
    if isinstance(value, list):
        return "".join(_element(name, each, depth) for each in value)
    if not isinstance(value, dict):
        written = str(value).lower() if isinstance(value, bool) else str(value)
        return f"{pad}<{name} value={quoteattr(written)}/>\n"
    if "resourceType" in value:
        return f"{pad}<{name}>\n{_resource(value, '', depth + 1)}{pad}</{name}>\n"
    address = f" url={quoteattr(value['url'])}" if name == "extension" else ""
    inner = "".join(
        _element(each, part, depth + 1)
        for each, part in value.items()
        if not (address and each == "url")
    )
    return f"{pad}<{name}{address}>\n{inner}{pad}</{name}>\n"
