"""The worker's episodes agent: `python -m bench.whole.ours BROKER APP DATA ID`.

The agent as it is (agents/episodes.py), full policy, without its neighbours: the inputs lie in
`hub.inputs` already, wakes among them, so neither intake nor identity nor the clock runs here.
"""

import sys
from pathlib import Path

from pydantic import SecretStr

from agents.agenda import Agenda
from agents.context import context_from
from agents.episodes import add_episodes
from agents.transport import make_app, run
from bench.whole.inputs import PARTITIONS
from hub.ops.logs import start_logs
from hub.ops.settings import Settings
from hub.ops.topics import INPUTS


def main(broker: str, name: str, folder: Path, worker: str) -> int:
    """Run until SIGTERM."""
    settings = Settings(kafka=broker, data_dir=folder, secret_key=SecretStr("of a benchmark"))
    start_logs("worker", settings.log_level, worker_id=worker)
    app = make_app(
        name,
        broker=broker,
        data_dir=folder,
        partitions=PARTITIONS,
        replication=1,
        worker_id=worker,
        gapless=[INPUTS],
    )
    add_episodes(app, context_from(settings), Agenda())
    return run(app)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4]))
