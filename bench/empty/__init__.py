"""One keyed state update, one changelog record and one output an input; nothing is decided."""
