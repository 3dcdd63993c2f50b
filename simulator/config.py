"""With what is a simulator started?"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin

# Values everybody may know: a simulator guards nothing, and its secrets must never be somebody's real ones.
LOCAL_APP_ID = "1000000000000001"
LOCAL_APP_SECRET = "simulated-app-secret-0123456789ab"  # noqa: S105 - public on purpose, see above
LOCAL_VERIFY_TOKEN = "simulated-verify-token"  # noqa: S105 - public on purpose, see above
LOCAL_PAGE_ID = "200000000000001"
LOCAL_PAGE_TOKEN = "EAASimulatedPageToken"  # noqa: S105 - public on purpose, see above


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorConfig:
    """Everything a run depends on; two runs with equal values have the same followers.

    An empty `callback_url` pushes nothing until one is set (control API or `POST /{app}/subscriptions`).
    `hour_seconds` scales Meta's hour of failing deliveries after which a Page is unsubscribed.
    """

    host: str = "127.0.0.1"
    port: int = 0
    app_id: str = LOCAL_APP_ID
    app_secret: str = field(default=LOCAL_APP_SECRET, repr=False)
    verify_token: str = field(default=LOCAL_VERIFY_TOKEN, repr=False)
    callback_url: str = ""
    ledger_path: Path | None = None
    followers: int = 0
    seed: int = 1
    graph_version: str = "v25.0"
    page_id: str = LOCAL_PAGE_ID
    page_name: str = "Café Aurora"
    page_token: str = field(default=LOCAL_PAGE_TOKEN, repr=False)
    page_region: str = "eu"
    subscribed: bool = True
    verify_on_start: bool = True
    limits: bool = True
    require_proof: bool = False
    hour_seconds: float = 3600.0
    answer_seconds: float = 5.0
    longest_retry_gap_seconds: float = 1.0
    batch: int = 20
    data_deletion_url: str = ""
    deauthorize_url: str = ""

    def deletion_callback(self, callback_url: str) -> str:
        """Where data-deletion requests go: the address given, else the neighbour of the event callback."""
        return self.data_deletion_url or urljoin(callback_url, "data-deletion")

    def deauthorize_callback(self, callback_url: str) -> str:
        """Where deauthorize calls go: the address given, else the neighbour of the event callback."""
        return self.deauthorize_url or urljoin(callback_url, "deauthorize")
