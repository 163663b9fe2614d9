"""The names of the package: all there, each imported when it is first used."""

import subprocess
import sys

import pytest

from cnnkit import models


def test_every_name_has_its_home():
    for home, names in models._HOMES.items():
        module = getattr(models, home)
        assert set(names) == set(module.__all__)
        for name in names:
            assert getattr(models, name) is getattr(module, name)
            assert name in dir(models)
    with pytest.raises(AttributeError, match="no attribute 'vgg17'"):
        models.vgg17  # noqa: B018


def test_a_table_of_costs_needs_neither_pytorch_nor_keras():
    code = (
        "import sys; from cnnkit import models, nn; table = models.summary(nn.ReLU(), (1, 2, 2)); "
        "print(table.bytes, {'torch', 'keras'} & set(sys.modules))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "16 set()\n"
