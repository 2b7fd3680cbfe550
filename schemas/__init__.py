"""Avro schemas of every record that crosses a process boundary; data only."""
