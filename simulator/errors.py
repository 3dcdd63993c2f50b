"""How does the platform say no? Codes, subcodes and bodies of the Graph API's errors."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One way of saying no; `status` is the HTTP status, which callers must not rely on."""

    code: int
    subcode: int | None = None
    message: str = "An unknown error occurred"
    status: int = 400
    type: str = "OAuthException"
    transient: bool = False
    title: str | None = None
    explanation: str | None = None


def _no(code: int, subcode: int | None, message: str, **more: Any) -> Refusal:
    return Refusal(code=code, subcode=subcode, message=f"(#{code}) {message}", **more)


_LIMIT_TEXT = "There have been too many calls to this account. Wait a bit and try again."

REFUSALS: dict[str, Refusal] = {
    "unknown": _no(1, None, "An unknown error has occurred.", status=500),
    "bad_reply": _no(1, 1357046, "Received invalid JSON reply", status=500),
    "temporary": _no(2, None, "Service temporarily unavailable", status=503, transient=True),
    "capability": _no(3, None, "Application does not have the capability to make this API call."),
    "app_limit": _no(4, None, "Application request limit reached", status=403, transient=True),
    "too_soon": _no(4, 2018354, "This message was sent too soon after the last one."),
    "opt_in_requests": _no(9, 2018352, "Too many opt-in requests"),
    "permission": _no(10, None, "Application does not have permission for this action", status=403),
    "opt_in_paused": _no(10, 1404170, "This Page may not send opt-in requests for now"),
    "stopped": _no(10, 1893015, "The person has stopped notifications of this topic"),
    "restricted": _no(10, 1893063, "This Page is temporarily restricted from sending messages"),
    "window_news": _no(10, 2018065, "This message is sent outside of allowed window"),
    "cannot_receive": _no(10, 2018108, "This person can't receive messages right now"),
    "window": _no(
        10,
        2018278,
        "This message is sent outside of allowed window.",
        title="Outside the allowed window",
        explanation="The person has not written to the Page within the last 24 hours.",
    ),
    "european": _no(10, 2018336, "This feature is not available for this thread under European rules"),
    "user_limit": _no(17, None, "User request limit reached", transient=True),
    "page_limit": _no(32, None, "Page request limit reached", status=403, transient=True),
    "parameter": _no(100, None, "Invalid parameter"),
    "tag": _no(100, None, "The message tag is no longer available"),
    "missing_object": Refusal(
        code=100,
        subcode=33,
        type="GraphMethodException",
        message="Unsupported request. Object does not exist, cannot be loaded due to missing permissions,"
        " or does not support this operation",
    ),
    "no_user": _no(100, 2018001, "No matching user found"),
    "fetch": _no(100, 2018008, "Failed to fetch the file from the url"),
    "message_and_action": _no(100, 2018014, "Message and sender action can not be sent together"),
    "empty": _no(100, 2018034, "Message cannot be empty, must provide valid attachment or text"),
    "file_type": _no(100, 2018047, "Upload attachment failure: the type does not match the file"),
    "attachment": _no(100, 2018074, "Attachment id is unknown or not owned by this Page"),
    "get_started": _no(100, 2018145, "You must set a Get Started button before a persistent menu"),
    "not_owner_old": _no(100, 2534037, "The app is not the owner of this thread"),
    "token": Refusal(code=190, status=401, message="Invalid OAuth access token - Cannot parse access token"),
    "token_removed": Refusal(
        code=190, subcode=458, status=401, message="Error validating access token: the app was removed"
    ),
    "token_checkpoint": Refusal(
        code=190, subcode=459, status=401, message="Error validating access token: the user must log in"
    ),
    "token_password": Refusal(
        code=190, subcode=460, status=401, message="Error validating access token: the password was changed"
    ),
    "token_expired": Refusal(
        code=190, subcode=463, status=401, message="Error validating access token: Session has expired"
    ),
    "token_unconfirmed": Refusal(
        code=190, subcode=464, status=401, message="Error validating access token: unconfirmed user"
    ),
    "token_invalid": Refusal(
        code=190, subcode=467, status=401, message="Error validating access token: Session is invalid"
    ),
    "token_role": Refusal(
        code=190, subcode=492, status=401, message="Error validating access token: no role on the Page"
    ),
    "not_reviewed": _no(200, None, "Permissions error", status=403),
    "unavailable_200": _no(200, 1545041, "This person isn't available right now.", status=403),
    "messaging_permission": _no(230, None, "Requires pages_messaging permission", status=403),
    "abusive": _no(368, None, "The action attempted has been deemed abusive or is otherwise disallowed"),
    "unavailable": _no(551, 1545041, "This person isn't available right now."),
    "custom_limit": _no(613, None, "Calls to this api have exceeded the rate limit.", transient=True),
    "person_limit": _no(613, 2018338, "Too many messages were sent to this person"),
    "unknown_id": _no(803, None, "Some of the aliases you requested do not exist", status=404),
    "send_failed": _no(1200, None, "Temporary send message failure. Please try again later", transient=True),
    "commerce": _no(2022, None, "Sending of commerce messages is disabled for this Page"),
    "no_token": Refusal(
        code=2500, message="An active access token must be used to query information about the current user."
    ),
    "no_path": Refusal(code=2500, status=404, message="Unknown path components"),
    "comment_done": _no(10900, None, "Activity already replied to"),
    "comment_impossible": _no(10903, None, "This comment can not be replied to"),
    "page_use": _no(80001, None, _LIMIT_TEXT, transient=True),
    "messenger_use": _no(80006, None, _LIMIT_TEXT, transient=True),
    "phone_account": _no(2018218, None, "No profile is available for this user"),
    "profile_field": _no(2018247, None, "Insufficient permission to read the requested profile field"),
    "not_owner": _no(2018300, None, "Another app is controlling this thread now."),
    "question_flow": _no(2018321, None, "A question flow is running in this thread"),
}

_BY_CODE = {(refusal.code, refusal.subcode): refusal for refusal in reversed(REFUSALS.values())}


def refusal_of(code: int, subcode: int | None = None) -> Refusal:
    """The platform's usual words for this code, or plain ones for a code nobody knows."""
    known = _BY_CODE.get((code, subcode))
    return known or Refusal(code=code, subcode=subcode, message=f"(#{code}) An error occurred")


def trace_id() -> str:
    """A fresh fbtrace_id."""
    return "A" + base64.urlsafe_b64encode(os.urandom(18)).decode("ascii")[:22]


class GraphError(Exception):
    """A call was refused; `body()` is what the caller gets to see."""

    def __init__(self, refusal: Refusal | str, message: str | None = None) -> None:
        self.refusal = REFUSALS[refusal] if isinstance(refusal, str) else refusal
        self.message = message if message is not None else self.refusal.message
        super().__init__(self.message)

    def body(self) -> dict[str, Any]:
        """The JSON body, shaped as the Graph API shapes it."""
        refusal = self.refusal
        error: dict[str, Any] = {"message": self.message, "type": refusal.type, "code": refusal.code}
        if refusal.subcode is not None:
            error["error_subcode"] = refusal.subcode
        if refusal.transient:
            error["is_transient"] = True
        if refusal.title is not None:
            error["error_user_title"] = refusal.title
            error["error_user_msg"] = refusal.explanation
        error["fbtrace_id"] = trace_id()
        return {"error": error}


def bad_parameter(message: str) -> GraphError:
    """Code 100 without a subcode, with the parameter named."""
    return GraphError("parameter", f"(#100) {message}")
