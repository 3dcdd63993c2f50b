"""Is every setting read, bounded, documented and, where it is secret, never shown?"""

import traceback
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.anchor_settings import LONGEST, SHORTEST, span, span_text
from app.environment import Env, known_names
from app.logs import LogFormat
from app.settings import LogLevel, Settings, SettingsError, default_home, settings_table

HOME = {"HOME": "/home/ann"}
CANARY = "hunter2-canary"
# What a secret looks like where not any text will do, and what it needs beside it.
SAMPLES = {
    "ASSENT_LOG_TOKEN": f"{CANARY}-and-so-many-characters-more",
    "SMTP_URL": f"smtps://ann:{CANARY}@mail.example",
    "ASSENT_CHECKPOINT_MAIL_TO": f"{CANARY}@elsewhere.example",
    "ASSENT_CHECKPOINT_MAIL_FROM": f"{CANARY}@operator.example",
}


def env_of(field: str) -> Env:
    return next(mark for mark in Settings.model_fields[field].metadata if isinstance(mark, Env))


ENVS = [env_of(field) for field in Settings.model_fields if field != "notices"]


def read(**environ: str) -> Settings:
    return Settings.from_env(HOME | environ)


def faults_of(**environ: str) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        read(**environ)
    return {fault.variable: fault.wrong for fault in caught.value.faults}


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = read()
    assert settings.graph_url == "https://graph.facebook.com"
    assert settings.graph_api_version == "v25.0"
    assert (settings.log_level, settings.log_format) == (LogLevel.INFO, LogFormat.JSON)
    assert (settings.page_pace, settings.takeover, settings.minimum_age) == (20, timedelta(hours=12), 16)
    assert settings.shutdown_grace == timedelta(seconds=10)
    assert settings.default_timezone == ZoneInfo("UTC")
    assert settings.notices == ()


def test_the_server_listens_on_this_machine_only_unless_a_port_is_asked_for() -> None:
    assert read().listen == ("127.0.0.1", 8080)
    assert read(PORT="5000").listen == ("0.0.0.0", 5000)  # noqa: S104 - asked for


def test_every_variable_is_read() -> None:
    settings = read(
        FB_APP_ID="123",
        FB_APP_SECRET="secret-one, secret-two",
        FB_VERIFY_TOKEN="verify-me",
        FB_PAGE_ID="456",
        FB_PAGE_ACCESS_TOKEN="page-token",
        FB_GRAPH_API_VERSION="v26.0",
        FB_GRAPH_URL="http://127.0.0.1:9000/",
        PUBLIC_URL="https://bot.example.org/",
        DATABASE_URL="postgresql://u:p@db/assent",
        PORT="80",
        LOG_LEVEL="DEBUG",
        LOG_FORMAT="Text",
        DEFAULT_LOCALE="pt_BR",
        DEFAULT_TIMEZONE="Europe/Berlin",
        SHUTDOWN_GRACE_SECONDS="5",
        ASSENT_HOME="/srv/assent",
        ASSENT_LOG_TOKEN="0123456789abcdefghijklmnopqrstu_",
        ASSENT_KEYRING="{}",
        ASSENT_KEYRING_FILE="/etc/assent/ring.json",
        ASSENT_PG_BIN="/usr/lib/postgresql/15/bin",
        ASSENT_PAGE_PACE="40",
        ASSENT_TAKEOVER_HOURS="24",
        ASSENT_MINIMUM_AGE="14",
        ASSENT_TSA_URLS="https://tsa.example/tsr, http://stamp.example",
        ASSENT_TSA_ROOTS="/etc/assent/roots.pem",
        ASSENT_TSA_EVERY="2h",
        ASSENT_WITNESS_POLICY="/etc/assent/witnesses.txt",
        ASSENT_WITNESS_EVERY="90s",
        SMTP_URL="smtps://log:pw@mail.example",
        ASSENT_CHECKPOINT_MAIL_TO="auditor@elsewhere.example, notary@elsewhere.example",
        ASSENT_CHECKPOINT_MAIL_FROM="log@operator.example",
        ASSENT_CHECKPOINT_MAIL_EVERY="7d",
        ASSENT_CHECKPOINT_FOLDER="/mnt/checkpoints",
        ASSENT_CHECKPOINT_FOLDER_EVERY="10s",
    )
    assert [secret.get_secret_value() for secret in settings.app_secrets] == ["secret-one", "secret-two"]
    assert settings.graph_url == "http://127.0.0.1:9000"
    assert settings.public_url == "https://bot.example.org"
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "postgresql://u:p@db/assent"
    assert (settings.log_level, settings.log_format) == (LogLevel.DEBUG, LogFormat.TEXT)
    assert settings.keyring_file == Path("/etc/assent/ring.json")
    assert settings.tsa_urls == ("https://tsa.example/tsr", "http://stamp.example")
    assert (settings.tsa_every, settings.witness_every) == (timedelta(hours=2), timedelta(seconds=90))
    assert len(settings.checkpoint_mail_to) == 2
    unread = [name for name, shown in settings.masked().items() if shown == "not set"]
    assert unread == []


