"""Adds the record of broken invariants; older code never looks there."""

from alembic import op

from quantum_os.storage.database.revisions import note_revision, withdraw_revision
from quantum_os.storage.database.spelling import Spelled, create, drop

revision = "0004"
down_revision = "0003"
oldest_code = "0001"

BREACHES = Spelled(
    name="breaches",
    key="incident_id",
    text="incident_id name? kind? cause? subject? summary? closed_by? finding?",
    whole="number? since? opened_at? repeated? closed_at? seq at updated_seq updated_at",
    json="window?",
    indexes=("closed_at",),
)


def upgrade() -> None:
    create(op.get_bind(), (BREACHES,))
    note_revision(op.get_bind(), revision, oldest_code)


def downgrade() -> None:
    withdraw_revision(op.get_bind(), revision)
    drop(op.get_bind(), (BREACHES,))
