"""Launch buttons only for a book that says where it lives.

The theme fails on a page of a notebook when the buttons are configured and ``repository: url`` in
``_config.yml`` is empty. Without an address there is nothing to launch, so the buttons go.
"""

from sphinx.application import Sphinx
from sphinx.config import Config


def find_address(app: Sphinx, config: Config) -> None:
    if not config.html_theme_options.get("repository_url"):
        config.html_theme_options.pop("launch_buttons", None)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", find_address)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
