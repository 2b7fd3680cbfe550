"""Avro schemas as plain JSON: spelling named types out, and comparing what two schemas mean.

Pure: nothing here reads a file or a clock.
"""

from typing import Any

type_of_schema = dict[str, Any]

PRIMITIVES = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})
COMPLEX = frozenset({"record", "enum", "fixed", "array", "map"})
MEANINGFUL = ("symbols", "size", "default", "logicalType")


def inline(
    schema: Any,
    named: dict[str, type_of_schema],
    seen: set[str],
    namespace: str = "",
) -> Any:
    """The schema with each named type spelled out where it is first used.

    `seen` collects the names already spelled out.  Raises ValueError for a name that neither the
    schema nor `named` defines.
    """
    if isinstance(schema, list):
        return [inline(one, named, seen, namespace) for one in schema]
    if isinstance(schema, str):
        return _spelled_out(schema, named, seen, namespace)
    here = _namespace_within(schema, namespace)
    if "name" in schema:
        seen.add(full_name(declared_name(schema), namespace))
    whole = dict(schema)
    if "fields" in schema:
        whole["fields"] = [
            {**one, "type": inline(one["type"], named, seen, here)} for one in schema["fields"]
        ]
    if "items" in schema:
        whole["items"] = inline(schema["items"], named, seen, here)
    return whole


def _spelled_out(
    name: str, named: dict[str, type_of_schema], seen: set[str], namespace: str
) -> Any:
    if name in PRIMITIVES:
        return name
    full = full_name(name, namespace)
    if full in seen:
        return full
    if full not in named:
        raise ValueError(f"type {full} is defined nowhere; add it to schemas/types")
    return inline(named[full], named, seen, namespace)


def meaning(schema: Any, namespace: str = "") -> Any:
    """The schema without words for people: two schemas are the same if and only if these agree.

    Full names, fields in order, symbols, defaults and logical types count; `doc` and custom
    properties do not.
    """
    if isinstance(schema, list):
        return [meaning(one, namespace) for one in schema]
    if isinstance(schema, str):
        return schema if schema in PRIMITIVES else full_name(schema, namespace)
    here = _namespace_within(schema, namespace)
    kind = schema["type"]
    kept = {"type": kind if _is_complex(kind) else meaning(kind, here)}
    kept |= {key: schema[key] for key in MEANINGFUL if key in schema}
    if "name" in schema:
        kept["name"] = full_name(declared_name(schema), namespace)
    if "fields" in schema:
        kept["fields"] = [_field_meaning(one, here) for one in schema["fields"]]
    kept |= {key: meaning(schema[key], here) for key in ("items", "values") if key in schema}
    return kept["type"] if set(kept) == {"type"} else kept


def _is_complex(kind: Any) -> bool:
    return isinstance(kind, str) and kind in COMPLEX


def _field_meaning(field: dict[str, Any], namespace: str) -> dict[str, Any]:
    kept = {"name": field["name"], "type": meaning(field["type"], namespace)}
    if "default" in field:
        kept["default"] = field["default"]
    return kept


def declared_name(schema: type_of_schema) -> str:
    """The name with the schema's own namespace, where it has one."""
    own = str(schema.get("namespace", ""))
    name = str(schema["name"])
    return name if "." in name or not own else f"{own}.{name}"


def full_name(name: str, namespace: str) -> str:
    """The name within the namespace around it, unless it names its own."""
    return name if "." in name or not namespace else f"{namespace}.{name}"


def _namespace_within(schema: type_of_schema, namespace: str) -> str:
    if "name" not in schema:
        return namespace
    return full_name(declared_name(schema), namespace).rpartition(".")[0]
