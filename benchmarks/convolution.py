"""Time convolution and max pooling in NumPy, in turns with PyTorch and what else one might pick.

    python benchmarks/convolution.py [--threads 1] [--core Haswell] [--rounds 11] [--quick]

Workloads: (a) 64 images 3×32×32, 32 filters 5×5, padding 2; (b) 32 of 32×16×16, 64 filters 3×3,
padding 1; (c) one 3×300×300, ten 5×5; pool: 64 of 32×32×32, windows 2×2. All in (N, C, H, W), in
and out. Every round runs each variant once for at least 20 ms, so a busy moment hits all alike;
a figure is the median over the rounds, a ratio the median of the rounds' ratios to PyTorch.

Before it measures, the script starts itself again with the variables that decide such a
measurement: the number of threads, glibc's thresholds (without them, page faults on each new output
cost more than the convolution), and with --core the kernels of OpenBLAS, as some machines pin them.
It writes benchmarks/results/convolution[-Haswell][-2threads].json.
"""

import argparse
import os
import statistics
import time
import tracemalloc

from record import begin_again_with, offer_trial, record

parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--core", help="OPENBLAS_CORETYPE, for example Haswell; default: detected")
parser.add_argument("--rounds", type=int, default=11)
offer_trial(parser)
ARGUMENTS = parser.parse_args()
ROUNDS = 1 if ARGUMENTS.quick else ARGUMENTS.rounds
begin_again_with(
    {
        "MALLOC_MMAP_THRESHOLD_": "67108864",
        "MALLOC_TRIM_THRESHOLD_": "268435456",
        "OPENBLAS_NUM_THREADS": str(ARGUMENTS.threads),
        "OMP_NUM_THREADS": str(ARGUMENTS.threads),
        "MKL_NUM_THREADS": str(ARGUMENTS.threads),
        "OPENBLAS_CORETYPE": ARGUMENTS.core or "",
    }
)

import mygrad  # noqa: E402
import numpy as np  # noqa: E402
import scipy.signal  # noqa: E402
import torch  # noqa: E402
from mygrad.nnet.layers import conv_nd  # noqa: E402
from threadpoolctl import threadpool_info  # noqa: E402

from cnnkit import functional as F  # noqa: E402

torch.set_num_threads(ARGUMENTS.threads)
WORKLOADS = {
    "a": ((64, 3, 32, 32), (32, 3, 5, 5), 2),
    "b": ((32, 32, 16, 16), (64, 32, 3, 3), 1),
    "c": ((1, 3, 300, 300), (10, 3, 5, 5), 0),
}


def im2col(x, weight, bias, padding):
    """Multiply one matrix of all windows, as the textbooks do; keep it for the backward pass."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], (2, 3))
    n, _, oh, ow = windows.shape[:4]
    columns = windows.transpose(0, 2, 3, 1, 4, 5).reshape(n * oh * ow, -1)
    output = columns @ weight.reshape(len(weight), -1).T + bias
    return output.reshape(n, oh, ow, -1).transpose(0, 3, 1, 2).copy(), columns, x.shape


def im2col_backward(grad, weight, padding, columns, shape):
    """Return the gradients of ``im2col``."""
    rows = grad.transpose(0, 2, 3, 1).reshape(-1, len(weight))
    n, _, oh, ow = grad.shape
    spread = (rows @ weight.reshape(len(weight), -1)).reshape(n, oh, ow, *weight.shape[1:])
    grad_x = np.zeros(shape, grad.dtype)
    for i in range(weight.shape[2]):
        for j in range(weight.shape[3]):
            grad_x[:, :, i : i + oh, j : j + ow] += spread[..., i, j].transpose(0, 3, 1, 2)
    inner = slice(padding, -padding or None)
    grad_weight = (rows.T @ columns).reshape(weight.shape)
    return grad_x[:, :, inner, inner], grad_weight, rows.sum(axis=0)


def correlate(x, weight, bias, padding):
    """Sum scipy.signal.correlate2d over the channels, for each image and filter."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    maps = [
        [sum(map(valid, image, kernel)) + b for kernel, b in zip(weight, bias, strict=True)]
        for image in x
    ]
    return np.array(maps)


