"""What a page claims of a network that it trains holds on other processors, too.

A matrix product adds its terms in another order on another processor, training carries the last
digit on, and a network reads a digit more or less. OpenBLAS can be told to work as elsewhere.
"""

import os
import re

import jupytext
import nbclient
import numpy as np
import pytest
from paths import ROOT
from threadpoolctl import threadpool_info

assert np.zeros(1) @ np.zeros(1) == 0  # OpenBLAS is there
HERE = {pool["architecture"] for pool in threadpool_info() if pool["internal_api"] == "openblas"}
OTHER = {"OPENBLAS_CORETYPE": "Nehalem" if HERE & {"Haswell", "Zen"} else "Haswell"}


OLD = {
    "OPENBLAS_CORETYPE": "Nehalem",
    "ATEN_CPU_CAPABILITY": "default",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
}
IN_NUMPY = ["07-learning", "08-network-learns", "09-what-helps"]
IN_TORCH = [
    path.stem
    for path in sorted((ROOT / "chapters").glob("*.md"))
    if path.stem not in IN_NUMPY and re.search(r"training\.fit|\.backward\(\)", path.read_text())
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "processor"),
    [(name, OTHER) for name in IN_NUMPY] + [(name, OLD) for name in IN_TORCH],
    ids=IN_NUMPY + IN_TORCH,
)
def test_the_chapters_that_train_hold_on_other_processors(name, processor):
    notebook = jupytext.read(ROOT / f"chapters/{name}.md")
    where = {"metadata": {"path": str(ROOT / "chapters")}}
    environment = {**os.environ, **processor, "OPENBLAS_NUM_THREADS": "1"}
    nbclient.NotebookClient(notebook, timeout=600, resources=where).execute(env=environment)
