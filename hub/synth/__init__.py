"""A synthetic year of births, what can go wrong in it, and how the hub is scored against it."""
