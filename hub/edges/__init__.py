"""One module per outside language: pure mapping on top, thin I/O below."""
