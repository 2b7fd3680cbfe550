"""The hub's front door: the API, the registry's read side, and the pages people work in."""
