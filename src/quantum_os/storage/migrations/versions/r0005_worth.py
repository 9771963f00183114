"""Adds what a candidate's win and loss are worth by the models that spoke; older code leaves it."""

import sqlalchemy as sa
from alembic import op

from quantum_os.storage.database.columns import Real
from quantum_os.storage.database.revisions import note_revision, withdraw_revision

revision = "0005"
down_revision = "0004"
oldest_code = "0001"

ADDED = ("gain_r", "loss_r")


def upgrade() -> None:
    for name in ADDED:
        op.add_column("candidates", sa.Column(name, Real(), nullable=True))
    note_revision(op.get_bind(), revision, oldest_code)


def downgrade() -> None:
    withdraw_revision(op.get_bind(), revision)
    for name in reversed(ADDED):
        op.drop_column("candidates", name)
