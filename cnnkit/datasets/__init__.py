"""The data sets of the course, all in one form: pictures, labels, and the names of the labels.

====================  =====================================  =========================  =======
function              what                                   where it comes from        article
====================  =====================================  =========================  =======
:func:`digits`        1,797 handwritten digits, 8×8          bundled with scikit-learn  P3
:func:`cartoons`      cats and dogs, any number, any size    drawn by our own code      R1
:func:`mnist`         70,000 handwritten digits, 28×28       found or downloaded        R2
:func:`cifar10`       60,000 colour photographs, 32×32       found or downloaded        R3
:func:`cats_vs_dogs`  25,000 photographs of cats and dogs    found or downloaded        R1, Q16
:func:`pets`          7,349 photographs of 37 breeds         found or downloaded        R1
====================  =====================================  =========================  =======

Each returns a :class:`Dataset`. Nothing is ever downloaded unless you write ``download=True``.
Files are looked for in the folder that the environment variable ``CNNKIT_DATA`` names, then in
the user's cache folder; the cache folder also keeps what has been prepared. ``CNNKIT_CACHE``
moves it, and it may be emptied at any time: the next call prepares again.
"""

from cnnkit.datasets.arrays import cifar10, mnist
from cnnkit.datasets.bundled import cartoons, digits
from cnnkit.datasets.dataset import Dataset
from cnnkit.datasets.photographs import cats_vs_dogs, pets

__all__ = ["Dataset", "cartoons", "cats_vs_dogs", "cifar10", "digits", "mnist", "pets"]
