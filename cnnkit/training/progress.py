"""What a run shows while it goes on: a bar on a terminal, else a line an epoch, or nothing."""

import sys

from tqdm import tqdm

from cnnkit.training.devices import device_name, rank_and_world

__all__ = ["Progress"]

SHOWN = ("loss", "valid_loss", "valid_accuracy")


class Progress:
    """A bar over all steps; in a notebook or a file, a line an epoch. Both go to stderr.

    Of many processes only the first one speaks.
    """

    def __init__(self, epochs, steps, done, device, wanted):
        rank, world = rank_and_world()
        wanted = wanted and rank == 0
        if wanted:
            print(f"Training on {device_name(device)}, {world} process(es).", file=sys.stderr)
        self.epochs, self.epoch = epochs, 0
        disable = None if wanted else True  # None: unless stderr is a terminal
        self.bar = tqdm(total=epochs * steps, initial=done, disable=disable, mininterval=0.2)
        self.lines = wanted and self.bar.disable

    def __enter__(self):
        self.bar.__enter__()
        return self

    def __exit__(self, *error):
        self.bar.__exit__(*error)

    def begin_epoch(self, epoch):
        """Name the epoch; the first is 0."""
        self.epoch = epoch + 1
        self.bar.set_description(f"epoch {self.epoch}/{self.epochs}")

    def step(self):
        """Count one step."""
        self.bar.update()

    def end_epoch(self, entry):
        """Show what the log says of the epoch."""
        shown = {key: f"{entry[key]:.3f}" for key in SHOWN if key in entry}
        self.bar.set_postfix(shown)
        if self.lines:
            words = ", ".join(f"{key} {value}" for key, value in shown.items())
            print(f"epoch {self.epoch}/{self.epochs}: {words}", file=sys.stderr)
