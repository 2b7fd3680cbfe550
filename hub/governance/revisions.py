"""A policy as it stands in a folder, or as it stood at a revision of git."""

import io
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from hub.core.policy import Policy
from hub.governance.faults import CannotAnswerError
from hub.governance.texts import Texts, read_texts
from hub.ops.settings import PACKAGE, Settings
from hub.policy.loader import load_policy

REPOSITORY = PACKAGE.parent
FOLDERS = ("hub/policy", "schemas")


@dataclass(frozen=True)
class Edition:
    """One policy: what it is called, what it says and what it does."""

    name: str
    texts: Texts
    policy: Policy


@contextmanager
def edition(name: str, settings: Settings, repository: Path = REPOSITORY) -> Iterator[Edition]:
    """The policy that a folder holds, or that a revision of git held.

    Raises CannotAnswerError for a name that is neither, PolicyFaults for a policy with a fault.
    """
    path = Path(name)
    if path.is_dir():
        inside = path / "hub" / "policy"
        folder = inside if inside.is_dir() else path
        own = folder.parent.parent / "schemas" / "events"
        schemas = own if own.is_dir() else settings.schemas_dir / "events"
        yield Edition(name, read_texts(folder), load_policy(folder, [schemas]))
        return
    with TemporaryDirectory() as place:
        _unpack(name, repository, Path(place))
        folder = Path(place) / "hub" / "policy"
        schemas = Path(place) / "schemas" / "events"
        yield Edition(name, read_texts(folder), load_policy(folder, [schemas]))


def _unpack(revision: str, repository: Path, place: Path) -> None:
    """Lay the policy and the schemas of a revision out in a folder."""
    if revision.startswith("-"):
        raise CannotAnswerError(f"{revision!r} is no revision; name a folder or a revision of git")
    try:
        packed = subprocess.run(  # noqa: S603  a list of arguments, and no shell
            ["git", "-C", str(repository), "archive", revision, *FOLDERS],  # noqa: S607  the git of the path
            capture_output=True,
            check=True,
        )
    except FileNotFoundError:
        words = f"{revision!r} is no folder, and git is not here to ask; name a folder"
        raise CannotAnswerError(words) from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()
        words = f"{revision!r} is no folder and no revision of git ({said[-1] if said else ''})"
        raise CannotAnswerError(f"{words}; name one of the two") from None
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(place, filter="data")
