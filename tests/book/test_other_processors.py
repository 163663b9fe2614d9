"""What a page claims of a network that it trains holds on other processors, too.

A matrix product adds its terms in another order on another processor, training carries the last
digit on, and a network reads a digit more or less. OpenBLAS can be told to work as elsewhere.
"""

import os

import jupytext
import nbclient
import numpy as np
import pytest
from paths import ROOT
from threadpoolctl import threadpool_info

assert np.zeros(1) @ np.zeros(1) == 0  # OpenBLAS is there
HERE = {pool["architecture"] for pool in threadpool_info() if pool["internal_api"] == "openblas"}
OTHER = "Nehalem" if HERE & {"Haswell", "Zen"} else "Haswell"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["07-learning", "08-network-learns", "09-what-helps"])
def test_the_chapters_that_train_in_numpy_hold_with_other_kernels(name):
    notebook = jupytext.read(ROOT / f"chapters/{name}.md")
    where = {"metadata": {"path": str(ROOT / "chapters")}}
    environment = {**os.environ, "OPENBLAS_CORETYPE": OTHER, "OPENBLAS_NUM_THREADS": "1"}
    nbclient.NotebookClient(notebook, timeout=300, resources=where).execute(env=environment)
