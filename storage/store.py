"""What do the other rooms get of the database?

One handle that bundles the stores. They share the connections and keys of this process; a method that takes `tx`
works inside the caller's transaction, the others make their own.
"""

from dataclasses import dataclass

from storage.anchors import AnchorStore
from storage.audiences import AudienceStore
from storage.audit import AuditStore
from storage.campaign_reports import CampaignReports
from storage.campaigns import CampaignStore
from storage.consents import ConsentStore
from storage.data_requests import DataRequestStore
from storage.database import Database
from storage.deliveries import DeliveryStore
from storage.exports import ExportStore
from storage.fields import FieldStore
from storage.inbox import InboxStore
from storage.keys import Keys
from storage.lanes import LaneStore
from storage.leads import LeadStore
from storage.limits import LimitStore
from storage.log import LogStore
from storage.log_records import LogRecordStore
from storage.notices import NoticeStore
from storage.outbox import OutboxStore
from storage.pages import PageStore
from storage.second_tries import SecondTries
from storage.suppressions import SuppressionStore
from storage.tags import TagStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Every store of this process, over one database and one key ring."""

    database: Database
    keys: Keys
    pages: PageStore
    notices: NoticeStore
    leads: LeadStore
    consents: ConsentStore
    suppressions: SuppressionStore
    inbox: InboxStore
    outbox: OutboxStore
    campaigns: CampaignStore
    audiences: AudienceStore
    tags: TagStore
    fields: FieldStore
    deliveries: DeliveryStore
    reports: CampaignReports
    second_tries: SecondTries
    lanes: LaneStore
    limits: LimitStore
    audit: AuditStore
    log: LogStore
    log_records: LogRecordStore
    anchors: AnchorStore
    requests: DataRequestStore
    exports: ExportStore

    @classmethod
    def over(cls, database: Database, keys: Keys) -> "Store":
        """The stores over these connections and keys; nothing is opened here."""
        return cls(
            database=database,
            keys=keys,
            pages=PageStore(keys),
            notices=NoticeStore(),
            leads=LeadStore(keys),
            consents=ConsentStore(),
            suppressions=SuppressionStore(database),
            inbox=InboxStore(database, keys),
            outbox=OutboxStore(database, keys),
            campaigns=CampaignStore(database),
            audiences=AudienceStore(database),
            tags=TagStore(database),
            fields=FieldStore(database),
            deliveries=DeliveryStore(database, keys),
            reports=CampaignReports(database),
            second_tries=SecondTries(keys),
            lanes=LaneStore(database),
            limits=LimitStore(database),
            audit=AuditStore(keys),
            log=LogStore(),
            log_records=LogRecordStore(),
            anchors=AnchorStore(),
            requests=DataRequestStore(database),
            exports=ExportStore(database, keys),
        )
