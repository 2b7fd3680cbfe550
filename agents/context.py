"""What every agent of one worker shares: the policy, the directory, the clock, the hub's secret."""

from dataclasses import dataclass

from hub.core.policy import Policy
from hub.edges import avro
from hub.edges.directory import Directory, load_directory
from hub.edges.matters import secret_of_keys
from hub.edges.schemas import Schemas
from hub.ops.clock import Clock, clock_from
from hub.ops.settings import Settings
from hub.policy.loader import load_policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Read once when the worker starts; a new policy or directory is a restart."""

    policy: Policy
    directory: Directory
    clock: Clock
    secret: bytes
    schemas: Schemas
    partitions: int


def context_from(settings: Settings) -> Context:
    """Everything an agent needs, from settings.

    Raises PolicyFaults when the policy cannot be used, and ValueError in words for a setting.
    """
    schemas = Schemas.load(settings.schemas_dir)
    avro.use_schemas(schemas)
    return Context(
        policy=load_policy(settings.policy_dir, [settings.schemas_dir / "events"]),
        directory=load_directory(settings.directory),
        clock=clock_from(settings.clock),
        secret=secret_of_keys(settings.secret()),
        schemas=schemas,
        partitions=settings.partitions,
    )
