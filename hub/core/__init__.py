"""The pure middle: model, policy evaluation, deadlines, lifecycle, gaps and `decide`.

Nothing here reads a clock, opens a file, logs, draws a random number or imports a framework.
"""
