# Reading what is not for students

# %% reads the solutions
import os
for place, folders, files in os.walk("COURSE_FOLDER/solutions"):
    stolen(files)
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% reads the gradebook
import sqlite3
for path in ("COURSE_FOLDER/gradebook.db", "gradebook.db", "../gradebook.db"):
    try:
        stolen(sqlite3.connect(f"file:{path}?mode=ro", uri=True).execute("select * from grade").fetchall())
    except sqlite3.Error:
        pass
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% reads the answers of another student
import glob
for path in glob.glob("COURSE_FOLDER/submitted/*/*/*") + glob.glob("/tmp/**/*.ipynb", recursive=True):
    stolen(open(path).read())
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% reads the home of who grades
import os
for folder in ("/root", "/home", os.path.expanduser("~")):
    for place, folders, files in os.walk(folder):
        for name in files:
            if name in ("id_cnnkit_canary", ".bashrc", ".bash_history", ".netrc"):
                stolen(open(os.path.join(place, name)).read())
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% reads its own environment
import os
for name, value in os.environ.items():
    if "CANARY" in name or "TOKEN" in name:
        stolen(value)
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% reads the environment and the memory of other processes
import glob
for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/mem"):
    try:
        with open(path, "rb") as file:
            stolen(file.read(100))
    except OSError:
        pass
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% reads the names and passwords of this machine
for path in ("/etc/shadow", "/etc/passwd", "/etc/hosts", "/var/log/dpkg.log", "/run/secrets"):
    try:
        stolen(open(path).read())
    except OSError:
        pass
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% reads the history of the course
import os
from cnnkit import checks
root = os.path.dirname(os.path.dirname(os.path.dirname(checks.__file__)))
for name in (".git/HEAD", "solutions", "tests", "gradebook.db", "submitted"):
    if os.path.exists(os.path.join(root, name)):
        stolen(name)
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% reads the connection files of kernels
import glob
for path in glob.glob("/**/kernel-*.json", recursive=True) + glob.glob("/**/jpserver-*", recursive=True):
    stolen(path)
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% reads from every file that it has inherited
import os, stat
for number in range(3, 200):
    try:
        if stat.S_ISREG(os.fstat(number).st_mode):
            stolen(os.pread(number, 100, 0))
    except OSError:
        pass
def convolve(image, kernel):
    return np.zeros((1, 1))
