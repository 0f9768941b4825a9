"""The built book in a real browser; only run when asked for: ``pytest tests/browser``.

Needs ``make html`` before, Chromium (``CHROMIUM`` names another than the system's), and npm, which
fetches the accessibility checker axe-core and the demo's runtime once.
"""

import functools
import os
import shutil
import tarfile
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HTML = Path(os.environ.get("WSSL_HTML", ROOT / "_build" / "html"))
CACHE = ROOT / "_build" / "npm"

AXE = "axe-core@4.14.1"
AXE_INTEGRITY = (
    "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
)  # fmt: skip

# The theme's own: it declares a name twice, and meets a mode that no reader has chosen yet.
KNOWN_FAULTS = ("Identifier 'THEBE_JS_URL' has already been declared", "Got invalid theme mode")

VIEWS = {
    "desktop-light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "phone-dark": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
}
"""How a page is looked at: each width and each colour scheme once."""


def pytest_generate_tests(metafunc):
    """A test of a page is a test of every page of the book."""
    if "page_name" in metafunc.fixturenames:
        paths = [path.relative_to(HTML) for path in sorted(HTML.rglob("*.html"))]
        names = [path.as_posix() for path in paths if not path.parts[0].startswith("_")]
        metafunc.parametrize("page_name", names or ["index.html"], scope="module")


class Visit:
    """A page in the browser, and what went wrong while it was shown."""

    def __init__(self, page):
        self.page, self.faults, self.requests = page, [], []
        page.on("pageerror", lambda error: self.note(str(error)))
        page.on("console", lambda line: line.type == "error" and self.note(line.text))
        page.on("requestfailed", lambda request: self.note(f"failed: {request.url}"))
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("response", lambda r: r.status >= 400 and self.note(f"{r.status}: {r.url}"))

    def note(self, fault):
        if not fault.startswith(KNOWN_FAULTS):
            self.faults.append(fault)

    def turn(self, viewport, color_scheme):
        """Look at the same page in another view, as a reader who turns a phone or a switch."""
        self.page.set_viewport_size(viewport)
        self.page.emulate_media(color_scheme=color_scheme)

    def violations(self, axe):
        """What axe-core finds, as "impact rule: element (why)", if serious or critical."""
        self.page.evaluate(axe)
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{rule['impact']} {rule['id']}: {node['html'][:120]} ({node['failureSummary'][:200]})"
            for rule in found["violations"]
            if rule["impact"] in ("serious", "critical")
            for node in rule["nodes"]
        ]


@pytest.fixture(scope="session")
def views():
    return VIEWS


@pytest.fixture(scope="module", params=VIEWS)
def view(request):
    """How a page is looked at, each way in turn."""
    return VIEWS[request.param]


@pytest.fixture(scope="session")
def html():
    if not (HTML / "index.html").is_file():
        pytest.fail(f"There is no book in {HTML}: run `make html` first.")
    return HTML


@pytest.fixture(scope="session")
def serve():
    """The function that serves a folder on this machine, and returns its address."""
    servers = []

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    def start(folder):
        handler = functools.partial(Quiet, directory=str(folder))
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def browser():
    from playwright.sync_api import sync_playwright

    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.fail("There is no chromium on this machine; CHROMIUM may name one.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def visit(browser):
    """The function that opens an address and returns a `Visit`."""
    contexts = []

    def open_page(address, **settings):
        context = browser.new_context(**(settings or VIEWS["desktop-light"]))
        contexts.append(context)
        visit = Visit(context.new_page())
        visit.page.set_default_timeout(60_000)
        visit.page.goto(address)
        return visit

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def archive():
    """The function that fetches an npm package, unless it was fetched before."""
    from wssl.book import demo

    def fetch(package, integrity):
        folder = CACHE / package
        folder.mkdir(parents=True, exist_ok=True)
        for found in folder.glob("*.tgz"):
            demo.check_integrity(found, integrity)
            return found
        return demo.fetch(package, integrity, folder)

    return fetch


@pytest.fixture(scope="session")
def axe(archive):
    """The source of axe-core."""
    with tarfile.open(archive(AXE, AXE_INTEGRITY)) as package:
        return package.extractfile("package/axe.min.js").read().decode()
