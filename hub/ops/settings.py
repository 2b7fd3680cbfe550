"""What an operator may set: environment (`HUB_*`) first, then `hub.toml`, then these defaults.

Settings are read once, in the composition root of a role, and passed on; nothing else reads the
environment.  The secret never shows in a repr, a log or an error.
"""

import os
import secrets
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from hub.ops.kafka_login import KafkaLogin

PACKAGE = Path(__file__).resolve().parent.parent
"""The installed `hub` package: policy and the demonstration directory are inside it."""

SECRET_BYTES = 32
"""256 bits: as long as the keyed hash (BLAKE2b-256, HMAC-SHA-256) it feeds."""

SEALING_CHARACTERS = 32
"""Of a key that seals, at least: what nobody guesses."""

PASSED_ON = (
    "secret_key",
    "sealing_key",
    "sealing_key_before",
    "kafka_password",
    "mesh_password",
    "mesh_shared_key",
    "smtp_password",
)
"""Secrets that roles need; they show in no repr, and are spelled out only for a child's start."""

SETTINGS_FILE = "HUB_SETTINGS"
"""Names another settings file than `hub.toml` in the working folder."""


class Settings(BaseSettings):
    """Every setting of every role.  Raises pydantic's ValidationError, naming the setting."""

    model_config = SettingsConfigDict(env_prefix="HUB_", extra="forbid", frozen=True)

    data_dir: Path = Path("hub-data")
    kafka: str = ""
    """`host:port[,host:port]`; empty means that `hub up` brings its own."""
    database_url: str = ""
    """A SQLAlchemy address; empty means SQLite in the data folder."""
    kafka_security: Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] = "plaintext"
    kafka_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    kafka_login: str = ""
    kafka_password: SecretStr = Field(default=SecretStr(""), validate_default=True)
    kafka_authorities: str = ""
    """Files in PEM, as for MESH."""
    kafka_certificate: str = ""
    kafka_key: str = ""
    partitions: int = Field(default=4, ge=1, le=512)
    replication: int = Field(default=1, ge=1, le=9)
    clock: str = Field(default="real", pattern=r"^(real|file:.+|accelerated:.+)$")
    gateway_host: str = "127.0.0.1"
    gateway_port: int = Field(default=8080, ge=0, le=65535)
    mllp_host: str = "127.0.0.1"
    mllp_port: int = Field(default=2575, ge=0, le=65535)
    metrics_host: str = "127.0.0.1"
    metrics_port: int = Field(default=0, ge=0, le=65535)
    """0 is off; the supervisor gives each role its own."""
    directory: Path = PACKAGE / "demo" / "directory.toml"
    policy_dir: Path = PACKAGE / "policy"
    schemas_dir: Path = PACKAGE.parent / "schemas"
    secret_key: SecretStr = SecretStr("")
    """Signs sessions and keys the hashes of persons; `secret()` reads it."""
    sealing_key: SecretStr = SecretStr("")
    """Seals the signing secrets of subscriptions; empty means that `secret()` does."""
    sealing_key_before: SecretStr = SecretStr("")
    """Still opens them while `hub secrets rotate` goes on; empty means `secret()`."""
    api_key: SecretStr = SecretStr("")
    """The publisher's key that `hub send` shows; no role needs it."""
    demo_logins: bool = False
    allow_loopback_webhooks: bool = False
    mesh_url: str = ""
    """Empty: this hub sends nothing over MESH."""
    mesh_mailbox: str = ""
    mesh_password: SecretStr = SecretStr("")
    mesh_shared_key: SecretStr = SecretStr("")
    mesh_certificate: str = ""
    """Files in PEM: the client certificate, its key, and the authorities to trust."""
    mesh_key: str = ""
    mesh_authorities: str = ""
    mesh_poll_seconds: float = Field(default=60.0, gt=0, le=3600)
    smtp_host: str = ""
    """Empty: this hub sends no e-mail."""
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_sender: str = ""
    smtp_login: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_authorities: str = ""
    public_url: str = ""
    """Where recipients open the pages of this hub; the links of its e-mails begin with it."""
    worker_id: str = Field(default="w1", pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("kafka_password")
    @classmethod
    def _named(cls, password: SecretStr, given: ValidationInfo) -> SecretStr:
        """Whoever must say a name says a password too."""
        by_name = str(given.data.get("kafka_security", "")).startswith("sasl")
        if by_name and not (given.data.get("kafka_login") and password.get_secret_value()):
            raise ValueError("HUB_KAFKA_LOGIN and HUB_KAFKA_PASSWORD are both needed for sasl")
        return password

    @field_validator("sealing_key", "sealing_key_before")
    @classmethod
    def _hard_to_guess(cls, key: SecretStr) -> SecretStr:
        """None, or one that is long enough."""
        if 0 < len(key.get_secret_value()) < SEALING_CHARACTERS:
            raise ValueError(f"give a random key of at least {SEALING_CHARACTERS} characters")
        return key

    @field_validator("data_dir", "directory", "policy_dir", "schemas_dir")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        """Children are started in other folders, so a relative path is fixed where it was given."""
        return path.expanduser().absolute()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the TOML file."""
        del dotenv_settings, file_secret_settings
        toml = TomlConfigSettingsSource(
            settings_cls, Path(os.environ.get(SETTINGS_FILE, "hub.toml"))
        )
        return init_settings, env_settings, toml

    @property
    def embedded(self) -> bool:
        """Whether this hub brings its own Kafka."""
        return not self.kafka

    def shown_to_kafka(self) -> KafkaLogin:
        """What every connection to Kafka is made with; its own broker asks nobody who he is."""
        return KafkaLogin(
            security=self.kafka_security,
            mechanism=self.kafka_mechanism,
            login=self.kafka_login,
            password=self.kafka_password.get_secret_value(),
            authorities=self.kafka_authorities,
            certificate=self.kafka_certificate,
            key=self.kafka_key,
        )

    def real_database_url(self) -> str:
        """The address given, or SQLite in the data folder."""
        return self.database_url or f"sqlite:///{self.data_dir / 'hub.db'}"

    def secret_file(self) -> Path:
        """Where the secret of a hub on one machine is kept."""
        return self.data_dir / "secret.key"

    def secret(self) -> bytes:
        """The secret as bytes: the setting, else the file in the data folder.

        A hub with its own Kafka makes the file when there is none.  One that shares a Kafka does
        not: two machines with two secrets would give one woman two episodes.  Raises ValueError.
        """
        given = self.secret_key.get_secret_value()
        if given:
            return given.encode()
        path = self.secret_file()
        if not path.exists():
            if not self.embedded:
                raise ValueError(
                    f"HUB_SECRET_KEY is not set and {path} does not exist; set the same "
                    f"HUB_SECRET_KEY for every role that shares this Kafka"
                )
            make_secret(path)
        return path.read_text(encoding="ascii").strip().encode()

    def sealing(self) -> tuple[bytes, ...]:
        """What seals, and after it what still opens.  Raises ValueError.

        A key of its own that has none before it took over from the hub's secret; without a key of
        its own the hub's secret seals, as it did in earlier releases.
        """
        now = self.sealing_key.get_secret_value().encode()
        before = self.sealing_key_before.get_secret_value().encode()
        if before:
            return now or self.secret(), before
        return (now, self.secret()) if now else (self.secret(),)


def make_secret(path: Path) -> None:
    """Write a fresh secret that only its owner can read; an existing one is left as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as opened:
        opened.write(secrets.token_hex(SECRET_BYTES) + "\n")
    try:
        # A hard link, unlike a rename, refuses to replace a secret that another role made first.
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def load_settings() -> Settings:
    """The settings of this process.  Raises pydantic's ValidationError, naming the setting."""
    return Settings()


def environment_of(settings: Settings) -> dict[str, str]:
    """The `HUB_*` environment that gives a child process these same settings, the secret too."""
    plain = settings.model_dump(mode="json", exclude={*PASSED_ON, "api_key"})
    secrets_given = {name: getattr(settings, name).get_secret_value() for name in PASSED_ON}
    whole = plain | secrets_given
    return {f"HUB_{name.upper()}": str(value) for name, value in whole.items() if value != ""}
