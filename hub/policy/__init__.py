"""Policy as data that clinicians can read, and the loader that checks and compiles it."""
