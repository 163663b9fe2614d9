# Keeping others from their marks

# %% never comes back
def convolve(image, kernel):
    while True:
        pass

# %% never comes back, and catches whatever would stop it
def convolve(image, kernel):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass

# %% sleeps
import time
def convolve(image, kernel):
    time.sleep(1e6)

# %% never ends, in the cell itself
while True:
    pass
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% waits for a child that sleeps in its own memory
import ctypes, time
if ctypes.CDLL(None).vfork() == 0:
    time.sleep(1e6)
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% works without end in processes that are gone before anybody looks
import os, signal, time
def convolve(image, kernel):
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    if os.fork() == 0:
        while True:
            end = time.process_time() + 0.01
            while time.process_time() < end:
                pass
            if os.fork():
                os._exit(0)
    while True:
        time.sleep(100)

# %% tells the judge a story without end, letter by letter
import os, socket, stat, struct, time
for number in range(3, 100):
    try:
        if stat.S_ISSOCK(os.fstat(number).st_mode):
            judge = socket.socket(fileno=number)
            judge.sendall(struct.pack("<I", 16 << 20))
            while True:
                judge.sendall(b" ")
                time.sleep(0.002)
    except OSError:
        pass
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% stops itself like Ctrl-Z
import os, signal
def convolve(image, kernel):
    os.kill(os.getpid(), signal.SIGSTOP)
    while True:
        signal.pause()

# %% ends Python
import os
def convolve(image, kernel):
    os._exit(0)

# %% ends Python, in the cell itself
import os
os._exit(0)

# %% brings Python down with a null pointer
import ctypes
def convolve(image, kernel):
    return ctypes.string_at(0)

# %% calls itself without end
import sys
def convolve(image, kernel):
    sys.setrecursionlimit(10**9)
    return convolve(image, kernel)

# %% fills the memory
def convolve(image, kernel):
    kept = []
    while True:
        kept.append(np.ones(10**6))

# %% fills the memory with files
def convolve(image, kernel):
    number = 0
    while True:
        number += 1
        with open(f"/dev/shm/{number}", "wb") as file:
            file.write(bytes(10**6))

# %% fills the memory from many processes
import os, time
def convolve(image, kernel):
    for _ in range(20):
        if os.fork() == 0:
            kept = np.ones(5 * 10**6)
            time.sleep(100)
    time.sleep(100)

# %% forks without end
import os
def convolve(image, kernel):
    while True:
        try:
            os.fork()
        except OSError:
            pass

# %% starts threads without end
import threading, time
def convolve(image, kernel):
    while True:
        threading.Thread(target=time.sleep, args=[1000]).start()

# %% writes a file without end
def convolve(image, kernel):
    with open("large", "wb") as file:
        while True:
            file.write(bytes(10**6))

# %% makes ten thousand files
for number in range(10_000):
    open(str(number), "w").close()
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% prints without end
def convolve(image, kernel):
    while True:
        print("x" * 10_000)

# %% returns more than anybody can read
def convolve(image, kernel):
    return np.zeros((2**15, 2**12))

# %% kills every process that it can
import os, signal
def convolve(image, kernel):
    for number in (os.getppid(), -1, 0, *range(2, 100)):
        try:
            os.kill(number, signal.SIGKILL)
        except OSError:
            pass

# %% opens more files than there may be
kept = []
def convolve(image, kernel):
    while True:
        kept.append(open("/dev/null"))

# %% closes every file that it has
import os
def convolve(image, kernel):
    os.closerange(0, 1000)
    return np.zeros((1, 1))

# %% prints what no terminal can show
def convolve(image, kernel):
    print("\x1b]0;gone\x07\x1b[2J\ud800\0")
    raise ValueError("\x1b[2J\ud800\0" * 1000)

# %% hands in a notebook that is none
# on the notebook
# score: none
notebook.clear()
notebook.update({"cells": 7})

# %% hands in a notebook of a hundred thousand cells
# on the notebook
# score: none
notebook["cells"] += [{"cell_type": "code", "metadata": {}, "source": "x"}] * 100_000

# %% hands in a cell of ten million letters
# on the notebook
# score: none
notebook["cells"][0] = {"cell_type": "code", "metadata": {}, "source": "x = [1, 2, 3]\n" * 700_000}
