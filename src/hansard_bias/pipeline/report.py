"""The page that says what was asked, what was found and how sure we are: `dvc repro report`."""

from __future__ import annotations

from pathlib import Path

from hansard_bias.base.files import METRICS, run_name
from hansard_bias.base.messages import warn
from hansard_bias.params import Config
from hansard_bias.report.page import write_report
from hansard_bias.report.provenance import provenance
from hansard_bias.report.results import load_results


def run(config: Config, root: Path = Path(".")) -> Path:
    """Build metrics/report, and metrics/tables and matrix.svg beside it, from the other metrics; the page's path."""
    metrics = root / METRICS
    results = load_results(metrics, config, provenance(root))
    for line in [*results.missing, *earlier_curves(config, metrics / "curves")]:
        warn(line)
    write_report(results, metrics)
    return metrics / "report" / "index.html"


def earlier_curves(config: Config, folder: Path) -> list[str]:
    """A line on curves of runs that params.yaml no longer names: the page leaves them out, DVC's plots do not."""
    named = {run_name(model, seed) for model in config.all_models for seed in config.train.seeds}
    earlier = ", ".join(sorted(path.name for path in folder.glob("*.csv") if path.stem not in named))
    line = f"{folder} also holds {earlier}, which `dvc plots` draws, too; delete those you are done with"
    return [line] if earlier else []