@pytest.mark.parametrize("env", [env for env in ENVS if env.aliases], ids=lambda env: env.name)
def test_known_names_of_other_products_are_read_with_a_notice(env: Env) -> None:
    value = "https://bot.example.org" if env.name == "PUBLIC_URL" else "12345678"
    for alias in env.aliases:
        settings = read(**{alias: value})
        assert settings.masked()[env.name] != "not set"
        assert len(settings.notices) == 1
        assert alias in settings.notices[0]
        assert env.name in settings.notices[0]


def test_a_variable_of_our_own_name_wins_over_its_aliases_in_silence() -> None:
    settings = read(PUBLIC_URL="https://a.example", RENDER_EXTERNAL_URL="https://b.example")
    assert (settings.public_url, settings.notices) == ("https://a.example", ())


def test_a_domain_without_scheme_is_taken_as_https() -> None:
    assert read(RAILWAY_PUBLIC_DOMAIN="bot.up.railway.app").public_url == "https://bot.up.railway.app"


@pytest.mark.parametrize("env", [env for env in ENVS if env.from_file], ids=lambda env: env.name)
def test_a_secret_may_come_from_a_file(env: Env, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SAMPLES.get(env.name, 'postgresql://u:p@db/assent')}\n")
    assert read(**{f"{env.name}_FILE": str(file)}).masked()[env.name] != "not set"


