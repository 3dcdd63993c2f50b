"""What can be set from outside, within which bounds, and what is it set to now?

Only app/cli.py reads the environment, once: `Settings.from_env(os.environ)`. Rooms receive values. The table in
docs/settings.md is made from the fields below, and a test holds the two together.
"""

import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, Self
from zoneinfo import ZoneInfo

import pydantic
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, SecretStr, StringConstraints

from app import environment
from app.anchor_settings import AnchorSettings, span_text
from app.environment import Env, Fault, SettingsError
from app.logs import LogFormat

__all__ = ["Fault", "LogLevel", "Settings", "SettingsError", "settings_table"]

GRAPH_URL: Final = "https://graph.facebook.com"
LOCAL_PORT: Final = 8080
MISSING: Final = "is not set"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def _secrets(text: object) -> object:
    return tuple(environment.listed(text)) if isinstance(text, str) else text


Digits = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,20}$")]
Secret = Annotated[SecretStr, Field(min_length=8)]
Lowered = BeforeValidator(lambda text: text.lower() if isinstance(text, str) else text)


class Settings(AnchorSettings):
    """Every setting, checked; frozen, and silent about secrets."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, arbitrary_types_allowed=True)

    # The platform

    app_id: Annotated[
        Digits | None,
        Env(
            "FB_APP_ID",
            "The id of your Meta app.",
            "the digits of an app id",
            aliases=("APP_ID", "MESSENGER_APP_ID"),
        ),
    ] = None
    app_secrets: Annotated[
        tuple[Secret, ...],
        BeforeValidator(_secrets),
        Env(
            "FB_APP_SECRET",
            "The app secret that signs webhooks. Several, separated by commas, while you change it: "
            "the first one is used, all are accepted.",
            "one or more secrets of at least 8 characters, separated by commas",
            aliases=("APP_SECRET", "MESSENGER_APP_SECRET"),
            secret=True,
            from_file=True,
        ),
    ] = ()
    verify_token: Annotated[
        Secret | None,
        Env(
            "FB_VERIFY_TOKEN",
            "The text you also enter at Meta when you subscribe the webhook.",
            "a secret of at least 8 characters",
            aliases=("VERIFY_TOKEN", "MESSENGER_VERIFY_TOKEN", "MESSENGER_VALIDATION_TOKEN"),
            secret=True,
            from_file=True,
        ),
    ] = None
    page_id: Annotated[
        Digits | None,
        Env(
            "FB_PAGE_ID",
            "The Page that `assent pages connect` connects when it is given no other.",
            "the digits of a Page id",
            aliases=("PAGE_ID",),
        ),
    ] = None
    page_access_token: Annotated[
        Secret | None,
        Env(
            "FB_PAGE_ACCESS_TOKEN",
            "The Page's access token, for `assent pages connect`, which stores it sealed.",
            "the token as Meta shows it",
            aliases=("PAGE_ACCESS_TOKEN", "MESSENGER_PAGE_ACCESS_TOKEN"),
            secret=True,
            from_file=True,
        ),
    ] = None
    graph_api_version: Annotated[
        Annotated[str, StringConstraints(pattern=r"^v[1-9][0-9]\.[0-9]$")],
        Env("FB_GRAPH_API_VERSION", "The version of the Graph API that is called.", "a version such as v25.0"),
    ] = "v25.0"
    graph_url: Annotated[
        str,
        BeforeValidator(environment.platform_address),
        Env("FB_GRAPH_URL", "The platform: Meta, or the simulator.", "an https address; http for a local simulator"),
    ] = GRAPH_URL

    # The server

    public_url: Annotated[
        Annotated[str, BeforeValidator(environment.public_address)] | None,
        Env(
            "PUBLIC_URL",
            "The address under which people and Meta reach this server; all links are built from it.",
            "an https address without path",
            aliases=("APP_URL", "SERVER_URL", "RENDER_EXTERNAL_URL", "RAILWAY_PUBLIC_DOMAIN"),
        ),
    ] = None
    database_url: Annotated[
        Annotated[SecretStr, BeforeValidator(environment.database_address)] | None,
        Env(
            "DATABASE_URL",
            "Your PostgreSQL; without it `up` and `demo` start one of their own.",
            "an address such as postgresql://user:password@host/database",
            secret=True,
            from_file=True,
        ),
    ] = None
    port: Annotated[
        int | None,
        Field(ge=1, le=65535),
        Env(
            "PORT",
            "Listen here on all interfaces. Without it: 8080, on this machine only.",
            "a whole number from 1 to 65535",
        ),
    ] = None
    shutdown_grace_seconds: Annotated[
        int,
        Field(ge=1, le=300),
        Env(
            "SHUTDOWN_GRACE_SECONDS",
            "How long a stop waits for requests and sends under way.",
            "a whole number from 1 to 300",
        ),
    ] = 10
    log_level: Annotated[
        LogLevel, Lowered, Env("LOG_LEVEL", "How much is logged.", "debug, info, warning or error")
    ] = LogLevel.INFO
    log_format: Annotated[
        LogFormat, Lowered, Env("LOG_FORMAT", "One JSON object a line, or text for people.", "json or text")
    ] = LogFormat.JSON

    log_token: Annotated[
        Annotated[SecretStr, AfterValidator(environment.address_token)] | None,
        Env(
            "ASSENT_LOG_TOKEN",
            "Serves the log to whoever knows it, at `/log/TOKEN/NUMBER/`. Without it nothing is served.",
            "a secret of at least 32 letters, digits, - and _",
            secret=True,
            from_file=True,
        ),
    ] = None

    # Files and keys

    home: Annotated[
        Path,
        BeforeValidator(environment.data_folder),
        Env("ASSENT_HOME", "The data folder: the embedded database and what belongs to it.", "a path"),
    ]
    keyring: Annotated[
        SecretStr | None,
        Env(
            "ASSENT_KEYRING",
            "The whole key ring as JSON, for platforms without a disk. Read-only: a rotation prints the new one.",
            "the text that `assent keys rotate` prints",
            secret=True,
        ),
    ] = None
    keyring_file: Annotated[
        Path,
        AfterValidator(lambda path: path.expanduser().absolute()),
        Env("ASSENT_KEYRING_FILE", "The file with the key ring, outside the data folder and its backups.", "a path"),
    ]
    postgres_binaries: Annotated[
        Path | None,
        Env("ASSENT_PG_BIN", "The folder with the programs of the embedded PostgreSQL, when not found.", "a path"),
    ] = None

    # Behaviour

    default_locale: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}([_-][A-Za-z0-9]{2,8})*$")],
        Env("DEFAULT_LOCALE", "The language where a person's own is not known.", "a language code such as en or pt_BR"),
    ] = "en"
    default_timezone: Annotated[
        ZoneInfo,
        BeforeValidator(lambda text: environment.time_zone(text) if isinstance(text, str) else text),
        Env("DEFAULT_TIMEZONE", "The time zone of new Pages.", "a zone such as Europe/Berlin"),
    ] = ZoneInfo("UTC")
    page_pace: Annotated[
        int,
        Field(ge=1, le=40),
        Env("ASSENT_PAGE_PACE", "Messages a second for each Page.", "a whole number from 1 to 40"),
    ] = 20
    takeover_hours: Annotated[
        int,
        Field(ge=1, le=24),
        Env(
            "ASSENT_TAKEOVER_HOURS",
            "How long the bot keeps still after a person of your team wrote in a thread.",
            "a whole number from 1 to 24",
        ),
    ] = 12
    minimum_age: Annotated[
        int,
        Field(ge=13, le=18),
        Env(
            "ASSENT_MINIMUM_AGE",
            "From which age a person's own yes to marketing counts where a Page sets nothing else.",
            "a whole number from 13 to 18",
        ),
    ] = 16

    notices: tuple[str, ...] = ()

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """The settings of this environment; raises SettingsError with every fault there is.

        Reads the files that NAME_FILE variables point at, nothing else.
        """
        envs = {name: env for name, env, _ in _envs()}
        found = environment.find(environ, envs)
        values: dict[str, Any] = dict(found.values)
        values.setdefault("home", str(default_home(environ, sys.platform)))
        values.setdefault("keyring_file", str(_beside(Path(values["home"]))))
        try:
            settings = cls(**values, notices=tuple(found.notices))
        except pydantic.ValidationError as error:
            found.faults += _faults(error, envs)
        else:
            found.faults += settings.faults_together()
        if found.faults:
            raise SettingsError(found.faults)
        return settings

    def require(self, *variables: str) -> None:
        """Raises SettingsError naming every one of these variables that is not set."""
        missing = [env for name, env, _ in _envs() if env.name in variables and getattr(self, name) in (None, ())]
        if missing:
            raise SettingsError(
                [Fault(variable=env.name, wrong=MISSING, remedy=f"set it to {env.expects}") for env in missing]
            )

    def masked(self) -> dict[str, str]:
        """Every variable with its effective value; of secrets only whether they are set."""
        return {env.name: _shown(getattr(self, name), env) for name, env, _ in _envs()}

    @property
    def listen(self) -> tuple[str, int]:
        """Where the server listens: everywhere only when a port was asked for."""
        return ("127.0.0.1", LOCAL_PORT) if self.port is None else ("0.0.0.0", self.port)  # noqa: S104 - asked for

    @property
    def shutdown_grace(self) -> timedelta:
        return timedelta(seconds=self.shutdown_grace_seconds)

    @property
    def takeover(self) -> timedelta:
        return timedelta(hours=self.takeover_hours)


def default_home(environ: Mapping[str, str], platform: str) -> Path:
    """The folder for a program's data of this account, as each system names it."""
    account = Path(environ.get("HOME") or environ.get("USERPROFILE") or Path.home())
    if platform == "darwin":
        return account / "Library" / "Application Support" / "Assent"
    if platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or account / "AppData" / "Local") / "Assent"
    return Path(environ.get("XDG_DATA_HOME") or account / ".local" / "share") / "assent"


