"""What the tests of grading share."""

import functools

import pytest


@pytest.fixture(scope="session", autouse=True)
def one_version_of_gradebooks():
    """Ask alembic once for the version of a new gradebook: nbgrader starts a Python each time."""
    from nbgrader import api

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api, "get_alembic_version", functools.cache(api.get_alembic_version))
        yield
