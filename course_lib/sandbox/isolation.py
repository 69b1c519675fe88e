"""Shuts a process in for good: what it may read, write, start, signal, and reach, on Linux without any privilege.

Landlock (files, signals), seccomp (system calls) and a network namespace, each where the kernel has it; limits of
memory, time and file size wherever there is POSIX. `missing()` says in words what this machine can not hold back.
"""

import contextlib
import ctypes
import os
import platform
import struct
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

try:
    import resource
except ImportError:  # Windows
    resource = None

MEGABYTE = 2**20

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = (
    444,
    445,
    446,
)  # Landlock's system calls, the same on every machine
_READ = 1 << 0 | 1 << 2 | 1 << 3  # execute (to map a library), read a file, read a folder
_WRITE = (
    1 << 1 | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 14
)  # write, remove, make folders and regular files, truncate
_FILES = (1 << 13) - 1  # every right over files of Landlock's first version
_NO_NEW_PRIVS, _SET_SECCOMP, _FILTER_MODE = 38, 22, 2
_NEW_USER, _NEW_NET = 0x10000000, 0x40000000
_THREAD = 0x00010000  # clone: a thread, not a process


@dataclass(frozen=True)
class Limits:
    """memory: bytes of address space beyond what is in use at the beginning. cpu_seconds: in all. file_bytes: of the
    largest file."""

    memory: int = 3 * 1024 * MEGABYTE
    cpu_seconds: int = 120
    file_bytes: int = MEGABYTE // 2


@dataclass(frozen=True)
class Cage:
    """readable: files and folders it may read. own: its folder, the one in which it may write, if it may."""

    readable: tuple[Path, ...]
    own: Path
    limits: Limits = field(default_factory=Limits)
    may_write: bool = True


def shut_in(cage: Cage) -> None:
    """Restricts the calling process, which must have one thread. It can not be undone."""
    os.chdir(cage.own)
    _limit(cage.limits)
    if sys.platform != "linux":
        return
    _leave_network()
    libc = _libc()
    libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)
    if landlock_version() > 0:
        _restrict_files(cage)
    if _machine() is not None:
        _filter_calls()


def missing() -> list[str]:
    """What is not held back on this machine, one sentence each; empty where everything is."""
    found = []
    if landlock_version() == 0:
        found.append(
            "Files: this system has no Landlock, so a program can read and write whatever you can. Run it on Linux "
            "5.13 or newer, or as a user who owns nothing else."
        )
    if _machine() is None:
        found.append(
            "Processes, signals and sockets: seccomp is used on Linux on x86-64 and ARM64 only, so a program can "
            "start programs and use the network."
        )
    if resource is None:
        found.append("Memory, processor time and file sizes: Windows has no such limits for a process.")
    return found


def landlock_version() -> int:
    """The version of Landlock that the kernel has; 0 without it."""
    if sys.platform != "linux":
        return 0
    return max(0, _libc().syscall(_CREATE_RULESET, None, 0, 1))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _limit(limits: Limits) -> None:
    if resource is None:
        return
    wanted = {
        "RLIMIT_CPU": limits.cpu_seconds,
        "RLIMIT_FSIZE": limits.file_bytes,
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": 64,
    }
    with contextlib.suppress(OSError, ValueError):  # /proc is Linux's
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        wanted["RLIMIT_AS"] = pages * resource.getpagesize() + limits.memory
    for name, value in wanted.items():
        kind = getattr(resource, name, None)
        if kind is not None:
            hard = resource.getrlimit(kind)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(kind, (value, value))


def _leave_network() -> None:
    """A network of its own, in which there is nothing; seccomp forbids sockets besides, so failing is no harm."""
    _libc().unshare(_NEW_USER | _NEW_NET)


# --- files and signals: Landlock


