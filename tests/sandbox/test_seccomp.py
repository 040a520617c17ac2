"""The system call filter, interpreted here for both architectures: what it lets through, refuses and kills."""

import errno
import struct

import pytest

from ttgbench.sandbox.inside import seccomp

ALLOW, KILL, REFUSE, NO_SUCH_CALL = 0x7FFF0000, 0x80000000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS

# name -> (x86-64, arm64), from the kernel's unistd headers
FORBIDDEN = {
    "execve": (59, 221),
    "execveat": (322, 281),
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_send_signal": (424, 424),
    "pidfd_getfd": (438, 438),
    "socket": (41, 198),
    "connect": (42, 203),
    "bind": (49, 200),
    "io_uring_setup": (425, 425),
    "memfd_create": (319, 279),
    "userfaultfd": (323, 282),
    "bpf": (321, 280),
    "keyctl": (250, 219),
    "mount": (165, 40),
    "unshare": (272, 97),
    "setns": (308, 268),
    "chroot": (161, 51),
    "truncate": (76, 45),
    "fchmod": (91, 52),
    "fchownat": (260, 54),
    "utimensat": (280, 88),
    "shmget": (29, 194),
    "mq_open": (240, 180),
    "perf_event_open": (298, 241),
    "open_by_handle_at": (304, 265),
    "seccomp": (317, 277),
}


def verdict(machine: str, number: int, *args: int, arch: int | None = None) -> int:
    """Interprets the filter as the kernel would."""
    program = list(struct.iter_unpack("=HBBI", seccomp.program(machine)))
    padded = [*args, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("=IIQ6Q", number, seccomp.AUDIT_ARCH[machine] if arch is None else arch, 0, *padded)
    position, register = 0, 0
    while True:
        code, yes, no, value = program[position]
        position += 1
        if code == 0x06:
            return value
        if code == 0x20:
            (register,) = struct.unpack_from("=I", data, value)
        elif code == 0x54:
            register &= value
        else:
            holds = {0x15: register == value, 0x35: register >= value, 0x45: register & value != 0}[code]
            position += yes if holds else no


@pytest.fixture(params=["x86_64", "aarch64"])
def machine(request):
    return request.param


def test_foreign_architectures_are_killed(machine):
    assert verdict(machine, 0, arch=0x40000003) == KILL


def test_the_x32_numbering_is_killed():
    assert verdict("x86_64", 0x40000000 | 59) == KILL


@pytest.mark.parametrize("name", FORBIDDEN)
def test_forbidden_calls_are_refused(machine, name):
    assert verdict(machine, FORBIDDEN[name][machine == "aarch64"]) == REFUSE


def test_unknown_calls_are_refused(machine):
    assert verdict(machine, 9999) == REFUSE


@pytest.mark.parametrize("number", [57, 58])
def test_fork_and_vfork_are_refused(number):
    assert verdict("x86_64", number) == REFUSE


def test_threads_can_be_made_and_processes_cannot(machine):
    clone, clone3 = (56, 435) if machine == "x86_64" else (220, 435)
    thread = 0x003D0F00
    assert verdict(machine, clone, thread) == ALLOW
    assert verdict(machine, clone, 17) == REFUSE  # SIGCHLD: fork
    assert verdict(machine, clone, 0x4111) == REFUSE  # CLONE_VM | CLONE_VFORK | SIGCHLD: posix_spawn
    assert verdict(machine, clone, thread | 0x10000000) == REFUSE  # CLONE_NEWUSER
    assert verdict(machine, clone3) == NO_SUCH_CALL


def test_only_connected_stream_pairs(machine):
    socketpair = 53 if machine == "x86_64" else 199
    unix, inet, stream, datagram, close_on_exec = 1, 2, 1, 2, 0o2000000
    assert verdict(machine, socketpair, unix, stream | close_on_exec) == ALLOW
    assert verdict(machine, socketpair, unix, datagram) == REFUSE
    assert verdict(machine, socketpair, inet, stream) == REFUSE


def test_the_parent_death_signal_cannot_be_taken_back(machine):
    prctl = 157 if machine == "x86_64" else 167
    assert verdict(machine, prctl, 1, 0) == REFUSE
    assert verdict(machine, prctl, 15) == ALLOW


def test_limits_of_other_processes_cannot_be_set(machine):
    prlimit = 302 if machine == "x86_64" else 261
    assert verdict(machine, prlimit, 0, 7) == ALLOW
    assert verdict(machine, prlimit, 1234, 7) == REFUSE


def test_descriptors_cannot_be_made_to_signal_others(machine):
    fcntl = 72 if machine == "x86_64" else 25
    assert verdict(machine, fcntl, 0, 8, 1234) == REFUSE  # F_SETOWN
    assert verdict(machine, fcntl, 0, 4, 2048) == ALLOW  # F_SETFL


def test_other_machines_are_named():
    with pytest.raises(OSError, match="riscv64"):
        seccomp.program("riscv64")
