"""The API's own description, with the schema of every event type in it."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from hub.edges.doors import openapi_schemas
from hub.edges.schemas import Schemas

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "What happened, which field, and what to do next (RFC 9457).",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "field": {"type": ["string", "null"]},
        "reason": {"type": "string"},
        "remedy": {"type": ["string", "null"]},
        "quarantine_id": {"type": ["string", "null"]},
    },
    "required": ["type", "title", "status", "detail", "reason"],
}

ANSWERS = {
    "401": "No key that the hub knows",
    "403": "The source is not the organisation of the key",
    "409": "The id was used before with other content",
    "413": "Too large",
    "415": "Not JSON",
    "422": "Understood, but it cannot be used",
    "503": "Kafka is away; send it again after Retry-After seconds",
}


def describe(app: FastAPI, schemas: Schemas) -> dict[str, Any]:
    """The OpenAPI document, built on first use."""
    if app.openapi_schema is not None:
        return app.openapi_schema
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    parts = document.setdefault("components", {}).setdefault("schemas", {})
    references = {}
    for event_type, schema in openapi_schemas(schemas).items():
        for name, inner in schema.pop("$defs", {}).items():
            parts[f"{event_type}.{name}"] = inner
        parts[event_type] = schema
        references[event_type] = f"#/components/schemas/{event_type}"
    parts["Problem"] = PROBLEM
    post = document["paths"]["/events"]["post"]
    one_of = {
        "oneOf": [{"$ref": reference} for reference in references.values()],
        "discriminator": {"propertyName": "type", "mapping": references},
    }
    post["requestBody"] = {
        "required": True,
        "content": {
            "application/json": {"schema": one_of},
            "application/cloudevents+json": {"schema": one_of},
        },
    }
    for status, said in ANSWERS.items():
        post["responses"][status] = {
            "description": said,
            "content": {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            },
        }
    parts_of_security = document["components"].setdefault("securitySchemes", {})
    parts_of_security["key"] = {"type": "http", "scheme": "bearer"}
    document["security"] = [{"key": []}]
    app.openapi_schema = document
    return document