def valid(channel, kernel):
    return scipy.signal.correlate2d(channel, kernel, "valid")


def convolutions(name, dtype):
    """Return the variants of one workload as functions: forward, and forward with backward."""
    shape, filters, padding = WORKLOADS[name]
    rng = np.random.default_rng(0)
    x, weight, bias = (rng.standard_normal(s).astype(dtype) for s in (shape, filters, filters[:1]))
    tx, tw, tb = map(torch.from_numpy, (x, weight, bias))
    last = tx.to(memory_format=torch.channels_last), tw.to(memory_format=torch.channels_last)
    grad = rng.standard_normal(F.conv2d(x, weight, bias, padding=padding).shape).astype(dtype)
    tgrad = torch.from_numpy(grad)

    def in_torch(x=tx, w=tw):
        with torch.no_grad():
            return torch.nn.functional.conv2d(x, w, tb, padding=padding)

    def torch_both():
        how = [1, 1], [padding] * 2, [1, 1], False, [0, 0], 1, [True] * 3
        backward = torch.ops.aten.convolution_backward
        return in_torch(), *backward(tgrad, tx, tw, [len(tb)], *how)

    def cnnkit_both():
        output = F.conv2d(x, weight, bias, padding=padding)
        return output, *F.conv2d_backward(grad, x, weight, padding=padding)

    def im2col_both():
        output, *kept = im2col(x, weight, bias, padding)
        return output, *im2col_backward(grad, weight, padding, *kept)

    def in_mygrad():
        with mygrad.no_autodiff:
            return conv_nd(x, weight, stride=1, padding=padding).data + bias[:, None, None]

    def mygrad_both():
        tensors = [mygrad.tensor(a) for a in (x, weight, bias.reshape(-1, 1, 1))]
        output = conv_nd(*tensors[:2], stride=1, padding=padding) + tensors[2]
        output.backward(grad)
        return output.data, tensors[0].grad, tensors[1].grad, tensors[2].grad.ravel()

    forward = {
        "PyTorch": in_torch,
        "cnnkit": lambda: F.conv2d(x, weight, bias, padding=padding),
        "PyTorch channels_last": lambda: in_torch(*last),
        "im2col": lambda: im2col(x, weight, bias, padding)[0],
        "mygrad": in_mygrad,
        "scipy correlate2d": lambda: correlate(x, weight, bias, padding),
    }
    both = {
        "PyTorch": torch_both,
        "cnnkit": cnnkit_both,
        "im2col": im2col_both,
        "mygrad": mygrad_both,
    }
    memory = {
        "forward": (forward["cnnkit"], grad.nbytes),
        "forward+backward": (cnnkit_both, grad.nbytes + x.nbytes + weight.nbytes + bias.nbytes),
        "im2col forward": (forward["im2col"], grad.nbytes),
    }
    return {"forward": forward, "forward+backward": both}, memory


def poolings(dtype):
    """Return the variants of 2×2 max pooling."""
    x = np.random.default_rng(0).standard_normal((64, 32, 32, 32)).astype(dtype)
    tx = torch.from_numpy(x)
    indices = F.max_pool2d(x, 2, return_indices=True)[1]
    tindices = torch.nn.functional.max_pool2d(tx, 2, return_indices=True)[1]
    grad = np.random.default_rng(1).standard_normal(indices.shape).astype(dtype)
    tgrad = torch.from_numpy(grad)

    def torch_backward(indices=tindices):
        how = [2, 2], [2, 2], [0, 0], [1, 1], False
        return torch.ops.aten.max_pool2d_with_indices_backward(tgrad, tx, *how, indices)

    def torch_both():
        output, found = torch.nn.functional.max_pool2d(tx, 2, return_indices=True)
        return output, torch_backward(found)

    def cnnkit_both():
        output, found = F.max_pool2d(x, 2, return_indices=True)
        return output, F.max_pool2d_backward(grad, x, 2, indices=found)

    def reshaped():
        return x.reshape(64, 32, 16, 2, 16, 2).max(axis=(3, 5))

    return {
        "forward": {
            "PyTorch": lambda: torch.nn.functional.max_pool2d(tx, 2),
            "cnnkit": lambda: F.max_pool2d(x, 2),
            "reshape and max": reshaped,
        },
        "backward, indices kept": {
            "PyTorch": torch_backward,
            "cnnkit": lambda: F.max_pool2d_backward(grad, x, 2, indices=indices),
        },
        "forward+backward": {"PyTorch": torch_both, "cnnkit": cnnkit_both},
    }


