"""Several channels of one recipient, as the directory has them."""

import msgspec
import pytest

from hub.edges.directory import directory_from


def test_channels_come_in_their_order_and_the_worklist_is_none_of_them() -> None:
    """Each has a destination of its own, so that one may be down while the other is not."""
    row = {
        "organisation": "Y1",
        "channel": "webhook",
        "address": "https://one.example/",
        "then": [
            {"channel": "webhook", "address": "https://two.example/"},
            {"channel": "worklist"},
            {"channel": "email", "address": "team@example.org"},
        ],
    }
    directory = directory_from({"endpoint": [row]})
    found = directory.endpoints_of("Y1", "GP_PRACTICE")
    assert [
        ("webhook", "webhook:Y1", "https://one.example/"),
        ("webhook", "webhook:Y1/1", "https://two.example/"),
        ("email", "email:Y1", "team@example.org"),
    ] == [(each.channel, each.destination_id, each.address) for each in found]
    assert ("worklist",) == tuple(e.channel for e in directory.endpoints_of("Y2", "GP_PRACTICE"))
    assert directory.has_further_channels()


@pytest.mark.parametrize("share", [0, 1.5, -1])
def test_a_channel_s_share_of_the_time_is_a_share(share: float) -> None:
    """More than all of it would be after the deadline."""
    with pytest.raises(msgspec.ValidationError, match="next_after"):
        directory_from({"endpoint": [{"organisation": "Y1", "next_after": share}]})


def test_topics_and_subscriptions_of_further_channels_are_there_too() -> None:
    """Their topics are made, and their subscriptions are asked after, as those of first ones."""
    row = {"organisation": "Y1", "channel": "webhook", "then": [{"channel": "kafka"}]}
    other = {"organisation": "Y2", "channel": "email", "then": [{"channel": "fhir"}]}
    directory = directory_from({"endpoint": [row, other]})
    assert ("Y1",) == directory.kafka_subscribers()
    assert ["Y2"] == [each.organisation for each in directory.subscriptions()]
