"""Which trials a training was: every model of it, for each would have been kept as the best."""

from collections.abc import Iterator

from quantum_os.kernel.ids import derive, fingerprint
from quantum_os.learning.training.report import TrainingReport
from quantum_os.learning.trials import Trial

PROFILE = "train"
"""Under this name trainings stand in the ledger, beside the policy profiles of runs."""


def trial_config(config_hash: str, name: str) -> str:
    """The configuration of one model as the ledger of trials knows it."""
    return fingerprint(f"train {config_hash} {name}".encode())


def trials_of(report: TrainingReport, risk_usd: float, finished: str) -> Iterator[Trial]:
    """Gives what the ledger keeps of each model, the ensemble last.

    `net_pnl` is what its trades would have made, had each risked `risk_usd` at its stop.
    """
    for model in (*report.models, report.ensemble):
        config = trial_config(report.config_hash, model.name)
        made = model.trades * (model.expectancy_r or 0.0)
        yield Trial(
            run_id=derive("train", config, report.data_hash, model.decision_hash),
            finished=finished,
            code=report.code_hash,
            config_hash=config,
            data_hash=report.data_hash,
            decision_hash=model.decision_hash,
            profile=PROFILE,
            seed=report.seed,
            start=report.asked_from,
            end=report.end,
            symbols=len(report.symbols),
            trades=model.trades,
            net_pnl=made * risk_usd,
            sharpe=model.sharpe,
        )
