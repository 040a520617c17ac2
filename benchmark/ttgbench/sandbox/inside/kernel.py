"""The kernel's containment interfaces through ctypes: Landlock, seccomp, capabilities, prctl. See landlock(7)."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import stat
from collections.abc import Iterable

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 1, 38, 22, 2
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446  # the same on all architectures
_CAPSET = {"x86_64": 126, "aarch64": 91}
_CAPABILITY_VERSION_3 = 0x20080522

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_DIR, _REMOVE_FILE = (1 << bit for bit in range(6))
_MAKE_DIR, _MAKE_REG, _MAKE_SYM, _REFER, _TRUNCATE, _IOCTL_DEV = (1 << bit for bit in (7, 8, 12, 13, 14, 15))
_READ = _READ_FILE | _READ_DIR
_READ_WRITE = _READ | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _MAKE_SYM | _REFER | _TRUNCATE
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV

_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ELOOP)

_libc = ctypes.CDLL(None, use_errno=True)


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("program", ctypes.c_char_p))


class _Path(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("access", ctypes.c_uint64), ("parent", ctypes.c_int32))


def _call(name: str, *arguments: object) -> int:
    """Calls a libc function whose arguments are longs or pointers. Raises OSError."""
    longs = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result: int = getattr(_libc, name)(*longs)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}{arguments[:1]}: {os.strerror(code)}")
    return result


def landlock_abi() -> int:
    """The Landlock version of this kernel, >= 1. Raises OSError where there is none or it is switched off."""
    try:
        return _call("syscall", _LANDLOCK_CREATE, None, 0, 1)
    except OSError as error:
        raise OSError(error.errno, f"the kernel offers no Landlock ({os.strerror(error.errno or 0)})") from None


def landlock_rules(read: Iterable[str], write: Iterable[str], listed: Iterable[str] = ()) -> int:
    """A ruleset (a file descriptor) under which only these paths can be opened: `read` for reading, `write` (folders:
    with all beneath them) for reading and writing; the names in the folders `listed`, and beneath them, can be listed.
    Where the kernel can, TCP and signals outwards are refused too.

    Paths that do not exist are left out. Raises OSError.
    """
    abi = landlock_abi()
    handled = (1 << (13 if abi == 1 else 14 if abi == 2 else 15 if abi < 5 else 16)) - 1
    fields = [handled] + ([3] if abi >= 4 else []) + ([3] if abi >= 6 else [])  # file system; TCP; scopes
    attributes = (ctypes.c_uint64 * len(fields))(*fields)
    rules = _call("syscall", _LANDLOCK_CREATE, ctypes.byref(attributes), ctypes.sizeof(attributes), 0)
    for paths, rights in ((read, _READ), (write, _READ_WRITE), (listed, _READ_DIR)):
        for path in paths:
            _allow(rules, path, rights & handled)
    return rules


def _allow(rules: int, path: str, rights: int) -> None:
    try:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in _NOT_THERE:
            return
        raise
    try:
        if not stat.S_ISDIR(os.fstat(parent).st_mode):
            rights &= _ON_FILES
        rule = _Path(rights, parent)
        _call("syscall", _LANDLOCK_ADD, rules, 1, ctypes.byref(rule), 0)
    finally:
        os.close(parent)


def die_with_parent(signal: int, parent: int | None) -> None:
    """Has the kernel send `signal` when the thread that started this process ends. Raises OSError, also where `parent`
    (the expected process id; None: do not look) has ended before the wish was known."""
    _call("prctl", _PR_SET_PDEATHSIG, signal, 0, 0, 0)
    if parent is not None and os.getppid() != parent:
        raise ProcessLookupError("the parent process has ended")


def drop_capabilities() -> None:
    """Gives up every capability for good: a sandbox that runs as root is then as weak as any user's."""
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    _call("syscall", _CAPSET[platform.machine()], ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)()))


def restrict(rules: int, program: bytes) -> None:
    """Puts this process under a Landlock ruleset and a seccomp filter, for good. Raises OSError."""
    _call("syscall", _LANDLOCK_RESTRICT, rules, 0)
    code = ctypes.create_string_buffer(program, len(program))
    fprog = _Filter(len(program) // 8, ctypes.cast(code, ctypes.c_char_p))
    _call("prctl", _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(fprog), 0, 0)
