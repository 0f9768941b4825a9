"""Launch buttons only for a book that says where it lives.

The theme fails on a page of a notebook when the buttons are configured and ``repository: url`` in
``_config.yml`` is empty. Without an address there is nothing to launch, so the buttons go. The
environment variable ``WSSL_REPOSITORY_URL`` gives the address to a single build, as the workflow
of the published book does.
"""

import os

from sphinx.application import Sphinx
from sphinx.config import Config


def find_address(app: Sphinx, config: Config) -> None:
    options = config.html_theme_options
    options["repository_url"] = options.get("repository_url") or os.environ.get(
        "WSSL_REPOSITORY_URL", ""
    )
    if not options["repository_url"]:
        options.pop("launch_buttons", None)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", find_address)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