def _beside(home: Path) -> Path:
    # Never in the data folder: whoever copies the one must not have the other.
    return home.parent / f"{home.name}-keys" / "keyring.json"


def settings_table() -> str:
    """The table of docs/settings.md."""
    rows = ["| Variable | Does | Expects | Default |", "| --- | --- | --- | --- |"]
    for name, env, default in _envs():
        marks = [f"also read: {', '.join(f'`{alias}`' for alias in env.aliases)}"] if env.aliases else []
        if env.from_file:
            marks.append(f"or a file named in `{env.name}_FILE`")
        also = f" ({'; '.join(marks)})" if marks else ""
        rows.append(f"| `{env.name}` | {env.text}{also} | {env.expects} | {_default_text(name, default)} |")
    return "\n".join(rows) + "\n"


def _envs() -> Iterator[tuple[str, Env, object]]:
    """What is declared in this file comes first, as people read the table from the top."""
    for name in sorted(Settings.model_fields, key=AnchorSettings.model_fields.__contains__):
        field = Settings.model_fields[name]
        for mark in field.metadata:
            if isinstance(mark, Env):
                yield name, mark, field.default


def _faults(error: pydantic.ValidationError, envs: Mapping[str, Env]) -> Iterator[Fault]:
    """One fault for each setting; pydantic's own texts are not used, some of them repeat the value."""
    told = set[str]()
    for found in error.errors(include_input=False, include_url=False):
        name = str(found["loc"][0])
        if name in told:
            continue
        told.add(name)
        # A validator of ours says what is wrong in words that hold no value.
        own = found.get("ctx", {}).get("error")
        wrong = str(own) if found["type"] == "value_error" and own is not None else "is not what is expected here"
        yield Fault(variable=envs[name].name, wrong=wrong, remedy=f"set it to {envs[name].expects}")


def _shown(value: object, env: Env) -> str:
    if value is None or value == ():
        return "not set"
    if env.name == "DATABASE_URL" and isinstance(value, SecretStr):
        return environment.masked_database(value.get_secret_value())
    if env.secret:
        return f"set ({len(value)} values)" if isinstance(value, tuple) and len(value) > 1 else "set"
    if isinstance(value, timedelta):
        return span_text(value)
    return ", ".join(str(part) for part in value) if isinstance(value, tuple) else str(value)


def _default_text(name: str, default: object) -> str:
    if name == "home":
        return "the account's folder for program data, `~/.local/share/assent` on Linux"
    if name == "keyring_file":
        return "`keyring.json` in a folder beside `ASSENT_HOME`, named like it with `-keys`"
    if isinstance(default, timedelta):
        return f"`{span_text(default)}`"
    return "none" if default in (None, ()) else f"`{default}`"
