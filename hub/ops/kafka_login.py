"""How this hub shows the brokers who it is: nothing, a certificate, or a name and a password."""

import ssl
from dataclasses import dataclass, field
from typing import Any, Final

PLAINTEXT: Final = "plaintext"


@dataclass(frozen=True, slots=True)
class KafkaLogin:
    """What every connection of a role to Kafka is made with.  The password shows in no repr."""

    security: str = PLAINTEXT
    """plaintext, ssl, sasl_plaintext or sasl_ssl, in Kafka's words."""
    mechanism: str = "SCRAM-SHA-512"
    login: str = ""
    password: str = field(default="", repr=False)
    authorities: str = ""
    """Files in PEM: the authorities to trust, and a client certificate with its key."""
    certificate: str = ""
    key: str = ""

    @property
    def by_name(self) -> bool:
        """Whether a name and a password are shown."""
        return self.security.startswith("sasl")

    def context(self) -> ssl.SSLContext | None:
        """TLS as these brokers want it, or None where there is none."""
        if not self.security.endswith("ssl"):
            return None
        made = ssl.create_default_context(cafile=self.authorities or None)
        if self.certificate:
            made.load_cert_chain(self.certificate, self.key or None)
        return made

    def options(self) -> dict[str, Any]:
        """The options of an aiokafka client."""
        if self.security == PLAINTEXT:
            return {}
        options: dict[str, Any] = {
            "security_protocol": self.security.upper(),
            "ssl_context": self.context(),
        }
        if self.by_name:
            options |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.login,
                "sasl_plain_password": self.password,
            }
        return options


OPEN: Final = KafkaLogin()
"""Brokers that ask nobody who he is: the embedded one, on the loopback."""
