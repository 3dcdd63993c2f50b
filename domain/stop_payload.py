"""Which payload of a button or quick reply is a stop, wherever it is read?"""

from typing import Final

STOP_PAYLOAD: Final = "assent:stop"


def is_stop(payload: str | None) -> bool:
    """Whether a tap that brings this payload back ends all marketing; any detail behind it changes nothing."""
    return payload is not None and (payload == STOP_PAYLOAD or payload.startswith(f"{STOP_PAYLOAD}:"))
