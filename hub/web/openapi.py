"""The API's own description: every address for machines, every status, every event type.

Pages are not in it, nor is the read side of the schema registry, which is described by those whose
interface it is.  A test holds every answer against this description.
"""

from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from hub.edges.doors import openapi_schemas
from hub.edges.schemas import Schemas
from hub.store.read_lines import NoticeView
from hub.web.openapi_parts import (
    ANSWERS,
    BOOKING,
    CLOUDEVENT,
    COMPONENTS,
    DESCRIPTION,
    DOORS,
    ENCOUNTER,
    OPERATIONS,
    SANDBOX,
    Operation,
)

type_of_json = dict[str, Any]


def describe(app: FastAPI, schemas: Schemas) -> type_of_json:
    """The OpenAPI document, built on first use."""
    if app.openapi_schema is not None:
        return app.openapi_schema
    document = get_openapi(
        title=app.title, version=app.version, routes=app.routes, description=DESCRIPTION
    )
    parts = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        parts.pop(unused, None)
    event = _add_event_types(parts, schemas)
    parts.update(COMPONENTS)
    _add_notice(parts)
    for (path, method), operation in OPERATIONS.items():
        _describe(document["paths"][path][method], operation)
    _add_bodies(document["paths"], event)
    for path in DOORS:
        document["paths"][path]["post"].setdefault("parameters", []).append(SANDBOX)
    document["components"].setdefault("securitySchemes", {})["key"] = {
        "type": "http",
        "scheme": "bearer",
        "description": "the key agreed at onboarding; a demonstration takes demo- and an ODS code",
    }
    app.openapi_schema = document
    return document


def _add_event_types(parts: type_of_json, schemas: Schemas) -> type_of_json:
    """The schema of each event type; and the one of any of them.

    Generators of clients name their classes by `title`, so each title is there once.
    """
    references = {}
    for event_type, schema in openapi_schemas(schemas).items():
        title = schema["title"]
        for name, inner in schema.pop("$defs", {}).items():
            # The body's own name begins with that of its event.
            inner["title"] = name if name.startswith(title) else f"{title}{name}"
            parts[f"{event_type}.{name}"] = inner
        parts[event_type] = schema
        references[event_type] = _reference(event_type)
    return {
        "oneOf": [{"$ref": reference} for reference in references.values()],
        "discriminator": {"propertyName": "type", "mapping": references},
    }


def _add_notice(parts: type_of_json) -> None:
    """The shape of a notice, from the value that is sent."""
    (notice,), inner = msgspec.json.schema_components(
        [NoticeView], ref_template="#/components/schemas/{name}"
    )
    del notice
    parts.update(inner)


def _reference(name: str) -> str:
    return f"#/components/schemas/{name}"


def _describe(found: type_of_json, operation: Operation) -> None:
    """Give an operation its statuses, and the key that it needs."""
    found["operationId"] = operation.id
    found["security"] = [{"key": []}] if operation.key else []
    responses = found["responses"]
    responses.pop("422", None)
    for status in operation.statuses:
        kind, schema = operation.fault
        responses[str(status)] = {
            "description": ANSWERS[status],
            "content": {each: {"schema": {"$ref": _reference(schema)}} for each in kind},
        }
        if status == 503 and operation.key:
            responses["503"]["headers"] = {
                "Retry-After": {"schema": {"type": "integer"}, "description": "seconds"}
            }
    if operation.says:
        status, kinds, schema = operation.says
        told = {each: {"schema": {"$ref": _reference(schema)}} for each in kinds}
        if operation.sandboxed:
            responses["200"] = {"description": "Right; nothing was done with it", "content": told}
        responses.setdefault(str(status), {"description": "The hub has it"})["content"] = told


def _add_bodies(paths: type_of_json, event: type_of_json) -> None:
    """What the doors that read a body themselves take.

    One form each: of a body with several, the best-known generator for Python makes a module that
    cannot be imported.  The others stand in words.
    """
    booking = {"booking": {"summary": "A booking", "value": BOOKING}}
    _takes(
        paths["/events"],
        "application/json",
        {"schema": event, "examples": booking},
        f"One event; {CLOUDEVENT} is taken too.",
    )
    _takes(
        paths["/cloudevents"],
        CLOUDEVENT,
        {"schema": {"$ref": _reference("CloudEvent")}},
        "One CloudEvent; a list of them as application/cloudevents-batch+json; or one in binary "
        "mode, its attributes in ce- headers and its data as application/json.",
    )
    _takes(
        paths["/events/csv"],
        "text/csv",
        {"schema": {"$ref": _reference("CsvFile")}},
        "A file with a header and one event in each row, in UTF-8, UTF-16 or Windows-1252.",
    )
    _takes(
        paths["/absences/rota"],
        "text/csv",
        {"schema": {"$ref": _reference("RotaFile")}},
        "A rota: person, cover, role, first_day and last_day, or since and until; text/calendar is "
        "taken too.",
    )
    _takes(
        paths["/cda"],
        "application/xml",
        {"schema": {"$ref": _reference("CdaDocument")}},
        "A discharge summary as HL7 CDA.",
    )
    _add_fhir_bodies(paths)


def _add_fhir_bodies(paths: type_of_json) -> None:
    kind = {"name": "kind", "in": "path", "required": True, "schema": {"type": "string"}}
    paths["/fhir/{kind}"]["post"]["parameters"] = [kind]
    for path in ("/fhir", "/fhir/$process-message", "/fhir/{kind}"):
        admission = {"encounter": {"summary": "An admission", "value": ENCOUNTER}}
        _takes(
            paths[path],
            "application/fhir+json",
            {"schema": {"$ref": _reference("FhirResource")}, "examples": admission},
            "A resource or a bundle; application/fhir+xml is taken too.",
        )


def _takes(path: type_of_json, kind: str, content: type_of_json, said: str) -> None:
    body = {"required": True, "description": said, "content": {kind: content}}
    path["post"]["requestBody"] = body
