"""What is kept beside the journal of models' work, and of what one comes back from.

No projection writes here: these are the tables in which learning and recovery keep records of their
own.
"""

from sqlalchemy import BigInteger, Column, Index, Table, Text

from quantum_os.storage.database.columns import Json, Real
from quantum_os.storage.database.metadata import METADATA

MODELS = Table(
    "models",
    METADATA,
    Column("model_id", Text, primary_key=True),
    Column("slot", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("parent", Text),
    Column("manifest", Json, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("promoted_at", BigInteger),
    Column("retired_at", BigInteger),
    Index(None, "slot", "status"),
)
"""The registry: artefacts by content, one champion per slot."""

EXPERIMENTS = Table(
    "experiments",
    METADATA,
    Column("experiment_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("question", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("data_hash", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("verdict", Text),
)

TRIALS = Table(
    "trials",
    METADATA,
    Column("trial_id", Text, primary_key=True),
    Column("experiment_id", Text, nullable=False),
    Column("config", Json, nullable=False),
    Column("seed", BigInteger),
    Column("sharpe", Real),
    Column("net_r", Real),
    Column("trades", BigInteger),
    Column("figures", Json, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index(None, "experiment_id"),
)
"""The trial ledger: every experiment of any kind is counted, or its Sharpe means nothing."""

SNAPSHOTS = Table(
    "snapshots",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("file", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("checksum", Text, nullable=False),
    Column("build", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
)
"""Which snapshot files there were, at which sequence number, of which build."""

RECORDS = (MODELS, EXPERIMENTS, TRIALS, SNAPSHOTS)
"""Tables that no journal can make anew."""