def _restrict_files(cage: Cage) -> None:
    libc, version = _libc(), landlock_version()
    handled = _FILES | (1 << 13 if version >= 2 else 0) | (1 << 14 if version >= 3 else 0)
    attributes = struct.pack("<Q", handled)
    if version >= 4:
        attributes += struct.pack("<Q", 0b11)  # no TCP port may be bound or connected to
    if version >= 6:
        attributes += struct.pack("<Q", 0b11)  # nor may a process outside be signalled or reached by name
    ruleset = libc.syscall(_CREATE_RULESET, attributes, len(attributes), 0)
    if ruleset < 0:
        raise OSError(ctypes.get_errno(), "Landlock refuses a set of rules")
    for path in _existing(cage.readable):
        _allow(ruleset, path, _READ & handled)
    _allow(ruleset, cage.own, (_READ | _WRITE * cage.may_write) & handled)
    _allow(ruleset, Path(os.devnull), (1 << 1 | 1 << 2) & handled)
    if libc.syscall(_RESTRICT_SELF, ruleset, 0) != 0:
        raise OSError(ctypes.get_errno(), "Landlock can not be turned on")
    os.close(ruleset)


def _existing(paths: Iterable[Path]) -> Iterator[Path]:
    return (path for path in dict.fromkeys(Path(path).resolve() for path in paths) if path.exists())


def _allow(ruleset: int, path: Path, rights: int) -> None:
    if not path.is_dir():
        rights &= 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14  # the others are rights over folders
    handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = struct.pack("<Qi", rights, handle)
        if _libc().syscall(_ADD_RULE, ruleset, 1, rule, 0) != 0:
            raise OSError(ctypes.get_errno(), f"Landlock refuses a rule for {path}")
    finally:
        os.close(handle)


# --- system calls: seccomp

_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_ALLOW, _KILL, _FAIL = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS = 1, 38

# Numbers of the calls that such a program never needs: (x86-64, ARM64); None where a machine has no such call.
_FORBIDDEN = {
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201),
    "sendto": (44, 206), "sendmsg": (46, 211), "accept": (43, 202), "accept4": (288, 242),
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    "kill": (62, 129), "tkill": (200, 130), "pidfd_send_signal": (424, 424), "pidfd_open": (434, 434),
    "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "setpgid": (109, 154), "setsid": (112, 157),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "unshare": (272, 97), "setns": (308, 268), "bpf": (321, 280), "perf_event_open": (298, 241),
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218),
    "io_uring_setup": (425, 425), "userfaultfd": (323, 282), "memfd_create": (319, 279),
    "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180),
    "setpriority": (141, 140), "sched_setaffinity": (203, 122), "prlimit64": (302, 261), "setrlimit": (160, 164),
    "reboot": (169, 142), "symlink": (88, None), "symlinkat": (266, 36), "link": (86, None), "linkat": (265, 37),
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "mknod": (133, None), "mknodat": (259, 33),
}  # fmt: skip
_CLONE, _CLONE3, _TGKILL = (56, 220), (435, 435), (234, 131)
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}


def _machine() -> tuple[int, int] | None:
    """(column of the numbers above, seccomp's name of this machine); None where the filter can not be written."""
    return _ARCHITECTURES.get(platform.machine()) if sys.platform == "linux" else None


def _filter_calls() -> None:
    column, architecture = _machine()
    program = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, 0)]
    if column == 0:
        program += [(0x35, 0, 1, 0x40000000), (_RETURN, 0, 0, _KILL)]  # the x32 way around the numbers
    # clone makes threads only; clone3 hides its flags behind a pointer, and libc falls back to clone.
    program += [(_EQUAL, 0, 1, _CLONE3[column]), (_RETURN, 0, 0, _FAIL | _ENOSYS)]
    program += [
        (_EQUAL, 0, 4, _CLONE[column]),
        (_LOAD, 0, 0, 16),
        (_ANY_BIT, 1, 0, _THREAD),
        (_RETURN, 0, 0, _FAIL | _EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    program += [
        (_EQUAL, 0, 4, _TGKILL[column]),
        (_LOAD, 0, 0, 16),
        (_EQUAL, 1, 0, os.getpid()),
        (_RETURN, 0, 0, _FAIL | _EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    for numbers in _FORBIDDEN.values():
        if numbers[column] is not None:
            program += [(_EQUAL, 0, 1, numbers[column]), (_RETURN, 0, 0, _FAIL | _EPERM)]
    program.append((_RETURN, 0, 0, _ALLOW))
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *line) for line in program))
    fprog = ctypes.create_string_buffer(struct.pack("<HxxxxxxQ", len(program), ctypes.addressof(code)))
    if _libc().prctl(_SET_SECCOMP, _FILTER_MODE, fprog, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp refuses the filter")
