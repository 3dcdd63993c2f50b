"""What may a log line say, whoever writes it and whatever went wrong?

A line is an event name in the past tense (`delivery.sent`) and fields that are let through by type: ids, enums,
numbers, durations, times, codes. Free text is withheld: messages that are not event names, arguments, texts of
errors that are not ours, local variables. What a library says shows where it came from, never what it said.
"""

import json
import logging
import math
import re
import sys
import threading
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from enum import Enum, StrEnum
from pathlib import PurePath
from types import TracebackType
from typing import Final, Self, TextIO
from uuid import UUID

ROOMS: Final = frozenset(
    {"app", "bot", "broadcast", "console", "domain", "messenger", "privacy", "simulator", "storage", "webhooks"}
)
PINNED: Final = ("aiohttp", "aiosqlite", "asyncio", "asyncpg", "pgqueuer", "tortoise")

REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Set by the request middleware; every line written while a request is handled carries it."""

EVENT_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}(\.[a-z][a-z0-9_]{0,39}){1,3}")
FIELD_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
CODE: Final = re.compile(r"(?!.*[0-9]{8})[A-Za-z][A-Za-z0-9_.:-]{0,63}")
PLATFORM_ID: Final = re.compile(r"[0-9]{1,20}")

CODE_FIELDS: Final = frozenset({"check", "code", "command", "error", "kind", "label", "reason", "setting", "state"})
"""Fields whose plain text may pass when it has the shape of a code; anything else must be a `Code`."""
PLATFORM_ID_FIELDS: Final = frozenset({"key", "page"})
"""Fields that hold a Page's id or a lane's number: digits only. A Psid looks the same and never goes there."""

MAX_NUMBER: Final = 10**13  # above every count and millisecond time, below every Psid
MAX_FRAMES: Final = 12
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_WITHHELD: Final = object()


class LogFormat(StrEnum):
    JSON = "json"
    TEXT = "text"


class Code(str):
    """A text that the program itself made up, such as a route template; passes into log lines."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Raises ValueError for what no program would choose: long, with spaces, line ends or control characters."""
        if not 1 <= len(text) <= 120 or not text.isascii() or not text.isprintable() or " " in text:
            raise ValueError("a code is a short printable text without spaces")
        return super().__new__(cls, text)


def allowed(name: str, value: object) -> object:
    """The value as a line may show it, or a mark that it is withheld."""
    match value:
        case Enum():
            return value.name.lower()
        case bool() | None:
            return value
        case int():
            return int(value) if abs(value) < MAX_NUMBER else _WITHHELD
        case float():
            return float(value) if math.isfinite(value) and abs(value) < MAX_NUMBER else _WITHHELD
        case UUID():
            return str(value)
        case timedelta():
            return value.total_seconds()
        case datetime() if value.tzinfo is not None:
            return value.astimezone(UTC).isoformat()
        case Code():
            return str(value)
        case str():
            return value if _is_code(name, value) else _WITHHELD
        case _:
            return _WITHHELD


def _is_code(name: str, value: str) -> bool:
    if name in CODE_FIELDS:
        return CODE.fullmatch(value) is not None
    return name in PLATFORM_ID_FIELDS and PLATFORM_ID.fullmatch(value) is not None


def line_of(record: logging.LogRecord) -> dict[str, object]:
    """The parts of one line: time, level, event, place, fields, and what is known of an error."""
    line: dict[str, object] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        **_event(record),
    }
    request_id = REQUEST_ID.get()
    if request_id is not None:
        line["request"] = request_id
    withheld = 0
    for name, value in vars(record).items():
        if name in _STANDARD:
            continue
        shown = allowed(name, value) if FIELD_NAME.fullmatch(name) else _WITHHELD
        if shown is _WITHHELD:
            withheld += 1
        elif name not in line:
            line[name] = shown
    if withheld:
        line["withheld"] = withheld
    if record.exc_info and record.exc_info[1] is not None:
        line["exception"] = described(record.exc_info[1])
    return line


