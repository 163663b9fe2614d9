"""The pixels that each value of a tensor sees, kept beside the tensor while a network runs.

The tensors of such a run have shapes and no numbers (device "meta"), so the largest network takes
no time. Beside each stands its *spans*: for every value the last row that it sees, and minus the
first, so that of two that meet the larger counts. Operations on each value alone, and those that
only move values, are known by what PyTorch says of them; windows, sums and products have a rule
here. Of any other operation all that it makes is taken to see all that it was given. So an answer
is never too small, and a network that cannot be followed seems to see everything.
"""

import functools
import re
import sys
from typing import Any, NamedTuple

from cnnkit._fields import LostError, TooSmallError
from cnnkit.arguments import lesson

torch: Any = sys.modules["torch"]  # the network's; this floor itself needs NumPy alone
leaves: Any = torch.utils._pytree.tree_leaves
mapped: Any = torch.utils._pytree.tree_map
CONSTANTS = {f"{how}{what}" for how in ("", "new_") for what in ("empty", "zeros", "ones", "full")}
CONSTANTS |= {f"{what}_like" for what in ("empty", "zeros", "ones", "full")}
MOVES = {f"{how}_pad{n}d" for how in ("reflection", "replication") for n in (1, 2)}
MOVES |= {"_to_copy", "_unsafe_view", "cat", "channel_shuffle", "copy_", "flip", "index_select"}
MOVES |= {"pixel_shuffle", "pixel_unshuffle", "repeat", "stack", "upsample_nearest2d"}
NOTHING = float("-inf")  # the last row, and minus the first, that padding and constants see


def is_tensor(value):
    return isinstance(value, torch.Tensor)


def is_seeing(value):
    return is_tensor(value) and hasattr(value, "spans")


class Follower(torch.utils._python_dispatch.TorchDispatchMode):  # type: ignore[misc]
    """Runs each operation on shapes, and notes what the values that it makes see.

    `axis` is −2 to follow rows, −1 for columns, of pictures that have so many of them (`size`).
    """

    def __init__(self, axis: int, size: int):
        super().__init__()  # type: ignore
        self.axis, self.size = axis, size
        self.found: list[int] = []  # how much the values saw of which others were made that see all
        self.has_windows = False
        self.is_lost = False  # maps see all
        self.newest: Any = None

    def start(self, picture, axis):
        """Let each value of a picture see itself, by its place along an axis of the tensor."""
        shape = [1] * picture.ndim
        shape[axis] = self.size
        places = torch.arange(self.size, dtype=torch.float32, device="cpu").reshape(shape)
        self.note(picture, [spans.expand(picture.shape) for spans in (places, -places)], [])

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = func.overloadpacket.__name__
        tensors = [value for value in leaves((args, kwargs)) if is_tensor(value)]
        if is_of_places(kwargs.get("dtype"), tensors):
            return func(*args, **kwargs)  # places keep their numbers
        if torch.Tag.data_dependent_output in func.tags:
            given = f"a network that asks for the numbers of a picture ({name})"
            raise LostError(given, "one that takes the same way with every picture")
        output = self.made(func, name, *mapped(without_numbers, (args, kwargs)))
        inputs = [tensor for tensor in tensors if is_seeing(tensor)]
        if inputs or name in CONSTANTS:
            self.follow(func, name, args, kwargs, output, inputs)
        return output

    def made(self, func, name, args, kwargs):
        """Make tensors without numbers, on "meta"."""
        if "device" in kwargs:
            kwargs["device"] = "meta"
        if name in ("mm", "addmm") and args[-2].shape[1] != args[-1].shape[0]:
            return args[-2].new_empty(args[-2].shape[0], args[-1].shape[1])  # of another size
        if name == "native_batch_norm":  # as PyTorch would, in a tenth of the time
            return args[0].new_empty(args[0].shape), *[args[0].new_empty(0) for _ in range(2)]
        return func(*args, **kwargs)

    def follow(self, func, name, args, kwargs, output, inputs):
        """Give the outputs of one operation their spans."""
        returned = func._schema.returns[0].alias_info if func._schema.returns else None
        is_view = returned is not None and not returned.is_write
        is_pointwise = torch.Tag.pointwise in func.tags
        rule: Any = moved if is_view else RULES.get(name) or (together if is_pointwise else mixed)
        self.has_windows |= rule in (convolved, pooled)
        outputs = [tensor for tensor in leaves(output) if is_tensor(tensor)]
        made = [rule(Look(n, self.axis), func, outputs, *args, **kwargs) for n in (0, 1)]
        for number, tensor in enumerate(outputs):
            spans = [m[number] if isinstance(m, (list, tuple)) else m for m in made]
            if returned is not None and returned.is_write and is_seeing(tensor):
                for old, new in zip(tensor.spans, spans, strict=True):
                    if all(old.stride()):
                        old.copy_(new)  # in place, so that what it is a view of sees it, too
                        spans = tensor.spans
            self.note(tensor, spans, inputs)

    def note(self, tensor, spans, inputs):
        """Keep what a tensor sees; tell whether its values see all, and what they were made of."""
        tensor.spans = spans
        last, first = torch.broadcast_tensors(*map(tight, spans))
        lengths = (last + first + 1)[last > NOTHING]
        tensor.length = int(lengths.max()) if len(lengths) else 0
        tensor.sees_all = 2 * tensor.length > self.size  # or may: a longer picture will tell
        self.newest = tensor if tensor.length else self.newest
        if tensor.sees_all and not is_flat(tensor):
            self.is_lost = True
        elif tensor.sees_all and self.has_windows:
            for seen in inputs:
                self.note(seen, seen.spans, [])  # again: something may have been written into it
            self.found += [t.length for t in inputs if t.length and not t.sees_all]


