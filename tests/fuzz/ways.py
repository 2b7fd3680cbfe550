"""Every way in that is fuzzed, by its name."""

from collections.abc import Callable
from typing import Final

from tests.fuzz.doors import Avro, CloudEvents, FhirJson, FhirXml, FuzzedDoor, Hl7, Mllp
from tests.fuzz.http_door import Cda, Http

DOORS: Final[dict[str, Callable[[], FuzzedDoor]]] = {
    door.name: door for door in (Mllp, Hl7, FhirJson, FhirXml, CloudEvents, Cda, Avro, Http)
}
