"""The offline page in which `dvc plots` shows its figures: everything is in it, nothing is fetched."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

PLOTS_PAGE = Path(".dvc/plots/page.html")


def write_plots_page(path: Path = PLOTS_PAGE) -> None:
    """Write the page with Vega's program in it."""
    import vl_convert

    # DVC's divisions call vegaEmbed as a global name.
    bundle = vl_convert.javascript_bundle(
        "window.vegaEmbed = vegaEmbed; window.vega = vega; window.vegaLite = vegaLite;"
    )
    page = resources.files("hansard_bias.operations").joinpath("plots.html").read_text(encoding="utf-8")
    path.parent.mkdir(parents=True, exist_ok=True)
    # Inside a script element, "</script" alone would end it.
    path.write_text(page.replace("SCRIPT", bundle.replace("</script", "<\\/script")), encoding="utf-8")
