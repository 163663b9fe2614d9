"""The pages' notebooks run side by side, one a core, before Sphinx reads them one by one.

MyST-NB runs a notebook when it meets it, so all cores but one would wait. Here those that are not
in its cache run first, and go into it. A notebook that fails does not: MyST-NB then runs it again
and tells of it as it does of any.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from joblib import cpu_count
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import single_nb_execution
from myst_nb.core.read import create_nb_reader
from sphinx.util import logging
from traitlets.config import Config

LOGGER = logging.getLogger(__name__)


def notebooks(env, docnames):
    """The (docname, notebook) pairs of the pages that hold code."""
    for docname in docnames:
        path = Path(env.doc2path(docname))
        text = path.read_text("utf8")
        reader = create_nb_reader(str(path), env.myst_config, env.mystnb_config, text)
        notebook = reader and reader.read(text)
        if notebook and any(cell.cell_type == "code" for cell in notebook.cells):
            yield docname, notebook


def run_notebooks(app, env, docnames):
    settings = env.mystnb_config
    if settings.execution_mode != "cache":
        return
    cache = get_cache(settings.execution_cache_path)
    waiting = []
    for docname, notebook in notebooks(env, docnames):
        try:
            cache.match_cache_notebook(notebook)
        except KeyError:
            waiting.append((Path(env.doc2path(docname)), notebook))
    if not waiting:
        return

    cores = cpu_count()
    # Encrypted, for other users of the machine; else each kernel warns that it is not.
    how = Config(KernelManager={"transport_encryption": "auto"})

    def run(page):
        path, notebook = page
        folder, timeout = str(path.parent), settings.execution_timeout
        return path, single_nb_execution(notebook, folder, timeout, allow_errors=False, config=how)

    # The later a chapter, the longer it runs: those first, so that no core waits at the end.
    waiting.sort(key=lambda page: page[0].name, reverse=True)
    LOGGER.info("notebooks to run: %d, on %d cores", len(waiting), cores)
    with ThreadPoolExecutor(cores) as pool:
        for path, result in pool.map(run, waiting):
            if result.err is None:
                seconds = {"execution_seconds": result.time}
                bundle = CacheBundleIn(result.nb, str(path), data=seconds)
                cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def setup(app):
    app.connect("env-before-read-docs", run_notebooks, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
