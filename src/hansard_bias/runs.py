"""The commands about the runs in MLflow, as a part of the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from hansard_bias.config import load_config

commands = typer.Typer()


@commands.command()
def backfill() -> None:
    """Log every result of metrics/, and of DVC's experiments, that has no run in MLflow yet."""
    from hansard_bias.tracking import backfill as missing_runs
    from hansard_bias.tracking import store_uri

    titles = []
    for title in missing_runs(load_config()):
        titles.append(title)
        print(title, flush=True)
    print(f"{len(titles)} new runs in {store_uri()}")


@commands.command()
def ui(port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 5000) -> None:
    """Open MLflow's pages on 127.0.0.1."""
    from hansard_bias.tracking import serve

    serve(load_config().tracking.experiment, port)
