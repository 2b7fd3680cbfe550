"""The read side of the Confluent Schema Registry REST API, answered from `schemas/`.

Ordinary Kafka clients ask here for the schema behind the number in a record.  Everything is fixed
and committed, so nothing can be registered or deleted: writes are refused in the registry's own
error form.  The gateway mounts the router under `/registry`.
"""

import json
from json import JSONDecodeError
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from hub.edges.avsc import meaning
from hub.edges.schemas import Released, Schemas
from hub.ops import limits

LARGEST_LOOKUP_BYTES = limits.LOOKUP_BYTES.value
MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"

# The numbers are those of the Confluent REST API, which clients tell apart.
SUBJECT_NOT_FOUND = 40401
VERSION_NOT_FOUND = 40402
SCHEMA_NOT_FOUND = 40403
INVALID_SCHEMA = 42201
INVALID_VERSION = 42202
READ_ONLY = 42205


def registry_router(schemas: Schemas) -> APIRouter:
    """The routes, for one set of schemas."""
    router = APIRouter(tags=["schema registry"], default_response_class=_RegistryJSON)
    _add_ids(router, schemas)
    _add_subjects(router, schemas)
    _add_lookup(router, schemas)
    _add_settings(router)
    return router


class _RegistryJSON(JSONResponse):
    media_type = MEDIA_TYPE


def _fault(status: int, code: int, message: str) -> _RegistryJSON:
    return _RegistryJSON({"error_code": code, "message": message}, status_code=status)


def _add_ids(router: APIRouter, schemas: Schemas) -> None:
    @router.get("/schemas/types")
    def types() -> Any:
        return _RegistryJSON(["AVRO"])

    @router.get("/schemas/ids/{number}")
    def schema_of(number: str, subject: str | None = None) -> Any:
        found = _by_number(schemas, number)
        # Clients name the subject they expect; the number alone decides, as it does for Confluent
        # when the subject holds no such schema.
        del subject
        return _no_schema() if found is None else _RegistryJSON({"schema": found.text()})

    @router.get("/schemas/ids/{number}/schema")
    def bare_schema_of(number: str) -> Any:
        found = _by_number(schemas, number)
        return _no_schema() if found is None else _RegistryJSON(found.avsc)

    @router.get("/schemas/ids/{number}/versions")
    def versions_of(number: str) -> Any:
        found = _where(schemas, number)
        listed = [{"subject": subject, "version": one.version} for subject, one in found]
        return _RegistryJSON(listed) if listed else _no_schema()

    @router.get("/schemas/ids/{number}/subjects")
    def subjects_of(number: str) -> Any:
        found = _where(schemas, number)
        return _RegistryJSON([subject for subject, _ in found]) if found else _no_schema()


def _add_subjects(router: APIRouter, schemas: Schemas) -> None:
    @router.get("/subjects")
    def subjects(prefix: Annotated[str, Query(alias="subjectPrefix")] = "") -> Any:
        # Confluent writes ":*:" for "every context"; there is only the one.
        wanted = prefix.removeprefix(":*:")
        return _RegistryJSON([one for one in schemas.subjects() if one.startswith(wanted)])

    @router.get("/subjects/{subject}/versions")
    def versions(subject: str) -> Any:
        held = schemas.subjects().get(subject)
        return _no_subject() if held is None else _RegistryJSON([one.version for one in held])

    @router.get("/subjects/{subject}/versions/{version}")
    def version_of(subject: str, version: str) -> Any:
        found = _find(schemas, subject, version)
        if not isinstance(found, Released):
            return found
        return _RegistryJSON(_described(subject, found))

    @router.get("/subjects/{subject}/versions/{version}/schema")
    def bare_version_of(subject: str, version: str) -> Any:
        found = _find(schemas, subject, version)
        return _RegistryJSON(found.avsc) if isinstance(found, Released) else found


def _add_lookup(router: APIRouter, schemas: Schemas) -> None:
    @router.post("/subjects/{subject}")
    async def look_up(subject: str, request: Request) -> Any:
        held = schemas.subjects().get(subject)
        if held is None:
            return _no_subject()
        asked = await _asked(request)
        if asked is None:
            return _fault(422, INVALID_SCHEMA, "The body holds no Avro schema")
        for one in reversed(held):
            if meaning(one.avsc) == asked:
                return _RegistryJSON(_described(subject, one))
        return _no_schema()

    @router.post("/subjects/{subject}/versions")
    @router.delete("/subjects/{subject}")
    @router.put("/config/{subject}")
    @router.put("/config")
    def refuse(subject: str = "") -> Any:
        del subject
        return _fault(
            422,
            READ_ONLY,
            "This registry is read-only; set auto.register.schemas to false and use a schema"
            " it already holds",
        )


def _add_settings(router: APIRouter) -> None:
    @router.get("/config")
    @router.get("/config/{subject}")
    def config(subject: str = "") -> Any:
        del subject
        return _RegistryJSON({"compatibilityLevel": "FULL_TRANSITIVE"})

    @router.get("/mode")
    @router.get("/mode/{subject}")
    def mode(subject: str = "") -> Any:
        del subject
        return _RegistryJSON({"mode": "READONLY"})


def _by_number(schemas: Schemas, number: str) -> Released | None:
    return schemas.by_id(int(number)) if number.isascii() and number.isdigit() else None


def _where(schemas: Schemas, number: str) -> list[tuple[str, Released]]:
    return [
        (subject, one)
        for subject, held in schemas.subjects().items()
        for one in held
        if str(one.id) == number
    ]


def _find(schemas: Schemas, subject: str, version: str) -> Released | _RegistryJSON:
    held = schemas.subjects().get(subject)
    if held is None:
        return _no_subject()
    if version in {"latest", "-1"}:
        return held[-1]
    if not (version.isascii() and version.isdigit()):
        return _fault(422, INVALID_VERSION, "The version is a positive number or latest")
    for one in held:
        if str(one.version) == version:
            return one
    return _fault(404, VERSION_NOT_FOUND, "Version not found")


async def _asked(request: Request) -> Any:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_LOOKUP_BYTES:
            return None
    try:
        return meaning(json.loads(json.loads(body)["schema"]))
    except (JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, RecursionError):
        return None


def _described(subject: str, one: Released) -> dict[str, Any]:
    return {"subject": subject, "version": one.version, "id": one.id, "schema": one.text()}


def _no_schema() -> _RegistryJSON:
    return _fault(404, SCHEMA_NOT_FOUND, "Schema not found")


def _no_subject() -> _RegistryJSON:
    return _fault(404, SUBJECT_NOT_FOUND, "Subject not found")
