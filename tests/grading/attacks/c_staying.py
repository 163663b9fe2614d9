# Writing, and staying

# %% writes into the solutions
import glob
for path in glob.glob("COURSE_FOLDER/solutions/*/*.md") + ["COURSE_FOLDER/solutions/new.md"]:
    try:
        open(path, "a").write("changed")
        stolen(path)
    except OSError:
        pass
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% adds a line to the configuration, for the teacher's nbgrader to run
try:
    with open("COURSE_FOLDER/nbgrader_config.py", "a") as file:
        file.write("import os\n")
    stolen("written")
except OSError:
    pass
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% gives itself points in the gradebook, from a process that stays
import subprocess, sys
code = """
import sqlite3, time
for _ in range(100):
    try:
        book = sqlite3.connect("COURSE_FOLDER/gradebook.db")
        book.execute("update grade set manual_score = 100")
        book.commit()
    except sqlite3.Error:
        pass
    time.sleep(0.1)
"""
subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% leaves a process behind, the son of a dead father
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv("/bin/sleep", ["cnnkit-attack-that-stays", "1000"])
    os._exit(0)
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% plants a file in IPython's start-up folder
import os
for home in (os.path.expanduser("~"), "/root", "/tmp"):
    folder = os.path.join(home, ".ipython/profile_default/startup")
    try:
        os.makedirs(folder, exist_ok=True)
        open(os.path.join(folder, "00.py"), "w").write("import os; os._exit(1)")
    except OSError:
        pass
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% writes into the packages of this Python
import os
for place in (np.__file__, os.__file__):
    try:
        open(os.path.join(os.path.dirname(place), "planted.py"), "w").write("planted")
        stolen(place)
    except OSError:
        pass
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% writes into the package of the course
from cnnkit import checks
try:
    open(checks.__file__, "a").write("\nplanted = True\n")
    stolen(checks.__file__)
except OSError:
    pass
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% leaves modules beside the notebook, to be imported by who comes next
for name in ("numpy", "cnnkit", "json", "sitecustomize", "ipykernel_launcher"):
    open(f"{name}.py", "w").write("import os; os._exit(1)")
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% leaves a module on the path of all others
try:
    open("/course/planted.py", "w").write("raise SystemExit")
    stolen("/course")
except OSError:
    pass
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% makes a link out of its folder, and writes through it
import os
try:
    os.symlink("COURSE_FOLDER", "out")
    open("out/through-a-link", "w").write("written")
    stolen("written")
except OSError:
    pass
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% leaves a note for another student
import os
for folder in ("/", "/course", "/dev", "/tmp", "/var/tmp", "/dev/shm", "/run"):
    path = os.path.join(folder, "note-of-a-friend")
    if os.path.exists(path):
        stolen(path)
    try:
        open(path, "w").write("the answer")
    except OSError:
        pass
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% finds the note of another student
import os
for folder in ("/", "/course", "/dev", "/tmp", "/var/tmp", "/dev/shm", "/run"):
    path = os.path.join(folder, "note-of-a-friend")
    if os.path.exists(path):
        stolen(path)
    try:
        open(path, "w").write("the answer")
    except OSError:
        pass
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% writes when Python ends
import atexit
atexit.register(lambda: open("COURSE_FOLDER/at-exit", "w").write("written"))
def convolve(image, kernel):
    raise SystemExit

# %% becomes root, and mounts the disk
import ctypes, os
libc = ctypes.CDLL(None)
try:
    os.setuid(0)
    stolen("root")
except OSError:
    pass
if libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0 or libc.chroot(b"/tmp") == 0:
    stolen("mount")
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% makes a user namespace, to be root in there
import ctypes
libc = ctypes.CDLL(None)
for flags in (0x10000000, 0x00020000, 0x20000000, 0x40000000):
    if libc.unshare(flags) == 0:
        stolen(hex(flags))
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% traces its parent
import ctypes, os
libc = ctypes.CDLL(None)
for number in (os.getppid(), *range(2, 50)):
    if libc.ptrace(16, number, 0, 0) == 0:
        stolen(number)
def convolve(image, kernel):
    return np.zeros((1, 1))
