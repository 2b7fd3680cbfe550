"""Readers of HL7 CDA documents."""
