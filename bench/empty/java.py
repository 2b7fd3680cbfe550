"""Kafka Streams, where a JDK is present: fetch its jars by committed digest, compile, run."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from hub.ops.kafka_jars import cache_folder, ensure_jars

HERE = Path(__file__).parent
SOURCE = HERE / "KafkaStreamsPeer.java"
DIGESTS = HERE / "kafka-streams-jars.sha256"
VERSION = "4.3.1"
COMPILE_SECONDS = 60


@dataclass(frozen=True)
class Java:
    """A compiled peer; `command` starts it."""

    java: str
    class_path: str

    def command(self, *arguments: str) -> list[str]:
        """The command line of the peer."""
        logging = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
        return [self.java, "-Xmx1g", logging, "-cp", self.class_path, SOURCE.stem, *arguments]


def compiled(folder: Path) -> Java | None:
    """The peer, compiled into `folder`; None where there is no JDK.

    Raises JarsUnfitError when its jars cannot be had, CalledProcessError when javac refuses.
    """
    javac = shutil.which("javac")
    if javac is None:
        return None
    jars = ensure_jars(folder=cache_folder().parent / f"kafka-streams-{VERSION}", digests=DIGESTS)
    path = ":".join(str(each) for each in (*jars, folder))
    subprocess.run(  # noqa: S603  the JDK of this machine, on our own source
        [javac, "-cp", path, "-d", str(folder), str(SOURCE)],
        check=True,
        capture_output=True,
        timeout=COMPILE_SECONDS,
    )
    return Java(str(Path(javac).with_name("java")), path)
