# ruff: noqa: F811


# %% wrong: straight lines
# loses 3.69: a straight line
def one_cycle(step, total_steps, max_lr):
    top, last = 0.3 * total_steps - 1, total_steps - 1
    if step <= top:
        return max_lr / 25 + (max_lr - max_lr / 25) * step / top
    return max_lr + (max_lr / 250_000 - max_lr) * (step - top) / (last - top)


# %% base: two ways
def one_cycle(step, total_steps, max_lr):
    low, top, last = max_lr / 25, 0.3 * total_steps - 1, total_steps - 1
    if step <= top:
        a, b, share = low, max_lr, step / top
    else:
        a, b, share = max_lr, low / 10_000, (step - top) / (last - top)
    return b + (a - b) * (1 + np.cos(np.pi * share)) / 2


# %% wrong: the top one step late
# loses 4: The top is one step late
# base: two ways
# change: * total_steps - 1 => * total_steps


# %% wrong: top and end one step late
# loses 4: Top and end are one step late
# base: two ways
# change: total_steps - 1, total_steps - 1 => total_steps, total_steps


# %% wrong: the top in the middle
# loses 4: The top is in the middle
# base: two ways
# change: , 0.3 => , 0.5


# %% wrong: from zero
# loses 2.15: starts at zero
# base: two ways
# change: low, top, last = max_lr / 25, => top, last =
# change: = low, max_lr => = 0.0, max_lr
# change: low / 10_000 => max_lr / 250_000


# %% wrong: to zero
# loses 2.15: ends at zero
# base: two ways
# change: low / 10_000 => 0.0


# %% wrong: back to where it started
# loses 2.15: ends where it started
# base: two ways
# change: low / 10_000, (step - => low, (step -


# %% wrong: it only falls
# loses 4: the rate only falls
def one_cycle(step, total_steps, max_lr):
    low = max_lr / 250_000
    return low + (max_lr - low) * (1 + np.cos(np.pi * step / (total_steps - 1))) / 2


# %% wrong: a share of the rate
# loses 4: That is a share of the rate
# base: two ways
# change: low, top, last = max_lr / 25, => top, last =
# change: low, max_lr => 1 / 25, 1
# change: max_lr, low / 10_000 => 1, 1 / 250_000


# %% right: PyTorch's own
def one_cycle(step, total_steps, max_lr):
    import torch

    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=max_lr)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr, total_steps)
    schedule.last_epoch = step
    return schedule.get_lr()[0]


# %% right: sines
def one_cycle(step, total_steps, max_lr):
    from math import pi, sin

    top, last = 0.3 * total_steps - 1, total_steps - 1
    if step < top:
        return max_lr / 25 + (max_lr - max_lr / 25) * sin(pi / 2 * step / top) ** 2
    fallen = sin(pi / 2 * (step - top) / (last - top)) ** 2
    return max_lr - (max_lr - max_lr / 250_000) * fallen


# %% right: interpolation between three places
def one_cycle(step, total_steps, max_lr):
    places = [0, 0.3 * total_steps - 1, total_steps - 1]
    phase = np.interp(step, places, [0, 1, 2])
    low = max_lr / 25 if phase <= 1 else max_lr / 250_000
    return low + (max_lr - low) * (1 - np.cos(np.pi * phase)) / 2


# %% right: all steps at once, in 32 bits
def one_cycle(step, total_steps, max_lr):
    steps = np.arange(total_steps, dtype=np.float32)
    top, last = 0.3 * total_steps - 1, total_steps - 1
    up = 0.04 + 0.96 * (1 - np.cos(np.pi * steps / top)) / 2
    down = 4e-6 + (1 - 4e-6) * (1 + np.cos(np.pi * (steps - top) / (last - top))) / 2
    return max_lr * np.where(steps <= top, up, down)[step]


# %% right: a class of its own
def one_cycle(step, total_steps, max_lr):
    import math
    from dataclasses import dataclass

    @dataclass
    class Way:
        start: float
        end: float
        length: float

        def at(self, steps):
            half_wave = (1 + math.cos(math.pi * steps / self.length)) / 2
            return self.end + (self.start - self.end) * half_wave

    top = total_steps * 0.3 - 1
    up, down = Way(max_lr / 25, max_lr, top), Way(max_lr, max_lr / 25e4, total_steps * 0.7)
    return up.at(step) if step <= top else down.at(step - top)
