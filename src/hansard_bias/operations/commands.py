"""The commands about runs and what they leave, in MLflow, in DVC and beside them, as a part of the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hansard_bias.base.messages import say
from hansard_bias.params import load_config

commands = typer.Typer()


@commands.command()
def backfill() -> None:
    """Log every result of metrics/, and of DVC's experiments, that has no run in MLflow yet."""
    from hansard_bias.tracking import backfill as missing_runs
    from hansard_bias.tracking import store_uri

    titles = []
    for title in missing_runs(load_config()):
        titles.append(title)
        say(title)
    print(f"{len(titles)} new runs in {store_uri()}")


@commands.command()
def ui(port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 5000) -> None:
    """Open MLflow's pages on 127.0.0.1."""
    from hansard_bias.tracking import serve

    serve(load_config().tracking.experiment, port)


@commands.command()
def clean(
    days: Annotated[float, typer.Option(help="Remove what nobody has touched for so many days.")] = 7.0,
) -> None:
    """Remove stale checkpoints, orphaned workspaces of experiments and broken-off files; say what was freed."""
    from hansard_bias.operations import clean_up
    from hansard_bias.operations.integrity import repair

    for line in repair():
        print(line)
    removed, kept = clean_up.clean(days, clean_up.resumable(load_config()))
    lines = [f"removed {each.kind} {each.path}: {each.size / 1e6:,.1f} MB" for each in removed]
    freed = f"freed {sum(each.size for each in removed) / 1e6:,.1f} MB"
    for line in (*lines, *(f"kept {line}" for line in kept), freed, *clean_up.experiment_storage()):
        print(line)


@commands.command()
def verify(
    everything: Annotated[bool, typer.Option("--all", help="DVC's whole cache too, that of experiments.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Delete what is damaged; DVC then brings it back.")] = False,
) -> None:
    """Check that data, models and metrics, and DVC's cache of them, hold what dvc.lock promises."""
    from hansard_bias.operations import integrity

    damages = integrity.verify(everything)
    for damage in damages:
        print(f"{damage.path}: {damage.what}")
    if not damages:
        print("verified: results and DVC's cache hold what dvc.lock promises")
    elif remove:
        for damage in damages:
            integrity.delete(damage.path)
        again = "`dvc repro` makes them anew, or `dvc pull` fetches them where there is a remote"
        print(f"removed {len(damages)}; {again}")
    else:
        raise ValueError(
            f"{len(damages)} damaged, changed by hand, or of a run that did not end; `dvc repro` ends one, "
            "`hansard-bias verify --all --remove` deletes the rest so that `dvc repro` makes it anew"
        )


# The page that `dvc plots` fills in, with its drawing library inside, so that it works without a network.

TEMPLATE = Path(".dvc/plots/page.html")

# DVC's divisions call vegaEmbed as a global name.
_SNIPPET = "window.vegaEmbed = vegaEmbed; window.vega = vega; window.vegaLite = vegaLite;"

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
  {refresh_tag}
  <meta charset="utf-8">
  <title>hansard-bias: plots</title>
  <script>SCRIPT</script>
  <style>
    body { font-family: system-ui, sans-serif; margin: 1.5rem; }
    h1 { font-size: 1.4rem; }
    table { border-spacing: 15px; }
  </style>
</head>
<body>
  <main>
    <h1>Plots of the experiments</h1>
    {plot_divs}
  </main>
</body>
</html>
"""


@commands.command(hidden=True)
def plots_page() -> None:
    """Write the offline page for `dvc plots` (done by `make setup`)."""
    write_plots_page()


def write_plots_page(path: Path = TEMPLATE) -> None:
    """Write the HTML template that .dvc/config names; the bundle comes from the installed vl-convert."""
    import vl_convert

    # Inside a script element, this alone would end it.
    bundle = vl_convert.javascript_bundle(_SNIPPET).replace("</script", "<\\/script")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_PAGE.replace("SCRIPT", bundle), encoding="utf-8")
