"""`hub listen`: a subscriber of any kind, for trying out and for the tests."""
