"""The optimiser, which lets only weights decay, and the schedule of its learning rate."""

from torch.optim import lr_scheduler

__all__ = ["build_optimizer", "build_schedule", "take_step"]


def build_optimizer(model, optimizer, lr, weight_decay):
    """Call `optimizer` with two groups: weights, which decay, and biases and normalisation."""
    weights = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": weights, "weight_decay": weight_decay}]
    if others:
        groups.append({"params": others, "weight_decay": 0.0})
    return optimizer(groups, lr=lr)


def build_schedule(optimizer, lr, one_cycle, steps):
    """Return the schedule of the learning rate: up and down to nothing in `steps`, or constant."""
    if one_cycle:
        return lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps, cycle_momentum=False)
    return lr_scheduler.ConstantLR(optimizer, factor=1)


def take_step(scaler, optimizer):
    """Take a step, and tell whether it was taken.

    Gradients that have overflowed in float16 are left out; the next are scaled up by less.
    """
    if not scaler.is_enabled():
        optimizer.step()
        return True
    before = scaler.get_scale()
    scaler.step(optimizer)
    scaler.update()
    return scaler.get_scale() >= before