def is_of_places(dtype, tensors):
    """Whether an operation is one on whole numbers that are known, such as places."""
    if not tensors:
        return dtype is not None and not dtype.is_floating_point
    return not any(t.device.type == "meta" or t.is_floating_point() for t in tensors)


def without_numbers(value):
    """Return the shape of a tensor alone: a tensor on "meta"."""
    return value.to("meta") if is_tensor(value) and value.device.type != "meta" else value


def is_flat(tensor):
    """Whether its values lie in one row, as those do that a dense layer reads and makes."""
    return all(length == 1 for length in tensor.shape[2:])


def tight(spans):
    """Take one of each axis along which all values are one in memory: they are alike."""
    return spans[tuple(slice(None) if step else slice(0, 1) for step in spans.stride())]


class TorchRun:
    """Runs of layers of PyTorch."""

    shortest, longest = 512, 4096
    fitting = None

    def __init__(self, layers):
        self.model = torch.nn.Sequential(*layers)
        known = [m.in_channels for m in self.model.modules() if hasattr(m, "in_channels")]
        self.channels = list(dict.fromkeys([*known, 3, 1, 2]))

    def longest_span(self, axis, channels, size):
        """Return how many rows (axis 0) or columns of a picture a value of the last maps sees."""
        numbers = (*self.model.parameters(), *self.model.buffers(), torch.zeros(0, device="cpu"))
        dtype = next(t.dtype for t in numbers if t.is_floating_point())
        picture = torch.empty(1, channels, *size, dtype=dtype, device="meta")
        modes = {layer: layer.training for layer in self.model.modules()}
        self.model.eval()
        try:
            return follow(self.model, picture, axis + 2, axis - 2, size[axis])
        finally:
            for layer, mode in modes.items():
                layer.training = mode


class KerasRun:
    """Runs of layers of Keras, with PyTorch underneath."""

    shortest, longest = 512, 4096
    fitting = None

    def __init__(self, layers):
        keras = sys.modules["keras"]
        if keras.backend.backend() != "torch":
            given = f"a network of Keras on {keras.backend.backend()}"
            raise lesson(given, "one on PyTorch", "Set KERAS_BACKEND=torch before importing Keras.")
        self.layers = layers
        shapes = [getattr(layer, "input_shape", None) for layer in layers if layer.built]
        known = [shape[-1] for shape in shapes[:1] if isinstance(shape, tuple) and shape[-1]]
        self.channels = list(dict.fromkeys([*known, 3, 1]))
        formats = [getattr(layer, "data_format", None) for layer in layers]
        self.is_last = "channels_first" not in (formats[0], keras.config.image_data_format())

    def call(self, images):
        """Go through copies of what is not built yet: building would fix the size of pictures."""
        for layer in self.layers:
            if layer.built:
                images = layer.call(images)
            else:
                images = type(layer).from_config(layer.get_config())(images)
        return images

    def longest_span(self, axis, channels, size):
        """Return how many rows (axis 0) or columns of a picture a value of the last maps sees."""
        shape = (1, *size, channels) if self.is_last else (1, channels, *size)
        picture = torch.empty(shape, device="meta")
        return follow(self.call, picture, axis + (1 if self.is_last else 2), axis - 2, size[axis])


