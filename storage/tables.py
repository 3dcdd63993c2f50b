"""How do the ordinary tables look to Tortoise?

The schema is the SQL of storage/migrations; these models are a view of it, compared with the catalog by a test.
Tortoise knows no composite keys: where page_id leads the key, the model names the column that is unique by itself.
"""

from tortoise import fields
from tortoise.models import Model


class PageRow(Model):
    page_id = fields.CharField(max_length=64, primary_key=True)
    name = fields.TextField()
    region = fields.TextField()
    language = fields.TextField()
    time_zone = fields.TextField()
    controller_name = fields.TextField()
    controller_contact = fields.TextField()
    dpo_contact = fields.TextField()
    marketing_basis = fields.TextField()
    minimum_age = fields.SmallIntField()
    pace = fields.SmallIntField()
    takeover_hours = fields.SmallIntField()
    use_first_name = fields.BooleanField()
    state = fields.TextField()
    paused_cause = fields.TextField(null=True)
    resume_after = fields.DatetimeField(null=True)
    frequency_hours = fields.SmallIntField(null=True)
    quiet_from = fields.SmallIntField(null=True)
    quiet_until = fields.SmallIntField(null=True)
    consent_from_notice = fields.IntField()
    token_sealed = fields.BinaryField()
    connected_at = fields.DatetimeField()

    class Meta:
        table = "page"


class NoticeRow(Model):
    notice_id = fields.UUIDField(primary_key=True)
    page_id = fields.TextField()
    version = fields.IntField()
    language = fields.TextField()
    body = fields.TextField()
    sha256 = fields.BinaryField()
    published_at = fields.DatetimeField()

    class Meta:
        table = "notice"
