"""Whether this gateway lives, and whether it can do its work, in words."""

import asyncio

import sqlalchemy as sa
from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from hub.web.desk import AtDesk

router = APIRouter(prefix="/health", tags=["health"])

PROBE_SECONDS = 2.0
"""An orchestrator asks every few seconds; a longer wait would pile questions up."""


@router.get("/live")
async def live() -> dict[str, str]:
    """The process answers."""
    return {"gateway": "answers"}


class Ready(BaseModel):
    """Whether what the gateway needs can be reached, in words."""

    database: str
    kafka: str


@router.get(
    "/ready",
    response_model=Ready,
    responses={503: {"model": Ready, "description": "Not ready, and the words say what lacks"}},
)
async def ready(desk: AtDesk) -> JSONResponse:
    """Kafka and the database can be reached; 503 names the one that cannot."""
    database = await _database(desk)
    kafka = await _kafka(desk.settings.kafka)
    status = 200 if (database, kafka) == ("can be reached", "can be reached") else 503
    return JSONResponse({"database": database, "kafka": kafka}, status_code=status)


def _ask(conn: Connection) -> None:
    conn.execute(sa.text("SELECT 1"))


async def _database(desk: AtDesk) -> str:
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await desk.read(_ask)
    except (SQLAlchemyError, TimeoutError):
        return "cannot be reached: pages and receipts wait until it is back"
    return "can be reached"


async def _kafka(bootstrap: str) -> str:
    """A broker's port accepts a connection.  The publisher itself finds out the rest."""
    for broker in filter(None, (each.strip() for each in bootstrap.split(","))):
        host, _, port = broker.rpartition(":")
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                _, writer = await asyncio.open_connection(host, int(port))
        except (OSError, ValueError, TimeoutError):
            continue
        writer.close()
        return "can be reached"
    return "cannot be reached: events are answered with 503 until it is back"
