"""The moving average of a network's weights (EMA), which is often better than the last of them."""

import copy

import torch

__all__ = ["Average"]


class Average:
    """A copy of `model` whose weights follow slowly; with ``ema=0`` the model itself."""

    def __init__(self, model, ema):
        self.ema = ema
        self.model = copy.deepcopy(model) if ema else model

    @torch.no_grad()
    def update(self, model, step):
        """Move the averaged weights towards those of now; while they are few, faster."""
        if not self.ema:
            return
        kept = min(self.ema, (1 + step) / (10 + step))
        pairs = zip(self.model.state_dict().values(), model.state_dict().values(), strict=True)
        floats = [(mean, now) for mean, now in pairs if mean.is_floating_point()]
        means, weights = zip(*floats, strict=True)
        torch._foreach_lerp_(means, weights, 1 - kept)
