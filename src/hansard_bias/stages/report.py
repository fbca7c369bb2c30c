"""The page that says what was asked, what was found and how sure we are: `dvc repro report`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from hansard_bias.config import Config
from hansard_bias.paths import METRICS
from hansard_bias.provenance import provenance
from hansard_bias.reporting.loading import load_results
from hansard_bias.reporting.report import write_report


def run(config: Config, root: Path = Path(".")) -> Path:
    """Build metrics/report from the other metrics; returns the page's path."""
    folder = root / METRICS / "report"
    results = load_results(root / METRICS, config, provenance(root))
    for line in results.missing:
        print(f"hansard-bias: warning: {line}", file=sys.stderr)
    # DVC keeps it (persist): a figure of a model that is no longer in params.yaml must not stay.
    shutil.rmtree(folder, ignore_errors=True)
    write_report(results, folder)
    return folder / "index.html"
