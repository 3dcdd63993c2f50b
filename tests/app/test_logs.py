"""Do log lines say what happened, and never anything that somebody planted in them?"""

import io
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import Enum, StrEnum
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.logs import REQUEST_ID, ROOMS, Code, LogFormat, configure_logs
from domain.personal import Pii
from storage.errors import Conflict, OpenFailed
from storage.labels import Label

CANARY = "Zoë Canary"
PSID = "73104829192837465"
LEAD = UUID("00112233-4455-6677-8899-aabbccddeeff")

log = logging.getLogger("storage.leads")


class Tone(Enum):
    WARM = CANARY


class Reason(StrEnum):
    NO_CONSENT = "no consent"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where lines go during a test; the logging of pytest itself is put back afterwards."""
    root = logging.getLogger()
    kept = (list(root.handlers), root.level, sys.excepthook, threading.excepthook, sys.unraisablehook)
    levels = {name: logging.getLogger(name).level for name in ROOMS}
    out = io.StringIO()
    configure_logs(logging.DEBUG, LogFormat.JSON, out)
    yield out
    root.handlers[:], level, sys.excepthook, threading.excepthook, sys.unraisablehook = kept
    root.setLevel(level)
    logging.captureWarnings(False)
    logging.raiseExceptions = True
    for name, old in levels.items():
        logging.getLogger(name).setLevel(old)


def last(stream: io.StringIO) -> dict[str, object]:
    found = json.loads(stream.getvalue().splitlines()[-1])
    assert isinstance(found, dict)
    return found


def assert_silent(stream: io.StringIO) -> None:
    shown = stream.getvalue()
    for planted in (CANARY, "Canary", PSID, "canary", "Zo"):
        assert planted not in shown


def test_a_line_has_time_level_event_and_fields(stream: io.StringIO) -> None:
    log.info("delivery.sent", extra={"lead": LEAD, "attempt": 2, "took": timedelta(milliseconds=1500)})
    line = last(stream)
    assert datetime.fromisoformat(str(line.pop("time"))).tzinfo is not None
    assert line == {"level": "info", "event": "delivery.sent", "lead": str(LEAD), "attempt": 2, "took": 1.5}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, True),
        (None, None),
        (7, 7),
        (0.25, 0.25),
        (LEAD, str(LEAD)),
        (timedelta(hours=1), 3600.0),
        (datetime(2026, 11, 23, 12, tzinfo=UTC), "2026-11-23T12:00:00+00:00"),
        (Reason.NO_CONSENT, "no_consent"),
        (Tone.WARM, "warm"),
        (Code("/u/{token}"), "/u/{token}"),
    ],
)
def test_values_of_safe_types_are_shown(stream: io.StringIO, value: object, shown: object) -> None:
    log.info("value.shown", extra={"field": value})
    assert last(stream)["field"] == shown


@pytest.mark.parametrize(
    "value",
    [
        CANARY,
        "canary",
        CANARY.encode(),
        Pii(CANARY),
        [CANARY],
        {"name": CANARY},
        (CANARY,),
        int(PSID),
        -int(PSID),
        float(PSID),
        float("nan"),
        float("inf"),
        object(),
        ValueError(CANARY),
        Path(CANARY),
        datetime(2026, 1, 1),  # noqa: DTZ001 - the fault under test
    ],
)
def test_values_of_other_types_are_withheld_and_counted(stream: io.StringIO, value: object) -> None:
    log.info("value.shown", extra={"field": value})
    assert_silent(stream)
    assert "field" not in last(stream)
    assert last(stream)["withheld"] == 1


@pytest.mark.parametrize("value", [CANARY, PSID, f"psid.{PSID}", "a b", "x\ny", "", "a" * 65, "zoë"])
def test_a_code_field_takes_nothing_but_codes(stream: io.StringIO, value: str) -> None:
    log.info("value.shown", extra={"reason": value})
    assert_silent(stream)
    assert last(stream)["withheld"] == 1


def test_a_code_field_shows_a_code_and_a_page_field_digits(stream: io.StringIO) -> None:
    log.info("value.shown", extra={"reason": "no_consent", "error": "Conflict", "page": "104567890123456"})
    assert last(stream).items() >= {"reason": "no_consent", "error": "Conflict", "page": "104567890123456"}.items()


@pytest.mark.parametrize("text", ["", "two words", "line\nbreak", "zoë", "a" * 121, "\x1b[31m"])
def test_no_free_text_can_be_made_a_code(text: str) -> None:
    with pytest.raises(ValueError, match="a code is"):
        Code(text)


def test_field_names_from_outside_are_withheld(stream: io.StringIO) -> None:
    log.info("value.shown", extra={CANARY: 1, "zoë": 2, "Zo": 3})
    assert_silent(stream)
    assert last(stream)["withheld"] == 3


def test_arguments_are_never_merged_into_the_message(stream: io.StringIO) -> None:
    log.info("lead.named %s", CANARY)
    log.info("lead.named", CANARY)
    log.warning(CANARY, {"psid": PSID})
    log.warning("%d %s", CANARY)
    assert_silent(stream)


def test_a_message_that_is_no_event_shows_only_its_place(stream: io.StringIO) -> None:
    log.info("Hello " + CANARY)  # noqa: G003 - the fault under test
    line = last(stream)
    assert line["event"] == "message.withheld"
    assert line["logger"] == "storage.leads"
    assert str(line["at"]).startswith("test_logs.py:")
    assert_silent(stream)


def test_a_line_is_one_line_whatever_is_in_it(stream: io.StringIO) -> None:
    log.warning("evil.event\n{}", extra={"reason": "a\r\nb", "page": "1\n2"})
    assert len(stream.getvalue().splitlines()) == 1


def test_libraries_show_where_they_spoke_and_not_what_they_said(stream: io.StringIO) -> None:
    logging.getLogger("asyncpg.pool").warning("could not insert %s", CANARY)
    logging.getLogger("aiohttp.server").error(f"bad header {CANARY}")  # noqa: G004 - the fault under test
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["message.withheld"] * 2
    assert_silent(stream)


@pytest.mark.parametrize(
    "name", ["tortoise", "tortoise.db_client", "asyncpg", "aiosqlite", "aiohttp.access", "new.lib"]
)
def test_libraries_stay_quiet_below_warning_even_when_turned_up(stream: io.StringIO, name: str) -> None:
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.DEBUG)
    try:
        logger.debug("select %s", CANARY)
        logger.info("library.spoke")
    finally:
        logger.setLevel(before)
    assert stream.getvalue() == ""


def test_an_error_of_a_library_shows_its_class_and_places_and_no_text(stream: io.StringIO) -> None:
    def insert(name: str) -> None:
        raise ValueError(f"row ({name})")

    try:
        insert(CANARY)
    except ValueError:
        log.exception("lead.refused")
    exception = last(stream)["exception"]
    assert isinstance(exception, dict)
    assert exception.keys() == {"kind", "at"}
    assert exception["kind"] == "ValueError"
    assert [place.rpartition(" ")[2] for place in exception["at"]][-1] == "insert"
    assert_silent(stream)


def test_an_error_of_ours_shows_its_code_and_its_safe_text(stream: io.StringIO) -> None:
    try:
        raise OpenFailed(Label.MSG_BODY, LEAD.bytes)
    except OpenFailed:
        log.exception("lead.refused")
    exception = last(stream)["exception"]
    assert isinstance(exception, dict)
    assert (exception["kind"], exception["code"]) == ("storage.errors.OpenFailed", "storage.open_failed")
    assert LEAD.hex in exception["text"]


def test_causes_and_groups_are_named_by_class_alone(stream: io.StringIO) -> None:
    try:
        try:
            raise KeyError(CANARY)
        except KeyError as cause:
            raise ExceptionGroup(CANARY, [ValueError(CANARY), Conflict("person_once")]) from cause
    except ExceptionGroup:
        log.exception("lead.refused")
    exception = last(stream)["exception"]
    assert isinstance(exception, dict)
    assert exception["kind"] == "ExceptionGroup[ValueError, storage.errors.Conflict]"
    assert exception["causes"] == ["KeyError"]
    assert_silent(stream)


def test_stack_and_error_text_prepared_by_others_are_not_shown(stream: io.StringIO) -> None:
    record = logging.makeLogRecord(
        {"name": "storage.leads", "msg": "lead.refused", "exc_text": CANARY, "stack_info": CANARY, "levelno": 40}
    )
    logging.getLogger("storage.leads").handle(record)
    assert_silent(stream)


def test_lines_of_a_request_carry_its_id(stream: io.StringIO) -> None:
    token = REQUEST_ID.set("0123456789abcdef")
    log.info("delivery.sent")
    REQUEST_ID.reset(token)
    assert last(stream)["request"] == "0123456789abcdef"
    log.info("delivery.sent")
    assert "request" not in last(stream)


def test_a_field_cannot_pretend_to_be_a_part_of_the_line(stream: io.StringIO) -> None:
    log.info("delivery.sent", extra={"event": 1, "level": 2, "time": 3})
    assert (last(stream)["event"], last(stream)["level"]) == ("delivery.sent", "info")


def test_text_lines_follow_the_same_rules(stream: io.StringIO) -> None:
    text = io.StringIO()
    configure_logs(logging.INFO, LogFormat.TEXT, text)
    log.debug("nothing.shown")
    log.warning("delivery.refused", extra={"lead": LEAD, "who": CANARY, "reason": "no_consent"})
    try:
        raise Conflict("person_once")
    except Conflict:
        log.exception("delivery.refused")
    lines = text.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[0].endswith(f"warning delivery.refused lead={LEAD} reason=no_consent withheld=1")
    assert "storage.conflict" in lines[1]
    assert CANARY not in text.getvalue()
    assert stream.getvalue() == ""


def test_handlers_that_a_library_put_up_are_taken_down(stream: io.StringIO) -> None:
    other = io.StringIO()
    logging.getLogger("tortoise").addHandler(logging.StreamHandler(other))
    logging.getLogger("tortoise").propagate = False
    configure_logs(logging.INFO, LogFormat.JSON, stream)
    logging.getLogger("tortoise").error(CANARY)
    assert other.getvalue() == ""
    assert last(stream)["event"] == "message.withheld"


# The stream is cleared by the test itself.
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    planted=st.text(min_size=3).filter(lambda text: not text.isascii() or " " in text),
    where=st.sampled_from(["message", "argument", "field", "code", "error", "name"]),
)
def test_a_planted_text_never_comes_out(stream: io.StringIO, planted: str, where: str) -> None:
    stream.seek(0)
    stream.truncate()
    match where:
        case "message":
            log.warning(planted)
        case "argument":
            log.warning("lead.named", planted)
        case "field":
            log.warning("lead.named", extra={"who": planted})
        case "code":
            log.warning("lead.named", extra={"reason": planted, "page": planted})
        case "name":
            logging.getLogger("storage").getChild(planted.replace(".", "")).warning("lead.named")
        case _:
            log.warning("lead.named", exc_info=(ValueError, ValueError(planted), None))
    shown = stream.getvalue()
    assert len(shown.splitlines()) == 1
    assert planted not in shown
    if where != "name":
        assert json.dumps(planted)[1:-1] not in shown


def test_what_nobody_caught_comes_out_as_lines_alone() -> None:
    program = (
        "import logging, threading, sys, warnings\n"
        "from app.logs import LogFormat, configure_logs\n"
        "configure_logs(logging.INFO, LogFormat.JSON)\n"
        f"name = {CANARY!r}\n"
        "def fail(): raise ValueError(name)\n"
        "thread = threading.Thread(target=fail); thread.start(); thread.join()\n"
        "class Broken:\n    def __del__(self): fail()\n"
        "Broken()\n"
        "warnings.warn(name)\n"
        "logging.getLogger('storage').info('%d', name)\n"
        "fail()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    events = [json.loads(line)["event"] for line in done.stdout.splitlines()]
    assert events == ["thread.crashed", "error.ignored", "message.withheld", "message.withheld", "program.crashed"]
    assert done.stderr == ""
    assert "Canary" not in done.stdout
    assert done.returncode == 1
