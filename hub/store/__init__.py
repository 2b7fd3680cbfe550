"""The read model and the delivery outbox, in SQL: SQLite or PostgreSQL."""
