"""The networks that the course trains, each a few lines: the article's, LeNet, and one of today.

All take pictures as (N, channels, size, size) floats and give (N, classes) scores (logits): the
softmax is in the loss, as PyTorch has it. The parameters are random: call ``torch.manual_seed``
before, to get the same ones again.
"""

from torch import nn

from cnnkit.arguments import lesson

__all__ = ["Residual", "article_model", "lenet", "small_resnet"]


def check_size(size, least):
    """Refuse pictures that are too small for the kernels and the pooling of a network."""
    if size < least:
        remedy = f"Use larger pictures: size={least} or more."
        raise lesson(f"size={size} was given", f"at least {least} pixels", remedy)


def article_model(size=300, classes=2, channels=3):
    """Build the article's cats-against-dogs network (R1) in PyTorch.

    At 300×300 it has 438,842 parameters: 760 in the convolution, 438,082 in the dense layer. The
    article says 219,801, which is the count with one output instead of two (E1).

    =========  ==================  ==================
    layer      output              parameters
    =========  ==================  ==================
    Conv2d     (N, 10, 296, 296)   10·(5·5·3 + 1)
    ReLU       (N, 10, 296, 296)
    MaxPool2d  (N, 10, 148, 148)
    Flatten    (N, 219,040)
    Linear     (N, 2)              2·(219,040 + 1)
    =========  ==================  ==================

    Parameters
    ----------
    size : int, default 300
        Height and width of the pictures, at least 6.
    classes, channels : int

    Returns
    -------
    torch.nn.Sequential

    Raises
    ------
    ValueError
        If a picture is smaller than the kernel and the pooling need.

    Examples
    --------
    >>> sum(p.numel() for p in article_model().parameters())
    438842
    >>> sum(p.numel() for p in article_model(classes=1).parameters())
    219801
    """
    check_size(size, 6)
    side = (size - 4) // 2
    return nn.Sequential(
        nn.Conv2d(channels, 10, kernel_size=5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(10 * side * side, classes),
    )


def lenet(size=28, classes=10, channels=1, widths=(6, 16), batch_norm=False):
    """Build LeNet-5 (LeCun et al. 1998) with ReLU and max pooling, for digits and MNIST (R2).

    As it stands it has the 61,706 parameters of the original: two 5×5 convolutions with pooling,
    then dense layers of 120, 84 and 10 units. Pictures below 16 pixels (scikit-learn's digits
    have 8) get zeros around the second convolution too, so that its kernel fits.

    Parameters
    ----------
    size : int, default 28
        Height and width of the pictures, at least 4.
    classes, channels : int
    widths : pair of int, default (6, 16)
        Filters of the two convolutions.
    batch_norm : bool, default False
        Batch normalisation after each convolution: with ``widths=(32, 64)`` a net of today.

    Returns
    -------
    torch.nn.Sequential

    Raises
    ------
    ValueError
        If the pictures are below 4 pixels.

    Examples
    --------
    >>> sum(p.numel() for p in lenet().parameters())
    61706
    """
    check_size(size, 4)
    padding = 2 if size < 16 else 0
    side = (size // 2 - 4 + 2 * padding) // 2
    layers: list[nn.Module] = []
    width = channels
    for new_width, pad in zip(widths, (2, padding), strict=True):
        layers.append(nn.Conv2d(width, new_width, kernel_size=5, padding=pad, bias=not batch_norm))
        layers += [nn.BatchNorm2d(new_width)] if batch_norm else []
        layers += [nn.ReLU(), nn.MaxPool2d(2)]
        width = new_width
    layers += [nn.Flatten(), nn.Linear(width * side * side, 120), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, classes))


class Residual(nn.Module):
    """Two 3×3 convolutions whose result is added to their input (He et al. 2016).

    The last batch norm starts at zero, so the block starts as the identity: it adds what it
    learns. (N, width, H, W) in, the same shape out.
    """

    def __init__(self, width):
        super().__init__()
        last = nn.BatchNorm2d(width)
        nn.init.zeros_(last.weight)
        self.body = nn.Sequential(
            nn.Conv2d(width, width, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, kernel_size=3, padding=1, bias=False),
            last,
        )
        self.relu = nn.ReLU()

    def forward(self, x):
        """Add what the body makes of `x` to `x`."""
        return self.relu(x + self.body(x))


def small_resnet(classes=2, channels=3, widths=(16, 32, 64, 128)):
    """Build a residual network of today at small scale, for pictures of any size from 16 pixels.

    Each stage convolves 3×3 to the next width, halves the sides by max pooling, normalises, and
    refines with one :class:`Residual` block. Global average pooling then takes one mean a channel,
    so the dense layer has 258 parameters where the article's has 438,082. Pooling comes before
    batch norm: a quarter of the values to normalise.

    With three channels and two classes: 490,578 parameters, and at 64×64 these shapes.

    ==========  ==================
    stage       output
    ==========  ==================
    width 16    (N, 16, 32, 32)
    width 32    (N, 32, 16, 16)
    width 64    (N, 64, 8, 8)
    width 128   (N, 128, 4, 4)
    mean        (N, 128)
    Linear      (N, 2)
    ==========  ==================

    Parameters
    ----------
    classes, channels : int
    widths : tuple of int, default (16, 32, 64, 128)
        One stage each. Pictures must be at least 2 to the power of their number wide. Twice the
        widths are four times the work and the parameters: for a GPU.

    Returns
    -------
    torch.nn.Sequential
    """
    layers: list[nn.Module] = []
    width = channels
    for new_width in widths:
        layers += [
            nn.Conv2d(width, new_width, kernel_size=3, padding=1, bias=False),
            nn.MaxPool2d(2),
            nn.BatchNorm2d(new_width),
            nn.ReLU(),
            Residual(new_width),
        ]
        width = new_width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes))
