"""How a worker ends itself: one function, a closed list of exit codes, and words in the log.

Crash-only is the rule of the engine: a write that failed, a hole in the input, a commit that does
not move or an agent that raised cannot be repaired in place without losing the proof that nothing
was skipped.  A restart replays from the last commit, and the episodes absorb the repeats.
"""

import logging
import os
import sys
import traceback
from enum import IntEnum
from typing import NoReturn

logger = logging.getLogger("hub.transport")


class ExitCode(IntEnum):
    """Why the process ended.  Operator actions are in docs/engine.md under the same names."""

    PAUSED = 3
    HOLE = 4
    WRITE_FAILED = 5
    AGENT_FAILED = 6
    COMMIT_STALLED = 7
    ENGINE_FAILED = 8
    TOPICS_UNFIT = 9


def end_process(code: ExitCode, words: str, cause: BaseException | None = None) -> NoReturn:
    """Say why in one log line and end at once, from any thread; never returns.

    Only the type of `cause` and the places it passed through are logged, never its text: the text
    of an unforeseen exception may quote clinical content.  `os._exit` is meant: an orderly
    shutdown would commit, flush and wait, which is what must not happen now.
    """
    line = f"worker ends with exit code {code.value} ({code.name.lower()}): {words}"
    if cause is not None:
        places = "".join(traceback.format_tb(cause.__traceback__))
        line = f"{line}; cause {type(cause).__name__}\n{places}"
    logger.critical(line)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code.value)
