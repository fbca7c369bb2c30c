"""The page that `dvc plots` fills in, with its drawing library inside, so that it works without a network."""

from __future__ import annotations

from pathlib import Path

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


def write_plots_page(path: Path = TEMPLATE) -> None:
    """Write the HTML template that .dvc/config names; the bundle comes from the installed vl-convert."""
    import vl_convert

    bundle = vl_convert.javascript_bundle(_SNIPPET).replace("</script", "<\\/script")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_PAGE.replace("SCRIPT", bundle), encoding="utf-8")
