"""What the tests of training share."""

import signal

import pytest
import torch

from cnnkit import datasets


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """Small networks: two threads would wait for each other, above all on a busy machine."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # for what is started from here
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(autouse=True)
def ctrl_c_interrupts():
    """Python's own answer to SIGINT, also where the tests were started in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def digits():
    return datasets.digits("train"), datasets.digits("test")
