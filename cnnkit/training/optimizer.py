"""The optimiser, which lets only weights decay, and the schedule of its learning rate."""

from torch.optim import lr_scheduler

from cnnkit.arguments import lesson

__all__ = ["build_optimizer", "build_schedule", "check_optimizer", "take_step"]


def check_optimizer(optimizer):
    """Refuse what cannot be called for an optimiser, such as its name."""
    if not callable(optimizer):
        remedy = "Use torch.optim.AdamW, or partial(torch.optim.SGD, momentum=0.9)."
        raise lesson(f"optimizer={optimizer!r}", "a class of torch.optim, or a function", remedy)


def build_optimizer(model, optimizer, lr, weight_decay):
    """Call `optimizer` with two groups: weights, which decay, and biases and normalisation."""
    weights = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": weights, "weight_decay": weight_decay}]
    if others:
        groups.append({"params": others, "weight_decay": 0.0})
    try:
        return optimizer(groups, lr=lr)
    except (TypeError, ValueError) as error:
        expected = "one that can be called as optimizer(groups, lr=lr)"
        remedy = "Give all else that it needs with functools.partial."
        raise lesson(f"optimizer={optimizer!r} ({error})", expected, remedy) from error


def build_schedule(optimizer, lr, one_cycle, steps):
    """Return the schedule of the learning rate: up and down to nothing in `steps`, or constant."""
    if one_cycle and steps > 1:  # of one step, a cycle would be its lowest point alone
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
