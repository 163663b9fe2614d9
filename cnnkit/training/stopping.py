"""Early stopping: training ends when it no longer helps, and the best weights come back."""

import copy
from dataclasses import dataclass

from torch import Tensor

__all__ = ["EarlyStopping"]


@dataclass
class EarlyStopping:
    """What the epochs have been worth so far; without `patience` nothing is ever stopped."""

    patience: int | None
    best: float = -1.0
    waited: int = 0
    best_weights: dict[str, Tensor] | None = None

    @property
    def over(self):
        """Whether patience has run out."""
        return self.patience is not None and self.waited >= self.patience

    def judge(self, accuracy, model):
        """Take note of one epoch more, and of its weights if none was as accurate."""
        if accuracy <= self.best:
            self.waited += 1
            return
        self.best, self.waited = accuracy, 0
        if self.patience is not None:
            self.best_weights = copy.deepcopy(model.state_dict())