def test_the_end_of_a_line_in_a_file_is_no_part_of_the_secret(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret-one\n")
    settings = read(FB_VERIFY_TOKEN_FILE=str(tmp_path / "secret"))
    assert settings.verify_token is not None
    assert settings.verify_token.get_secret_value() == "secret-one"


def test_files_that_give_no_secret_are_faults(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    assert faults_of(
        FB_APP_SECRET_FILE=str(tmp_path / "absent"),
        FB_VERIFY_TOKEN_FILE=str(tmp_path / "empty"),
        DATABASE_URL_FILE=str(tmp_path / "binary"),
    ) == {
        "FB_APP_SECRET_FILE": "names a file that cannot be read",
        "FB_VERIFY_TOKEN_FILE": "names an empty file",
        "DATABASE_URL_FILE": "names a file that cannot be read",
    }


def test_a_secret_and_its_file_together_are_a_fault(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret-one")
    assert faults_of(FB_VERIFY_TOKEN="secret-two", FB_VERIFY_TOKEN_FILE=str(tmp_path / "secret")) == {
        "FB_VERIFY_TOKEN_FILE": "is set beside FB_VERIFY_TOKEN"
    }


def test_an_empty_variable_counts_as_not_set() -> None:
    assert read(PORT="", FB_APP_SECRET=" ", PUBLIC_URL="").masked() == read().masked()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FB_APP_ID", "12a"),
        ("FB_APP_SECRET", "short"),
        ("FB_APP_SECRET", "long-enough,short"),
        ("FB_VERIFY_TOKEN", "short"),
        ("FB_GRAPH_API_VERSION", "25"),
        ("FB_GRAPH_URL", "ftp://graph.facebook.com"),
        ("FB_GRAPH_URL", "http://graph.facebook.com"),
        ("PUBLIC_URL", "http://bot.example.org"),
        ("PUBLIC_URL", "https://bot.example.org/path"),
        ("PUBLIC_URL", "https://user:pw@bot.example.org"),
        ("PUBLIC_URL", "https://bot.example.org:port"),
        ("PUBLIC_URL", "https://[bot"),
        ("DATABASE_URL", "mysql://db/assent"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "8o80"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
        ("DEFAULT_LOCALE", "English"),
        ("DEFAULT_TIMEZONE", "Mars/Olympus"),
        ("DEFAULT_TIMEZONE", "../../etc/passwd"),
        ("SHUTDOWN_GRACE_SECONDS", "0"),
        ("ASSENT_LOG_TOKEN", "0123456789abcdefghijklmnopqrstu"),
        ("ASSENT_LOG_TOKEN", "0123456789abcdefghijklmnopqrst/u"),
        ("ASSENT_HOME", "/"),
        ("ASSENT_PAGE_PACE", "41"),
        ("ASSENT_PAGE_PACE", "0"),
        ("ASSENT_TAKEOVER_HOURS", "25"),
        ("ASSENT_MINIMUM_AGE", "12"),
        ("ASSENT_TSA_URLS", "tsa.example"),
        ("ASSENT_TSA_URLS", "https://tsa.example/a, https://tsa.example/b"),
        ("ASSENT_TSA_EVERY", "1"),
        ("ASSENT_TSA_EVERY", "9s"),
        ("ASSENT_WITNESS_EVERY", "31d"),
        ("ASSENT_WITNESS_EVERY", "1 h"),
        ("SMTP_URL", "smtp://mail.example"),
        ("SMTP_URL", "mail.example"),
        ("ASSENT_CHECKPOINT_MAIL_TO", "auditor"),
        ("ASSENT_CHECKPOINT_MAIL_FROM", "a b@c.example"),
    ],
)
def test_a_value_out_of_bounds_is_a_fault_that_says_what_is_expected(variable: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(**{variable: value})
    (fault,) = caught.value.faults
    expected = next(env.expects for env in ENVS if env.name == variable)
    assert fault.variable == variable
    assert fault.remedy == f"set it to {expected}"


def test_what_a_setting_needs_beside_it_is_named() -> None:
    assert faults_of(ASSENT_TSA_URLS="https://tsa.example", ASSENT_CHECKPOINT_MAIL_TO="auditor@elsewhere.example") == {
        "ASSENT_TSA_ROOTS": "is not set, and ASSENT_TSA_URLS is",
        "SMTP_URL": "is not set, and ASSENT_CHECKPOINT_MAIL_TO is",
        "ASSENT_CHECKPOINT_MAIL_FROM": "is not set, and ASSENT_CHECKPOINT_MAIL_TO is",
    }


@given(st.timedeltas(SHORTEST, LONGEST).map(lambda length: timedelta(seconds=length // timedelta(seconds=1))))
def test_a_span_is_written_as_it_may_be_set(length: timedelta) -> None:
    assert span(span_text(length)) == length


def test_all_faults_are_listed_together() -> None:
    found = faults_of(PORT="x", ASSENT_PAGE_PACE="99", ASSENT_COLOUR="red", FB_APP_SECRET="short", LOG_LEVEL="loud")
    assert list(found) == ["ASSENT_COLOUR", "ASSENT_PAGE_PACE", "FB_APP_SECRET", "LOG_LEVEL", "PORT"]


def test_an_unknown_variable_with_our_prefix_stops_the_start_and_the_near_name_is_told() -> None:
    with pytest.raises(SettingsError, match=r"ASSENT_PAGEPACE: .* did you mean ASSENT_PAGE_PACE"):
        read(ASSENT_PAGEPACE="20")


def test_variables_of_others_are_none_of_our_business() -> None:
    assert read(PATH="/bin", ASSENTED="yes", FB_SOMETHING="else") == read()


@pytest.mark.parametrize("env", ENVS, ids=lambda env: env.name)
def test_no_fault_repeats_the_value(env: Env) -> None:
    for value in (CANARY * 20, f"\n{CANARY}", f"http://{CANARY}:{CANARY}", f"[{CANARY}"):
        shown = ""
        try:
            settings = read(**{env.name: value})
        except SettingsError as error:
            shown = "".join(traceback.format_exception(error)) + repr(error.faults)
        else:
            shown = repr(settings) + repr(settings.masked()) if env.secret else ""
        assert CANARY not in shown


@pytest.mark.parametrize("env", [env for env in ENVS if env.secret], ids=lambda env: env.name)
def test_secrets_are_masked_in_every_print(env: Env) -> None:
    value = SAMPLES.get(env.name, f"postgresql://ann:{CANARY}@db/assent?password={CANARY}")
    settings = read(**{**SAMPLES, env.name: value})
    assert CANARY not in repr(settings) + str(settings) + repr(settings.masked())
    assert settings.masked()[env.name] in {"set", "postgresql://db/assent"}


def test_a_command_names_everything_that_it_misses_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        read(FB_APP_ID="1").require("FB_APP_ID", "FB_APP_SECRET", "PUBLIC_URL")
    assert [fault.variable for fault in caught.value.faults] == ["FB_APP_SECRET", "PUBLIC_URL"]
    read(FB_APP_ID="1").require("FB_APP_ID")


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        ("linux", {"HOME": "/home/ann"}, "/home/ann/.local/share/assent"),
        ("linux", {"HOME": "/home/ann", "XDG_DATA_HOME": "/data"}, "/data/assent"),
        ("darwin", {"HOME": "/Users/ann"}, "/Users/ann/Library/Application Support/Assent"),
        ("win32", {"LOCALAPPDATA": "/c/Local"}, "/c/Local/Assent"),
        ("win32", {"USERPROFILE": "/c/ann"}, "/c/ann/AppData/Local/Assent"),
    ],
)
def test_the_data_folder_is_where_the_system_keeps_such_data(
    platform: str, environ: dict[str, str], expected: str
) -> None:
    assert default_home(environ, platform) == Path(expected)


@given(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=20))
def test_the_key_ring_stands_beside_the_data_folder_and_never_in_it(name: str) -> None:
    settings = read(ASSENT_HOME=f"/srv/{name}")
    assert settings.keyring_file == Path(f"/srv/{name}-keys/keyring.json")
    assert not settings.keyring_file.is_relative_to(settings.home)


def test_a_relative_data_folder_is_made_absolute() -> None:
    assert read(ASSENT_HOME="data").home == Path("data").absolute()


def test_the_documentation_has_the_table_of_all_settings() -> None:
    page = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
    assert settings_table() in page
    for name in known_names(ENVS):
        assert f"`{name}`" in page
