"""Each test of a data set has folders of its own."""

import pytest


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    """Give each test two folders of its own, one for the data and one for what is prepared."""
    monkeypatch.setenv("CNNKIT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CNNKIT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"
