"""Brokers that are reached over TLS, by SCRAM or by client certificates, with certificates of ours.

The authority is made anew for each run, and its key is thrown away.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hub.ops.kafka_login import KafkaLogin
from hub.ops.kafka_properties import Access

KEEPER = "keeper"
"""The operator of the brokers; the brokers themselves show this name to each other."""


@dataclass(frozen=True, slots=True)
class Papers:
    """Files in PEM: whom to trust, and for each name a certificate with its key."""

    folder: Path

    @property
    def authorities(self) -> Path:
        """The certificate of the authority."""
        return self.folder / "authority.pem"

    def certificate(self, name: str) -> Path:
        """The certificate of somebody, signed by the authority."""
        return self.folder / f"{name}.pem"

    def key(self, name: str) -> Path:
        """The key that belongs to it."""
        return self.folder / f"{name}.key"


def papers(folder: Path, names: tuple[str, ...]) -> Papers:
    """An authority, and a certificate for each name, all good on 127.0.0.1 for a day."""
    folder.mkdir(parents=True, exist_ok=True)
    made, own = Papers(folder), ec.generate_private_key(ec.SECP256R1())
    root = _named("authority")
    constraint = x509.BasicConstraints(ca=True, path_length=0)
    top = _built(root, root, own.public_key()).add_extension(constraint, critical=True)
    made.authorities.write_bytes(_pem(top.sign(own, hashes.SHA256())))
    for name in names:
        key = ec.generate_private_key(ec.SECP256R1())
        places = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        uses = x509.ExtendedKeyUsage(
            [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        )
        one = _built(_named(name), root, key.public_key())
        signed = one.add_extension(places, critical=False).add_extension(uses, critical=False)
        made.certificate(name).write_bytes(_pem(signed.sign(own, hashes.SHA256())))
        made.key(name).write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
    # Kafka wants the key and its chain in one file.
    both = made.key(KEEPER).read_bytes() + made.certificate(KEEPER).read_bytes()
    (folder / "broker.pem").write_bytes(both)
    return made


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _built(
    name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
    )


def _pem(signed: x509.Certificate) -> bytes:
    return signed.public_bytes(serialization.Encoding.PEM)


@dataclass(frozen=True, slots=True)
class _Secured(Access):
    """Over TLS; whatever no rule allows is refused."""

    papers: Papers = field(kw_only=True)

    def _tls(self) -> dict[str, str]:
        files = self.papers
        return {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(files.folder / "broker.pem"),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(files.authorities),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "allow.everyone.if.no.acl.found": "false",
        }


@dataclass(frozen=True, slots=True)
class Scram(_Secured):
    """By name and password, which the broker never sees."""

    mechanism: str = "SCRAM-SHA-512"

    def login(self, name: str = "") -> KafkaLogin:
        """A name, a password, and whom to trust."""
        who = name or self.operator
        return KafkaLogin(
            security="sasl_ssl",
            mechanism=self.mechanism,
            login=who,
            password=self.people[who],
            authorities=str(self.papers.authorities),
        )

    def properties(self) -> dict[str, str]:
        """The settings that make it so."""
        module = "org.apache.kafka.common.security.scram.ScramLoginModule"
        own = f'username="{self.operator}" password="{self.people[self.operator]}"'
        listener = f"listener.name.broker.{self.mechanism.lower()}.sasl.jaas.config"
        return self._tls() | {
            "listener.security.protocol.map": "BROKER:SASL_SSL,CONTROLLER:PLAINTEXT",
            "sasl.enabled.mechanisms": self.mechanism,
            "sasl.mechanism.inter.broker.protocol": self.mechanism,
            listener: f"{module} required {own};",
            "super.users": f"User:{self.operator};User:ANONYMOUS",
        }

    def format_words(self) -> tuple[str, ...]:
        """What SCRAM keeps of each password is written when the storage is formatted."""
        return tuple(
            word
            for name, password in self.people.items()
            for word in ("--add-scram", f"{self.mechanism}=[name={name},password={password}]")
        )


@dataclass(frozen=True, slots=True)
class Certificates(_Secured):
    """By client certificates; the brokers call somebody by the name in it, `CN=hub`."""

    def login(self, name: str = "") -> KafkaLogin:
        """A certificate, its key, and whom to trust."""
        who = name or self.operator
        return KafkaLogin(
            security="ssl",
            authorities=str(self.papers.authorities),
            certificate=str(self.papers.certificate(who)),
            key=str(self.papers.key(who)),
        )

    def properties(self) -> dict[str, str]:
        """The settings that make it so."""
        return self._tls() | {
            "listener.security.protocol.map": "BROKER:SSL,CONTROLLER:PLAINTEXT",
            "ssl.client.auth": "required",
            "super.users": f"User:CN={self.operator};User:ANONYMOUS",
        }


def words_of(people: tuple[str, ...]) -> Mapping[str, str]:
    """A password for each."""
    return {name: f"word-of-{name}" for name in people}
