"""Drafts of reports, on both databases: kept for a week, a few for each writer, nobody else's."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from hub.store.engine import reading, writing
from hub.web.drafts import KEPT_FOR, MOST_OF_ONE, Draft, discard, find, of_person, prepare, save

NOW = datetime(2026, 3, 24, 17, tzinfo=UTC)


def draft(name: str, person: str = "hv-1", **answers: str) -> Draft:
    """A draft, as the page makes it."""
    return Draft(
        draft_id=name,
        person_id=person,
        organisation="RYX",
        event_type="concern.raised",
        answers=answers,
        begun_at=NOW,
        saved_at=NOW,
        expires_at=NOW,
    )


def test_a_draft_comes_back_as_it_was_saved_last(engine: Engine) -> None:
    """To its writer, at her organisation, until its week is over."""
    prepare(engine)
    prepare(engine)
    later = NOW + timedelta(days=1)
    with writing(engine) as conn:
        save(conn, draft("d-1", site="ward"), NOW)
        save(conn, draft("d-1", site="wärd 7"), later)
        save(conn, draft("d-2", person="hv-2"), later)
    with reading(engine) as conn:
        found = find(conn, "d-1", "hv-1", "RYX", later)
        assert found is not None
        assert ({"site": "wärd 7"}, later + KEPT_FOR) == (found.answers, found.expires_at)
        assert None is find(conn, "d-1", "hv-2", "RYX", later)
        assert None is find(conn, "d-1", "hv-1", "RXX", later)
        assert None is find(conn, "d-1", "hv-1", "RYX", later + KEPT_FOR)
        assert ["d-1"] == [each.draft_id for each in of_person(conn, "hv-1", "RYX", later)]


def test_the_oldest_make_room_and_what_has_run_out_is_swept(engine: Engine) -> None:
    """Of one writer; another's are left alone, and so is what another discards."""
    prepare(engine)
    with writing(engine) as conn:
        save(conn, draft("other", person="hv-2"), NOW)
        for number in range(MOST_OF_ONE + 3):
            save(conn, draft(f"d-{number:02}"), NOW + timedelta(minutes=number))
        discard(conn, "other", "hv-1")
    with reading(engine) as conn:
        kept = [each.draft_id for each in of_person(conn, "hv-1", "RYX", NOW)]
        assert (MOST_OF_ONE, "d-22", "d-03") == (len(kept), kept[0], kept[-1])
        assert 1 == len(of_person(conn, "hv-2", "RYX", NOW))
    with writing(engine) as conn:
        save(conn, draft("new", person="hv-3"), NOW + KEPT_FOR * 2)
    with reading(engine) as conn:
        assert () == of_person(conn, "hv-1", "RYX", NOW)
