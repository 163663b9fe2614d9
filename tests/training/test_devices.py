"""Where to compute, and in which precision."""

import pytest
import torch

from cnnkit.training import devices, pick_device

CPU = torch.device("cpu")


@pytest.mark.parametrize("name", ["cpu", CPU])
def test_a_device_is_chosen_by_name(name):
    assert pick_device(name) == CPU
    assert "thread(s) of" in devices.device_name(CPU)


@pytest.mark.parametrize("there, chosen", [(True, "cuda"), (False, "cpu")])
def test_the_best_device_is_chosen(there, chosen, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert pick_device().type == chosen


@pytest.mark.parametrize("name", ["abacus", "cuda", "cuda:7", "meta"])
def test_a_device_that_is_not_here_is_a_lesson(name, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match=f"device='{name}'; expected 'cpu'.* on this machine"):
        pick_device(name)


def test_a_precision_is_one_of_four():
    assert devices.autocasting("auto", CPU)[1] is None
    context, dtype = devices.autocasting("bfloat16", CPU)
    assert dtype is torch.bfloat16
    with context:
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is torch.bfloat16
    with pytest.raises(
        ValueError, match="precision='float8' was given; expected one of 'auto', 'float32'"
    ):
        devices.autocasting("float8", CPU)


@pytest.mark.filterwarnings("ignore:.*CUDA is not available")
@pytest.mark.parametrize("real, chosen", [(True, torch.bfloat16), (False, torch.float16)])
def test_bfloat16_is_chosen_where_the_card_has_it(real, chosen, monkeypatch):
    def supported(including_emulation=True):
        return real or including_emulation

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    assert devices.autocasting("auto", torch.device("cuda"))[1] is chosen


def test_alone_there_is_one_process(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with devices.processes():
        assert devices.rank_and_world() == (0, 1)
