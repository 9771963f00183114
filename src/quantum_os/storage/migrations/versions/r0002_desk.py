"""Adds the records of people and models; code that knows only trades still runs on it."""

from alembic import op

from quantum_os.storage.database.revisions import note_revision, withdraw_revision
from quantum_os.storage.database.spelling import Spelled, create, drop

revision = "0002"
down_revision = "0001"
oldest_code = "0001"

TABLES = (
    Spelled(
        name="approvals",
        key="approval_id",
        text="approval_id subject? reason? asked_by? role? state finding? policy_version?",
        whole="asked_at? holds_from? expires_at? quorum? decided_at? seq at updated_seq updated_at",
        json="changed? votes",
        indexes=("state",),
    ),
    Spelled(
        name="audit",
        key="position",
        text="request_id actor role token_id action subject reason old new build"
        " previous_hash hash",
        whole="position asked_at seq at",
        indexes=("seq",),
    ),
    Spelled(
        name="models",
        key="model_id",
        text="model_id slot sha256 status parent?",
        whole="created_at promoted_at? retired_at?",
        json="manifest",
        indexes=("slot status",),
    ),
    Spelled(
        name="experiments",
        key="experiment_id",
        text="experiment_id kind question code data_hash verdict?",
        whole="started_at ended_at?",
    ),
    Spelled(
        name="trials",
        key="trial_id",
        text="trial_id experiment_id",
        whole="seed? trades? at",
        real="sharpe? net_r?",
        json="config figures",
        indexes=("experiment_id",),
    ),
    Spelled(
        name="snapshots",
        key="seq",
        text="file checksum build",
        whole="seq at bytes epoch",
    ),
    Spelled(
        name="incidents",
        key="cause since",
        text="cause action? way_out? closed_by? finding?",
        whole="since until? closed_at? seq at updated_seq updated_at",
        real="value? threshold?",
    ),
)


def upgrade() -> None:
    create(op.get_bind(), TABLES)
    note_revision(op.get_bind(), revision, oldest_code)


def downgrade() -> None:
    withdraw_revision(op.get_bind(), revision)
    drop(op.get_bind(), TABLES)