def _event(record: logging.LogRecord) -> dict[str, object]:
    room = record.name.partition(".")[0]
    if room in ROOMS and isinstance(record.msg, str) and EVENT_NAME.fullmatch(record.msg):
        return {"event": record.msg}
    # Whose words these are and where they stand in the code; enough to look them up, nothing of what they say.
    logger = record.name if CODE.fullmatch(record.name) else "unnamed"
    return {"event": "message.withheld", "logger": logger, "at": f"{PurePath(record.pathname).name}:{record.lineno}"}


def described(error: BaseException) -> dict[str, object]:
    """An error without its words: class, causes, places in the code; the text only where it is ours and safe."""
    causes = list(_causes(error))
    shown: dict[str, object] = {"kind": _kind(error)}
    code = getattr(type(error), "code", None)
    if _is_ours(error) and isinstance(code, str):
        shown |= {"code": code, "text": str(error)}
    if causes:
        shown["causes"] = [_kind(cause) for cause in causes]
    shown["at"] = _places((causes[-1] if causes else error).__traceback__)
    return shown


def _is_ours(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] in ROOMS


def _kind(error: BaseException) -> str:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    if isinstance(error, BaseExceptionGroup):
        return f"{name}[{', '.join(_kind(inner) for inner in error.exceptions[:5])}]"
    return name


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    following = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    while following is not None and following not in found and len(found) < 5:
        found.append(following)
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)
    return found


def _places(trace: TracebackType | None) -> list[str]:
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        path = PurePath(code.co_filename)
        places.append(f"{path.parent.name}/{path.name}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places[-MAX_FRAMES:]


class JsonLines(logging.Formatter):
    """One JSON object a line, in ASCII: nothing in it can break the line."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(line_of(record))


class TextLines(logging.Formatter):
    """The same parts for a terminal: time, level, event, then name=value."""

    def format(self, record: logging.LogRecord) -> str:
        line = line_of(record)
        head = f"{line.pop('time')} {line.pop('level')!s:7} {line.pop('event')}"
        return " ".join([head, *(f"{name}={_plain(value)}" for name, value in line.items())])


def _plain(value: object) -> str:
    text = json.dumps(value)
    return text[1:-1] if isinstance(value, str) and re.fullmatch(r'"[\w.:/+-]+"', text) else text


class _OursOrSerious(logging.Filter):
    """Libraries are heard from WARNING on, even when somebody turns their loggers up."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING or record.name.partition(".")[0] in ROOMS


def configure_logs(level: int, form: LogFormat, stream: TextIO | None = None) -> None:
    """Sends everything that is logged, warned or left uncaught through the rules above, to stdout by default."""
    # With this on, logging prints the arguments of a faulty call to stderr.
    logging.raiseExceptions = False
    handler = logging.StreamHandler(sys.stdout if stream is None else stream)
    handler.setFormatter(JsonLines() if form is LogFormat.JSON else TextLines())
    handler.addFilter(_OursOrSerious())
    root = logging.getLogger()
    for logger in (root, *(logging.getLogger(name) for name in logging.root.manager.loggerDict)):
        for old in list(logger.handlers):
            logger.removeHandler(old)
        logger.propagate = True
    root.addHandler(handler)
    root.setLevel(max(level, logging.WARNING))
    for name in PINNED:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    for name in ROOMS:
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(True)
    _take_over_uncaught()


def _take_over_uncaught() -> None:
    """Python prints what nobody caught with the full text of the error; here it becomes a line like any other."""
    log = logging.getLogger(__name__)

    def crashed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log.critical("program.crashed", exc_info=(kind, error, trace))

    def thread_crashed(args: threading.ExceptHookArgs) -> None:
        error = args.exc_value or args.exc_type()
        log.critical("thread.crashed", exc_info=(args.exc_type, error, args.exc_traceback))

    def ignored(args: "sys.UnraisableHookArgs") -> None:
        error = args.exc_value or args.exc_type()
        log.error("error.ignored", exc_info=(args.exc_type, error, args.exc_traceback))

    sys.excepthook = crashed
    threading.excepthook = thread_crashed
    sys.unraisablehook = ignored
