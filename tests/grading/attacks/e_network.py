# The network

# %% connects to a server on this machine
import socket
try:
    socket.create_connection(("127.0.0.1", LOOPBACK_PORT), 1).send(b"hello")
    stolen("connected")
except OSError:
    pass
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% connects to a server of its own, far away
import socket
for host in ("1.1.1.1", "example.org"):
    try:
        socket.create_connection((host, 80), 1)
        stolen(host)
    except OSError:
        pass
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% connects to a socket that has no place among the files
import socket
try:
    client = socket.socket(socket.AF_UNIX)
    client.connect("\0cnnkit-test-LOOPBACK_PORT")
    stolen("connected")
except OSError:
    pass
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% speaks to the machine that this machine runs in
import socket
try:
    socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
    stolen("vsock")
except OSError:
    pass
def convolve(image, kernel):
    return np.zeros((1, 1))

# %% listens for another student
import socket
server = socket.socket()
try:
    server.settimeout(1)
    server.connect(("127.0.0.1", 47113))
    stolen(server.recv(100))
except OSError:
    server = socket.create_server(("127.0.0.1", 47113))
def convolve(image, kernel):
    return np.zeros((1, 1))