def follow(network, picture, place, axis, size):
    """Return how much a value of the last maps sees, or None if it may be all."""
    follower = Follower(axis, size)
    with torch.inference_mode(False), torch.no_grad(), torch.device("cpu"):
        follower.start(picture, place)
        try:
            with follower:
                outputs = leaves(network(picture))
        except (TooSmallError, LostError):
            raise
        except Exception:
            if follower.newest.ndim != 2:
                raise
            outputs = [follower.newest]  # of a size that the dense layer behind it does not take
    outputs = [tensor for tensor in outputs if is_seeing(tensor)]
    for tensor in outputs:
        follower.note(tensor, tensor.spans, [])  # again: something may have been written into it
    found = follower.found + [t.length for t in outputs if not t.sees_all]
    return None if follower.is_lost else max(found, default=0) or None


class Look(NamedTuple):
    """The spans of tensors: of the two that each has, one; and the axis that they are along."""

    number: int
    axis: int

    def __call__(self, tensor):
        if is_seeing(tensor):
            return tensor.spans[self.number]
        return torch.tensor(NOTHING, device="cpu").expand(tensor.shape)


# --- The rules: what the values see that an operation makes ---------------------------------------


def mixed(look, func, outputs, *args, **kwargs):
    """Each sees all that any sees."""
    spans = [look(tensor).max() for tensor in leaves((args, kwargs)) if is_seeing(tensor)]
    return [max(spans).expand(output.shape) for output in outputs]


def constant(look, func, outputs, *args, **kwargs):
    """It sees nothing, until something is written into it."""
    return [torch.full(output.shape, NOTHING, device="cpu") for output in outputs]


def like(look, func, outputs, input, *args, **kwargs):
    """It sees nothing, but for one like a picture: that is how Keras takes one in."""
    return (first_alone if is_seeing(input) else constant)(look, func, outputs, input)


def together(look, func, outputs, *args, **kwargs):
    """Each sees what the values see in the same place."""
    spans = [tight(look(tensor)) for tensor in leaves((args, kwargs)) if is_seeing(tensor)]
    return spread(functools.reduce(torch.maximum, spans), outputs)


def first_alone(look, func, outputs, input, *args, **kwargs):
    """Each sees what the first argument's value sees in the same place."""
    spans = look(input)
    return [spans if o.shape == input.shape else constant(look, func, [o])[0] for o in outputs]


def normed(look, func, outputs, input, weight, bias, mean, var, training, *args):
    """Each sees its own place by running averages, and all by those of the picture itself."""
    return (mixed if training else first_alone)(look, func, outputs, input)


def moved(look, func, outputs, *args, **kwargs):
    """Each sees what the value sees that it is."""
    args, kwargs = mapped(lambda v: look(v) if is_moving(v) else v, (args, kwargs))
    try:
        return func(*args, **kwargs)
    except RuntimeError:  # these numbers lie otherwise in memory
        return args[0].reshape(outputs[0].shape)


def is_moving(value):
    """Whether values lie in it, and not places."""
    return is_tensor(value) and (is_seeing(value) or value.is_floating_point())


def chosen(look, func, outputs, input, indices):
    """Each sees what the value sees that it is; where places have no numbers, what any sees."""
    if all(index is None or index.device.type == "cpu" for index in indices):
        return func(look(input), indices)
    axes = [axis for axis, index in enumerate(indices) if index is not None]
    if len(axes) > 1:
        return mixed(look, func, outputs, input)
    return spread(look(input).amax(axes[0], keepdim=True), outputs)


def bordered(look, func, outputs, input, pad, *value):
    """Each sees what the value sees that it is; the border sees nothing."""
    return func(look(input), pad, NOTHING)


