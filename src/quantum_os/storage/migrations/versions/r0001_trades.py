"""The first schema: the life of every trade, and how far the journal has been projected."""

from alembic import op

from quantum_os.storage.database.revisions import note_revision, withdraw_revision
from quantum_os.storage.database.spelling import Spelled, create, drop

revision = "0001"
down_revision = None
oldest_code = "0001"

MADE = " seq at"
CHANGED = " seq at updated_seq updated_at"

BOOK_KEEPING = (
    Spelled(name="schema_revisions", key="revision", text="revision oldest_code"),
    Spelled(
        name="projection",
        key="name",
        text="name watermark_digest instance mode? venue? namespace? schema_revision",
        whole="watermark epoch? updated_at",
    ),
    Spelled(
        name="unprojected", key="seq", text="stream source error", whole="seq at", blob="payload"
    ),
    Spelled(
        name="processes",
        key="seq",
        text="build config_hash mode venue namespace",
        whole="seq at epoch seed started_at",
        exact="deposit",
        flag="world_went_on",
    ),
)

ORDERS = (
    Spelled(
        name="orders",
        key="venue client_id",
        text="venue mode? client_id symbol? leg? kind? side? intent_id? position_id? reason? "
        "state venue_id? code? state_reason cancel_reason?",
        whole="created? expires? generation? epoch? venue_ts? submitted_at? "
        "cancel_requested_at?" + CHANGED,
        exact="qty? price? trigger? cum_qty avg_price?",
        flag="reduce_only?",
        indexes=("symbol seq", "position_id", "intent_id"),
    ),
    Spelled(
        name="fills",
        key="venue trade_id",
        text="venue mode trade_id client_id symbol side liquidity",
        whole="venue_ts" + MADE,
        exact="price qty fee",
        indexes=("client_id", "symbol seq"),
    ),
    Spelled(
        name="positions",
        key="position_id",
        text="venue mode position_id symbol intent_id? decision_id? pil_class",
        whole="leverage opened_at closed_at?" + CHANGED,
        exact="qty entry mark upnl margin liq_price? stop_price? stop_qty risk_to_stop",
        real="r_now? mae_r? mfe_r?",
        indexes=("symbol seq",),
    ),
    Spelled(
        name="trades",
        key="position_id",
        text="position_id intent_id? decision_id? symbol side strategy venue mode exit_reason "
        "regime policy_version",
        whole="leverage opened_at closed_at bar_close?" + MADE,
        exact="entry_price exit_price qty gross fees funding net",
        real="slippage_bps? r? mae_r? mfe_r? hold_s confidence? stop_distance?",
        json="model_versions",
        indexes=("closed_at", "symbol seq"),
    ),
)

ACCOUNT = (
    Spelled(
        name="funding",
        key="venue funding_id",
        text="venue mode funding_id symbol",
        whole="venue_ts" + MADE,
        exact="amount mark qty",
        real="rate",
        indexes=("symbol seq",),
    ),
    Spelled(
        name="equity",
        key="venue mode minute",
        text="venue mode source",
        whole="minute time" + CHANGED,
        exact="wallet upnl equity margin_used available peak_equity",
        real="margin_util drawdown day_pnl_frac week_pnl_frac age_ms",
    ),
)

MIND = (
    Spelled(
        name="decisions",
        key="bar_close symbol venue mode",
        text="symbol venue mode disposition reason nearest decision_id?",
        whole="bar_close" + MADE,
        real="value? threshold?",
        json="report_only",
        indexes=("decision_id", "symbol bar_close"),
    ),
    Spelled(
        name="candidates",
        key="decision_id",
        text="decision_id signal_id? symbol? side? strategy? regime? reason? policy_version? "
        "venue? mode? intent_id? outcome? outcome_stage? outcome_code? outcome_reason?",
        whole="bar_close? leverage? intent_created? intent_expires? permitted_at? ended_at?"
        + CHANGED,
        exact="qty? risk_usd? notional_usd? margin_usd? permitted_qty? filled_qty? entry_price? "
        "fee_usd?",
        real="confidence? q? e_net? cost_r? ref_price? atr_frac? stop_distance? outcome_value? "
        "outcome_threshold? slippage_bps?",
        json="gates? model_versions?",
        indexes=("intent_id", "symbol bar_close", "outcome"),
    ),
    Spelled(
        name="policies",
        key="version",
        text="version previous hash reason author direction",
        whole="valid_until" + CHANGED,
        json="changed policy limits",
    ),
    Spelled(
        name="alerts",
        key="key since",
        text="key rule? severity? summary?",
        whole="since resolved_at?" + CHANGED,
        real="value?",
    ),
)

TABLES = BOOK_KEEPING + ORDERS + ACCOUNT + MIND


def upgrade() -> None:
    create(op.get_bind(), TABLES)
    note_revision(op.get_bind(), revision, oldest_code)


def downgrade() -> None:
    withdraw_revision(op.get_bind(), revision)
    drop(op.get_bind(), TABLES)
