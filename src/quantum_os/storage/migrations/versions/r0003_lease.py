"""Adds the lease's table, so that a role without the right to make tables can run the fund."""

from alembic import op
from sqlalchemy import inspect

from quantum_os.storage.database.revisions import note_revision, withdraw_revision
from quantum_os.storage.database.spelling import Spelled, create, drop

revision = "0003"
down_revision = "0002"
oldest_code = "0001"

LEASE = Spelled(name="instance_lease", key="name", text="name owner", whole="epoch beat")


def upgrade() -> None:
    # The first instance that found no schema may have made it already, and may hold it now.
    if not inspect(op.get_bind()).has_table(LEASE.name):
        create(op.get_bind(), (LEASE,))
    note_revision(op.get_bind(), revision, oldest_code)


def downgrade() -> None:
    withdraw_revision(op.get_bind(), revision)
    drop(op.get_bind(), (LEASE,))
