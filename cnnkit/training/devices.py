"""Where to compute, in which precision, and in how many processes."""

import contextlib
import os
import platform

import torch
from torch import distributed

from cnnkit.arguments import lesson, one_of

__all__ = ["autocasting", "device_name", "home_of", "pick_device", "processes", "rank_and_world"]


def pick_device(device=None):
    """Choose where to compute: a CUDA GPU, else Apple's (MPS), else the processor.

    Parameters
    ----------
    device : str or torch.device, optional
        Instead of the best one: 'cpu', 'cuda', 'cuda:1', 'mps'.

    Returns
    -------
    torch.device

    Raises
    ------
    ValueError
        If there is no such device here.
    """
    there = {"cpu": True, "cuda": torch.cuda.is_available()}
    there["mps"] = torch.backends.mps.is_available()
    if device is None:
        device = "cuda" if there["cuda"] else "mps" if there["mps"] else "cpu"
    try:
        chosen = None if isinstance(device, bool) else torch.device(device)
    except (RuntimeError, TypeError, ValueError):
        chosen = None
    if chosen is None or not there.get(chosen.type):
        usable = " or ".join(repr(name) for name in there if there[name])
        raise lesson(f"device={device!r}", f"{usable} on this machine", "Leave it out to choose.")
    if chosen.type == "cuda" and (chosen.index or 0) >= max(1, torch.cuda.device_count()):
        expected = f"one of the {torch.cuda.device_count()} here, numbered from 0"
        raise lesson(f"device={device!r}", expected, "Leave it out to choose.")
    return chosen


def device_name(device):
    """Say in words what a device is: ``'NVIDIA H200 (CUDA)'``, ``'2 threads of x86_64 (CPU)'``."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)} (CUDA)"
    if device.type == "mps":
        return "the GPU of this Mac (MPS)"
    return f"{torch.get_num_threads()} thread(s) of {platform.machine()} (CPU)"


def home_of(model):
    """Return the device of a network and the dtype of its numbers, those of its first ones."""
    if not isinstance(model, torch.nn.Module):
        remedy = "Build one, such as cnnkit.models.small_resnet(classes=2)."
        raise lesson(f"model={model!r}", "a torch.nn.Module", remedy)
    tensors = (*model.parameters(), *model.buffers(), torch.zeros(0, device="cpu"))
    first = next(t for t in tensors if t.is_floating_point())
    return first.device, first.dtype


@contextlib.contextmanager
def processes():
    """Join the other processes that ``torchrun`` has started; alone, do nothing.

    Within, :func:`fit` gives each process its share of every batch. They talk through NCCL
    between GPUs, through gloo between processors. Batch normalisation sees the whole batch on
    GPUs, but on processors only the share: PyTorch has no synchronised one there.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield
    finally:
        distributed.destroy_process_group()


def rank_and_world():
    """Return the number of this process, and how many there are: (0, 1) when alone."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def autocasting(precision, device):
    """Return the context in which large operations run in `precision`, and its dtype."""
    names = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}
    one_of(precision, "precision", ["auto", *names])
    if precision == "auto":
        # Older cards only emulate bfloat16, and are slow at it.
        real = torch.cuda.is_bf16_supported(including_emulation=False)
        half = "bfloat16" if real else "float16"
        precision = half if device.type == "cuda" else "float32"
    dtype = names[precision]
    return torch.autocast(device.type, dtype, enabled=dtype is not None), dtype
