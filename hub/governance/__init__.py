"""Tools for those who own the policy: trace, coverage, explanation, book, differences, mutants.

They read what the hub reads and ask the core what it would do; they decide nothing themselves.
"""