def agree(variants, dtype):
    """Check that all variants compute the same before any of them is timed."""
    results = [run() for run in variants.values()]
    for result in results[1:]:
        pairs = zip(
            *(r if isinstance(r, tuple) else (r,) for r in (results[0], result)), strict=True
        )
        for expected, got in pairs:
            expected = np.asarray(expected)
            scale = np.abs(expected).max()
            limit = scale * (1e-4 if dtype == np.float32 else 1e-10)
            np.testing.assert_allclose(np.asarray(got), expected, atol=limit, rtol=0)


def in_turns(variants):
    """Time every variant once a round; return {name: [seconds a round]}."""
    seconds = {name: [] for name in variants}
    for _ in range(ROUNDS):
        for name, run in variants.items():
            if not seconds[name] or seconds[name][-1] < 0.05:
                run()  # bring the data back into the cache
            count, start = 0, time.perf_counter()
            while count < 1 or time.perf_counter() - start < 0.02:
                run()
                count += 1
            seconds[name].append((time.perf_counter() - start) / count)
            time.sleep(0.02)  # let idle threads stop spinning
    return seconds


def report(title, variants, dtype):
    """Time the variants; print a line each; return the figures."""
    agree(variants, dtype)
    seconds, figures = in_turns(variants), {}
    for name, times in seconds.items():
        ratio = statistics.median(t / p for t, p in zip(times, seconds["PyTorch"], strict=True))
        figures[name] = {
            "median_ms": round(1e3 * statistics.median(times), 3),
            "best_ms": round(1e3 * min(times), 3),
            "times_pytorch": round(ratio, 2),
        }
        best = min(times) / min(seconds["PyTorch"])
        line = "{median_ms:9.2f} ms, best {best_ms:9.2f}, {times_pytorch:6.2f} × PyTorch"
        print(f"{title:32} {name:22}{line.format(**figures[name])} (best {best:.2f})", flush=True)
    return figures


def extra_mib(run, result_bytes):
    """Peak memory of one call beyond its inputs and results."""
    tracemalloc.start()
    kept = run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del kept
    return round((peak - result_bytes) / 2**20, 2)


def main():
    blas = [
        {key: pool.get(key) for key in ("internal_api", "architecture", "num_threads")}
        for pool in threadpool_info()
    ]
    print(blas, "load", os.getloadavg())
    results = {"threads": ARGUMENTS.threads, "blas": blas, "load_before": os.getloadavg()[0]}
    for dtype in (np.float32, np.float64):
        for name in WORKLOADS:
            variants, memory = convolutions(name, dtype)
            key = f"{name} {dtype.__name__}"
            results[key] = {
                part: report(f"{key} {part}", runs, dtype) for part, runs in variants.items()
            }
            results[key]["extra_memory_mib"] = {k: extra_mib(*v) for k, v in memory.items()}
            print(key, "extra memory, MiB:", results[key]["extra_memory_mib"])
        key = f"pool {dtype.__name__}"
        results[key] = {
            part: report(f"{key} {part}", runs, dtype) for part, runs in poolings(dtype).items()
        }
    results["load_after"] = os.getloadavg()[0]
    name = "convolution" + (f"-{ARGUMENTS.core}" if ARGUMENTS.core else "")
    name += f"-{ARGUMENTS.threads}threads" if ARGUMENTS.threads > 1 else ""
    record(name, results, ["numpy", "torch", "scipy", "mygrad"], trial=ARGUMENTS.quick)


if __name__ == "__main__":
    main()
