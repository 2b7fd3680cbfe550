"""FHIR R4 and STU3, in JSON and XML: bytes to events, and answers in FHIR's own words."""
