"""Widgets that answer to the hand, in JupyterLab and on the page alike.

Each widget is one JavaScript module (folder ``js``). In JupyterLab it is an ipywidget: what the
hand changes, Python can read, and the other way round. On the static page the same module runs
in the browser alone, without Python. See `cnnkit.widgets.base` for how.
"""

from cnnkit.widgets.base import Widget
from cnnkit.widgets.figures import ConvolutionStepper, FiveCases, PixelInspector
from cnnkit.widgets.livenet import LiveNetwork, live_network
from cnnkit.widgets.playgrounds import PaddingStride, PoolingExplorer, ReceptiveField, SoftmaxLoss
from cnnkit.widgets.selfcheck import Quiz, quiz

__all__ = [
    "ConvolutionStepper",
    "FiveCases",
    "LiveNetwork",
    "PaddingStride",
    "PixelInspector",
    "PoolingExplorer",
    "Quiz",
    "ReceptiveField",
    "SoftmaxLoss",
    "Widget",
    "live_network",
    "quiz",
]
