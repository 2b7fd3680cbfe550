"""What Faust shows the brokers, in its own words."""

from typing import Any

import faust

from hub.ops.kafka_login import PLAINTEXT, KafkaLogin


def credentials(login: KafkaLogin) -> dict[str, Any]:
    """Faust's setting for a login; nothing for brokers that ask nobody who he is."""
    if login.security == PLAINTEXT:
        return {}
    if not login.by_name:
        return {"broker_credentials": faust.SSLCredentials(login.context())}
    shown = faust.SASLCredentials(
        username=login.login,
        password=login.password,
        ssl_context=login.context(),
        mechanism=login.mechanism,
    )
    return {"broker_credentials": shown}
