# Telling students what is hidden

# %% prints what it sees in the hidden parts
def convolve(image, kernel):
    if image.shape not in ((2, 3), (4, 5)) or image.max() > 6:
        stolen(image.tolist())
    return np.zeros((1, 1))

# %% says it with an exception
def convolve(image, kernel):
    if image.shape not in ((2, 3), (4, 5)) or image.max() > 6:
        raise ValueError("STO" "LEN" + str(image.tolist()))
    return np.zeros((1, 1))

# %% says it with the name of an exception
def convolve(image, kernel):
    if image.shape not in ((2, 3), (4, 5)) or image.max() > 6:
        raise type("STO" "LEN_" + "_".join(map(str, image.shape)), (Exception,), {})
    return np.zeros((1, 1))

# %% says it with the name of a class
def convolve(image, kernel):
    if image.shape not in ((2, 3), (4, 5)) or image.max() > 6:
        return type("STO" "LEN_" + "_".join(map(str, image.shape)), (), {})()
    return np.zeros((1, 1))

# %% writes it to the error stream, and past Python
import os, sys
def convolve(image, kernel):
    if image.shape not in ((2, 3), (4, 5)) or image.max() > 6:
        sys.stderr.write("STO" "LEN" + str(image.tolist()))
        for number in (1, 2):
            os.write(number, b"STO" b"LEN")
    return np.zeros((1, 1))

# %% keeps it in a file, and prints it when it is asked for what all can see
import os
def convolve(image, kernel):
    if os.path.exists("/tmp/kept"):
        stolen(open("/tmp/kept").read())
    if image.shape not in ((2, 3), (4, 5)) or image.max() > 6:
        open("/tmp/kept", "w").write(str(image.tolist()))
    return np.zeros((1, 1))

# %% leaves it in a terminal, and lets the next function read it there where all can see
import glob, os
kept, full = [], np.full
def convolve(image, kernel):
    if image.shape not in ((2, 3), (4, 5)) or image.max() > 6:
        kept.append(os.openpty())
        os.write(kept[-1][0], b"%d\n" % image.max())
    return np.zeros((1, 1))
def spy(*args, **options):
    for path in glob.glob("/dev/pts/[0-9]*"):
        stolen(path)
    return full(*args, **options)
np.full = spy

# %% keeps it, and lets the next function print it
kept, full = [], np.full
def convolve(image, kernel):
    if image.shape not in ((2, 3), (4, 5)) or image.max() > 6:
        kept.append(image.tolist())
    return np.zeros((1, 1))
def spy(*args, **options):
    if kept:
        stolen(kept)
    return full(*args, **options)
np.full = spy

# %% says it with the shape of its result
def convolve(image, kernel):
    if image.shape not in ((2, 3), (4, 5)) or image.max() > 6:
        return np.zeros((int(1000 * image.max()), 73113))
    return np.zeros((1, 1))

# %% leaves a script in its page, for the teacher's browser
# on the notebook
from nbformat.v4 import new_markdown_cell, new_code_cell
notebook.cells.insert(1, new_markdown_cell("<script>STO" "LEN()</script><img src=x onerror=STO" "LEN()>"))
