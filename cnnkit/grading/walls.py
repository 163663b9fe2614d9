"""The inner walls around one student's code: built by the process that is to be walled in.

It begins as a fork of a warm process that knows nothing but libraries, inside of bubblewrap (the
outer wall, ``sandbox``), which has left it the right to build walls. ``enter`` gives it process
numbers, mounts, a network and a scratch folder of its own; ``lock`` then gives away every right,
for good. Trusted until ``lock`` has returned: no line of a student has run before.
"""

import ctypes
import os
import platform
import resource
import struct

__all__ = ["enter", "lock"]

NAMESPACES = 0x00020000 | 0x20000000 | 0x40000000 | 0x08000000  # mounts, processes, network, IPC
NOSUID_NODEV, NOSUID_NOEXEC, READ_ONLY = 2 | 4, 2 | 8, 1
libc = ctypes.CDLL(None, use_errno=True)


def _call(name, *arguments):
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def enter():
    """Get namespaces of one's own; they hold from the next fork on, as its process 1."""
    _call("unshare", NAMESPACES)


def lock(limits):
    """Mount scratch folders and terminals, and give away all rights. As process 1 of its namespace.

    Parameters
    ----------
    limits : dict
        ``disk`` in bytes, ``files``, ``memory`` in bytes, ``processes``, ``cpu`` in seconds; and
        ``uid``, the user to become, or None to stay.
    """
    scratch = f"size={limits['disk']},nr_inodes={limits['files']},mode=1777".encode()
    for folder in (b"/tmp", b"/dev/shm"):
        _call("mount", b"tmpfs", folder, b"tmpfs", NOSUID_NODEV, scratch)
    _call("mount", b"tmpfs", b"/proc", b"tmpfs", NOSUID_NODEV | READ_ONLY, b"size=4k")
    _call("mount", b"devpts", b"/dev/pts", b"devpts", NOSUID_NOEXEC, b"ptmxmode=0666,max=16")
    limit(limits)
    if limits["uid"] is not None:
        os.setgroups([])
        os.setresgid(*[limits["uid"]] * 3)
        os.setresuid(*[limits["uid"]] * 3)
    _drop_capabilities()
    _refuse_system_calls()


def limit(limits):
    """Bound what each process may use; a sum over all of them is for the judge to watch."""
    for name, most in (
        ("CPU", limits["cpu"]),
        ("DATA", limits["memory"]),
        ("FSIZE", limits["disk"]),
        ("NOFILE", 256),
        ("NPROC", limits["processes"]),
        ("CORE", 0),
    ):
        kind = getattr(resource, f"RLIMIT_{name}", None)
        if kind is None:
            continue
        _, hard = resource.getrlimit(kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))


def _drop_capabilities():
    bounding, ambient, no_new_privileges = 24, 47, 38
    for capability in range(64):
        libc.prctl(bounding, capability, 0, 0, 0)  # those that the kernel does not know: EINVAL
    libc.prctl(ambient, 4, 0, 0, 0)
    version_3 = struct.pack("<Ii", 0x20080522, 0)
    _call("capset", version_3, bytes(24))
    _call("prctl", no_new_privileges, 1, 0, 0, 0)


# What no answer needs, by the names of the kernel: (x86-64, ARM). Each is refused with EPERM.
REFUSED = {
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "fsopen": (430, 430),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "memfd_create": (319, 279),  # files in memory that no limit counts
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
}
CLONE, CLONE3, SOCKET = (56, 220), (435, 435), (41, 198)
NEW_NAMESPACES = 0x7E020080
FAMILIES = 1, 2, 10, 16  # Unix, Internet, netlink: the others (of virtual machines) know no walls
ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}


def _refuse_system_calls():
    """Load a seccomp filter; on another processor the other walls must do."""
    if platform.machine() not in ARCHITECTURES:
        return
    column, architecture = ARCHITECTURES[platform.machine()]
    load, equal, at_least, any_of, give = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, refuse, unknown, kill = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000
    program = [(load, 0, 0, 4), (equal, 1, 0, architecture), (give, 0, 0, kill), (load, 0, 0, 0)]
    if architecture == 0xC000003E:  # the same calls once more, in the x32 numbering
        program += [(at_least, 0, 1, 0x40000000), (give, 0, 0, refuse)]
    for numbers in REFUSED.values():
        program += [(equal, 0, 1, numbers[column]), (give, 0, 0, refuse)]
    # The library falls back from clone3, whose flags a filter cannot read, to clone.
    program += [(equal, 0, 1, CLONE3[column]), (give, 0, 0, unknown)]
    program += [(equal, 0, 3, CLONE[column]), (load, 0, 0, 16), (any_of, 0, 1, NEW_NAMESPACES)]
    program += [(give, 0, 0, refuse), (load, 0, 0, 0)]
    program += [(equal, 0, 2 + len(FAMILIES), SOCKET[column]), (load, 0, 0, 16)]
    program += [(equal, len(FAMILIES) - n, 0, family) for n, family in enumerate(FAMILIES)]
    program += [(give, 0, 0, refuse), (give, 0, 0, allow)]
    # A jump that is not taken falls to the next line; socket's families jump to the last one.
    code = b"".join(struct.pack("<HBBI", *line) for line in program)
    kept = ctypes.create_string_buffer(code, len(code))
    filter_ = struct.pack("<H6xQ", len(program), ctypes.addressof(kept))
    set_seccomp, with_filter = 22, 2
    _call("prctl", set_seccomp, with_filter, filter_, 0, 0)
