"""Fixtures that many tests share."""

import os
import runpy
import tempfile
from pathlib import Path

import hypothesis
import numpy as np
import pytest

import wssl  # noqa: F401  before any test loads Keras: it says how many threads compute

os.environ["WSSL_JOBS"] = "1"  # as a test that stands in for training needs it; some ask for more

# How long an example takes depends on what else the machine does.
hypothesis.settings.register_profile("wssl", deadline=None)
hypothesis.settings.load_profile("wssl")

BACKEND = os.environ.get("KERAS_BACKEND", "tensorflow")

NAMED = "browser", "backends"
"""Folders of tests that run only when they are named, as their targets of `make` do."""

TENSORFLOW_ONLY = {
    "book/test_exercises.py": "runs what readers paste, on the backend that they have by default",
    "book/test_freshness.py": "starts kernels, and computes nothing",
    "book/test_notebooks.py": "compiles each phase anew in each kernel",
    "machine/test_devices.py": "starts a process of JAX",
    "scheduling/test_cluster.py": "compiles each phase anew in each of many worker processes",
    "test_benchmarks.py": "starts programs that choose their backend",
}
WITHOUT_KERAS = [
    "book/test_book.py",
    "book/test_publishing.py",
    "book/test_slides.py",
    "book/test_traces.py",
    "checks/test_names.py",
    "claims",
    "data",
    "machine/test_resources.py",
    "records/test_committed.py",
    "records/test_store.py",
    "report",
    "machine/test_processes.py",
    "study/test_campaign.py",
    "test_environment.py",
    "test_faults.py",
    "test_package.py",
    "test_paper.py",
]
"""`TENSORFLOW_ONLY` and `WITHOUT_KERAS` are not collected under another backend, which could not
make them fail in another way. A new file is collected under each until it is named here."""

ROOT = Path(__file__).parent

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"

if BACKEND != "tensorflow":
    # Nothing but the TensorFlow backend may need TensorFlow, neither here nor in child processes.
    without = Path(__file__).with_name("without_tensorflow")
    runpy.run_path(str(without / "sitecustomize.py"))
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(without), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    # Tests compile far longer than they compute, and often the same network.
    compiled = tempfile.TemporaryDirectory(prefix="wssl-jax-")
    os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", compiled.name)
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")


def pytest_ignore_collect(collection_path, config):
    if not collection_path.is_relative_to(ROOT):
        return None
    name = collection_path.relative_to(ROOT).as_posix()
    if BACKEND != "tensorflow" and name in {*TENSORFLOW_ONLY, *WITHOUT_KERAS}:
        return True
    if name not in NAMED:
        return None
    named = any(name in str(given) for given in config.invocation_params.args)
    return None if named else True


@pytest.fixture
def without_keras():
    """The files of tests that another backend cannot make fail."""
    paths = [ROOT / name for name in WITHOUT_KERAS]
    assert all(path.exists() for path in paths)
    return [file for path in paths for file in ([path] if path.is_file() else path.glob("*.py"))]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(autouse=True)
def own_results(tmp_path, monkeypatch):
    """Every test has a results folder of its own, so none reads what another wrote."""
    monkeypatch.setenv("WSSL_RESULTS", str(tmp_path / "results"))


@pytest.fixture
def shared_data(monkeypatch):
    """The real data sets, where the machine has them."""
    folder = Path(os.environ.get("WSSL_DATA", SHARED_DATA))
    names = "open-faces", "open-faces-2", "objects", "quickdraw"
    if not all((folder / name).is_dir() for name in names):
        pytest.skip("the real data sets are not on this machine; set WSSL_DATA")
    monkeypatch.setenv("WSSL_DATA", str(folder.absolute()))
    return folder


@pytest.fixture
def eager():
    """Training steps are not compiled, which costs more than a few of them; under JAX, less."""
    if BACKEND != "tensorflow":
        yield
        return
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture
def trained(monkeypatch):
    """The title of each phase that is trained while the test runs."""
    from wssl.runs import training

    titles = []

    def train(*arguments, title, **more):
        titles.append(title)
        return original(*arguments, title=title, **more)

    original = training.train
    monkeypatch.setattr(training, "train", train)
    return titles


@pytest.fixture
def gradients():
    """A function: a loss, called without arguments, and the variables that it depends on, in lists
    of any depth -> its gradient by each, as arrays; zeros by a variable that does not matter."""

    import keras

    def of(loss, variables):
        values = keras.tree.map_structure(lambda variable: variable.value, variables)
        if BACKEND == "tensorflow":
            import tensorflow as tf

            with tf.GradientTape() as tape:
                total = loss()
            found = tape.gradient(total, values, unconnected_gradients="zero")
        else:
            import jax

            def total(values):
                pairs = zip(*map(keras.tree.flatten, (variables, values)), strict=True)
                with keras.StatelessScope(state_mapping=list(pairs)):
                    return loss()

            found = jax.grad(total)(values)
        return keras.tree.map_structure(keras.ops.convert_to_numpy, found)

    return of


@pytest.fixture(scope="session")
def fabricate():
    """The function that fills a store with records that nobody trained for."""
    return runpy.run_path(str(Path(__file__).with_name("fabricated.py")))["fabricate"]


@pytest.fixture
def registries():
    """Whatever the test registers, no other test sees."""
    from wssl import losses, pretext
    from wssl.data import recipes, sources, strokes
    from wssl.methods import METHODS

    registered = [
        *(losses.LOSSES, METHODS, pretext.TASKS),
        *(recipes.RECIPES, sources.SOURCES, strokes.STROKES),
    ]
    before = [dict(registry) for registry in registered]
    yield
    for registry, entries in zip(registered, before, strict=True):
        registry.clear()
        registry.update(entries)


@pytest.fixture
def no_display():
    """Figures are drawn for no window, and closed after the test."""
    import matplotlib.pyplot as plt

    plt.switch_backend("agg")
    yield
    plt.close("all")


@pytest.fixture
def page(monkeypatch):
    """The function that runs the cells of a page: what it glues, and the names that it leaves."""
    import warnings
    from types import ModuleType

    import matplotlib
    import matplotlib.pyplot as plt
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    from wssl.book import notebooks

    config = Config()
    config.HistoryManager.enabled = False

    def run_cells(source, parameters):
        glued = {}
        monkeypatch.setattr(
            "myst_nb.glue", lambda name, value, display=True: glued.update({name: value})
        )
        shell = InteractiveShell.instance(config=config, user_module=ModuleType("page"))
        try:
            with warnings.catch_warnings(), matplotlib.rc_context():
                warnings.simplefilter("default")
                for cell in notebooks._load(source).cells:
                    if cell.cell_type == "code":
                        shell.run_cell(cell.source, store_history=True).raise_error()
                    if "parameters" in cell.metadata.get("tags", []):
                        lines = [f"{name} = {value!r}\n" for name, value in parameters.items()]
                        cells = "".join(["# Parameters\n", *lines])
                        shell.run_cell(cells, store_history=True).raise_error()
            return glued, dict(shell.user_ns)
        finally:
            plt.close("all")
            InteractiveShell.clear_instance()

    return run_cells