def convolved(
    look, func, outputs, input, weight, bias, stride, padding, dilation, is_transposed, _, groups
):  # fmt: skip
    """Each sees what the pixels of its window see, in all channels of its group."""
    if getattr(weight, "length", 0):  # made of the picture
        return mixed(look, func, outputs, input, weight)
    kernel, channels = weight.shape[2:], 1 - weight.ndim
    spans = look(input)
    if spans.stride(channels):
        spans = spans.unflatten(channels, (groups, -1)).amax(channels)
    spans = tight(spans)
    if is_transposed:
        spans = with_gaps(spans, stride, look.axis)
        reach = [d * (k - 1) - p for k, d, p in zip(kernel, dilation, padding, strict=True)]
        stride, padding = [1] * len(kernel), reach
    how = list(zip(kernel, stride, padding, dilation, strict=True))
    spans = windowed(spans, how, outputs[0].shape, look.axis, is_transposed)
    if spans.shape[channels] > 1:
        spans = spans.repeat_interleave(outputs[0].shape[channels] // groups, channels)
    return spread(spans, outputs)


def with_gaps(spans, stride, axis):
    """Put as many values that see nothing between two as the stride asks for."""
    if axis < -len(stride):
        return spans
    spans = spans.movedim(axis, -1)
    gaps = spans.new_full((*spans.shape[:-1], (spans.shape[-1] - 1) * stride[axis] + 1), NOTHING)
    gaps[..., :: stride[axis]] = spans
    return gaps.movedim(-1, axis)


def pooled(look, func, outputs, input, kernel, stride=(), padding=(0,), *others, **kwargs):
    """Each sees what the pixels of its window see."""
    name = func.overloadpacket.__name__
    axes = int(re.findall(r"(\d)d", name)[0])
    dilation = others[0] if name.startswith("max") and others else (1,)
    full = [tuple(v) * (axes // len(v)) for v in (kernel, stride or kernel, padding, dilation)]
    how = list(zip(*full, strict=True))
    spans = windowed(tight(look(input)), how, outputs[0].shape, look.axis)
    return [spread(spans, outputs)] * len(outputs)


def windowed(spans, how, shape, axis, is_transposed=False):
    """Take the largest of each window; `how` is (kernel, stride, padding, dilation) of each axis.

    Only the axis that is followed counts: along the others the picture is narrow, and all are one.
    """
    for place, (kernel, stride, padding, dilation) in enumerate(how, -len(how)):
        if place != axis:
            spans = spans.amax(place, keepdim=True)
            spans = spans.expand(
                *(shape[place] if i == place else -1 for i in range(-spans.ndim, 0))
            )
            continue
        reach, length = dilation * (kernel - 1) + 1, spans.shape[axis]
        if reach > length and not is_transposed:
            raise TooSmallError
        rest = (shape[axis] - 1) * stride + reach - length - padding
        border = [0, 0] * (-1 - axis) + [padding, rest]
        spans = torch.nn.functional.pad(spans, border, value=NOTHING)
        spans = spans.unfold(axis, reach, stride)[..., ::dilation].amax(-1)
    return spans


def blended(look, func, outputs, input, *args, **kwargs):
    """Each sees what the two neighbours see between which its place is."""
    spans = tight(look(input))
    for axis in (-2, -1):
        if axis != look.axis:
            spans = spans.amax(axis, keepdim=True)
            continue
        ramp = torch.arange(float(input.shape[axis]), device="cpu")
        ramp = ramp[:, None] if axis == -2 else ramp
        places = func(ramp.expand(1, 1, *input.shape[-2:]), *args, **kwargs)
        places = places.select(-3 - axis, 0).flatten()  # one line of the other axis
        lower, upper = (places + 1e-3).floor().long(), (places - 1e-3).ceil().long()
        spans = torch.maximum(spans.index_select(axis, lower), spans.index_select(axis, upper))
    return spread(spans, outputs)


def reduced(look, func, outputs, input, dim=None, *args, **kwargs):
    """Each sees what the values see that it is taken from, along some axes."""
    if not isinstance(dim, (int, list, tuple)) or dim == []:
        return mixed(look, func, outputs, input)
    return [look(input).amax(dim, keepdim=True).reshape(o.shape) for o in outputs]


def along(look, func, outputs, input, dim, *args):
    """Each sees what all see along an axis, as in a softmax, or along the last ones."""
    axes = tuple(range(-len(dim), 0)) if isinstance(dim, (list, tuple)) else dim
    spans = look(input).amax(axes, keepdim=True)
    return [
        spread(spans, [o]) if o.shape == input.shape else constant(look, func, [o])[0]
        for o in outputs
    ]


def multiplied(look, func, outputs, *matrices):
    """Each sees what a row of the one and a column of the other see."""
    left, right = matrices[1:3] if func.overloadpacket.__name__ == "addmm" else matrices[:2]
    left, right = tight(look(left)), tight(look(right))
    spans = torch.maximum(left.amax(-1, keepdim=True), right.amax(-2, keepdim=True))
    return spread(spans, outputs)


def spread(spans, outputs):
    return spans.expand(outputs[0].shape)


RULES = {
    "convolution": convolved,
    **dict.fromkeys([f"max_pool{n}d_with_indices" for n in (2, 3)], pooled),
    **dict.fromkeys([f"avg_pool{n}d" for n in (1, 2, 3)], pooled),
    "upsample_bilinear2d": blended,
    **dict.fromkeys(["mean", "sum", "amax", "amin", "max", "min", "var", "std"], reduced),
    **dict.fromkeys(["_softmax", "_log_softmax", "native_layer_norm"], along),
    **dict.fromkeys(["mm", "bmm", "addmm"], multiplied),
    **dict.fromkeys(["_prelu_kernel", "hardswish", "log_sigmoid_forward", "clone"], first_alone),
    "native_batch_norm": normed,
    "index": chosen,
    "constant_pad_nd": bordered,
    **dict.fromkeys(MOVES, moved),
    **dict.fromkeys(CONSTANTS, constant),
    "empty_like": like,
}
