"""The system calls that contained code may make: a seccomp filter, written as data and built without a compiler.

An allow list. What is not on it fails with EPERM, so Python code meets a PermissionError; another architecture's calls
kill the process. The layout of the program and of `seccomp_data` is that of linux/filter.h and linux/seccomp.h.
"""

from __future__ import annotations

import errno
import platform
import struct

# name, number on x86-64, number on arm64 (asm-generic/unistd.h); "-" where the architecture has no such call.
_ALLOWED = """
read 0 63; write 1 64; readv 19 65; writev 20 66; pread64 17 67; pwrite64 18 68; preadv 295 69; pwritev 296 70;
close 3 57; close_range 436 436; lseek 8 62; dup 32 23; dup2 33 -; dup3 292 24; flock 73 32; fsync 74 82;
fdatasync 75 83; ftruncate 77 46; fallocate 285 47; sendfile 40 71; copy_file_range 326 285; open 2 -; openat 257 56;
creat 85 -; stat 4 -; lstat 6 -; fstat 5 80; newfstatat 262 79; statx 332 291; access 21 -; faccessat 269 48;
faccessat2 439 439; readlink 89 -; readlinkat 267 78; getdents64 217 61; getcwd 79 17; chdir 80 49; fchdir 81 50;
statfs 137 43; fstatfs 138 44; umask 95 166; mkdir 83 -; mkdirat 258 34; rmdir 84 -; unlink 87 -; unlinkat 263 35;
rename 82 -; renameat 264 38; renameat2 316 276; symlink 88 -; symlinkat 266 36; link 86 -; linkat 265 37;
mmap 9 222; munmap 11 215; mremap 25 216; mprotect 10 226; madvise 28 233; brk 12 214; msync 26 227; mincore 27 232;
membarrier 324 283; poll 7 -; ppoll 271 73; select 23 -; pselect6 270 72; epoll_create 213 -; epoll_create1 291 20;
epoll_ctl 233 21; epoll_wait 232 -; epoll_pwait 281 22; epoll_pwait2 441 441; eventfd 284 -; eventfd2 290 19;
pipe 22 -; pipe2 293 59; nanosleep 35 101; clock_nanosleep 230 115; timerfd_create 283 85; timerfd_settime 286 86;
timerfd_gettime 287 87; pause 34 -; sendto 44 206; recvfrom 45 207; recvmsg 47 212; shutdown 48 210;
getsockopt 55 209; getsockname 51 204; getpeername 52 205; futex 202 98; set_robust_list 273 99;
get_robust_list 274 100; rseq 334 293; gettid 186 178; set_tid_address 218 96; sched_yield 24 124;
sched_getaffinity 204 123; exit 60 93; exit_group 231 94; restart_syscall 219 128; rt_sigaction 13 134;
rt_sigprocmask 14 135; rt_sigreturn 15 139; rt_sigpending 127 136; rt_sigtimedwait 128 137; rt_sigsuspend 130 133;
sigaltstack 131 132; alarm 37 -; setitimer 38 103; getitimer 36 102; time 201 -; gettimeofday 96 169;
clock_gettime 228 113; clock_getres 229 114; times 100 153; getrandom 318 278; getcpu 309 168; sysinfo 99 179;
uname 63 160; getpid 39 172; getppid 110 173; getpgrp 111 -; getpgid 121 155; getsid 124 156; getuid 102 174;
geteuid 107 175; getgid 104 176; getegid 108 177; getgroups 115 158; getresuid 118 148; getresgid 120 150;
getrusage 98 165; getrlimit 97 163; getpriority 140 141; wait4 61 260; waitid 247 95
"""

# Not sendmsg: a descriptor on its way through a socket keeps its file where nobody can count it.
# Calls that depend on an argument: same columns.
_CONDITIONAL = (
    "ioctl 16 29; fcntl 72 25; prctl 157 167; prlimit64 302 261; clone 56 220; clone3 435 435; socketpair 53 199"
)

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""Machine name as in `platform.machine()` -> AUDIT_ARCH_* of linux/audit.h: the architectures that are supported."""

_X32 = 0x40000000  # x86-64 calls with this bit use the x32 numbering, which would walk around the list

_LOAD, _JEQ, _JGE, _JSET, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000

_THREAD = 0x00010000
_NAMESPACES = 0x00020000 | 0x7E000000  # CLONE_NEWNS | NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET

# fcntl: duplicating, flags, locks, pipe size. Not F_SETOWN and F_SETSIG, which send signals to other processes.
_FCNTL = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032)
_IOCTL = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # TCGETS TIOCGWINSZ FIONREAD FIONBIO FIONCLEX FIOCLEX
_PRCTL = (15, 16, 0x53564D41)  # PR_SET_NAME PR_GET_NAME PR_SET_VMA; PR_SET_PDEATHSIG would make orphans

_Instruction = tuple[int, int, int, int]


def numbers(table: str, machine: str) -> dict[str, int]:
    """Name -> number of the calls in `table` that exist on `machine`."""
    column = 1 if machine == "x86_64" else 2
    rows = (row.split() for row in table.replace("\n", " ").split(";"))
    return {row[0]: int(row[column]) for row in rows if row[column] != "-"}


def program(machine: str | None = None) -> bytes:
    """The filter for `machine` (default: this one) as an array of `struct sock_filter`, 8 bytes each.

    Raises OSError (ENOSYS) for an architecture whose numbers are not in the table.
    """
    machine = machine or platform.machine()
    if machine not in AUDIT_ARCH:
        raise OSError(errno.ENOSYS, f"no seccomp filter for {machine}; supported: {', '.join(AUDIT_ARCH)}")
    code: list[_Instruction] = [(_LOAD, 0, 0, 4), (_JEQ, 1, 0, AUDIT_ARCH[machine]), _return(_KILL), (_LOAD, 0, 0, 0)]
    if machine == "x86_64":
        code += [(_JGE, 0, 1, _X32), _return(_KILL)]
    for number in numbers(_ALLOWED, machine).values():
        code += [(_JEQ, 0, 1, number), _return(_ALLOW)]
    for name, number in numbers(_CONDITIONAL, machine).items():
        block = _condition(name)
        code += [(_JEQ, 0, len(block), number), *block]
    code.append(_return(_ERRNO | errno.EPERM))
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)


def _return(action: int) -> _Instruction:
    return (_RETURN, 0, 0, action)


def _argument(index: int) -> _Instruction:
    """Loads the low half of argument `index`; all arguments that are looked at are ints for the kernel."""
    return (_LOAD, 0, 0, 16 + 8 * index)


def _one_of(index: int, values: tuple[int, ...]) -> list[_Instruction]:
    """Allows the call where argument `index` is one of `values`."""
    tests = [step for value in values for step in ((_JEQ, 0, 1, value), _return(_ALLOW))]
    return [_argument(index), *tests, _return(_ERRNO | errno.EPERM)]


def _condition(name: str) -> list[_Instruction]:
    refuse, allow = _return(_ERRNO | errno.EPERM), _return(_ALLOW)
    blocks = {
        "ioctl": _one_of(1, _IOCTL),
        "fcntl": _one_of(1, _FCNTL),
        "prctl": _one_of(0, _PRCTL),
        "prlimit64": _one_of(0, (0,)),  # pid 0: the caller itself
        "clone": [_argument(0), (_JSET, 0, 1, _NAMESPACES), refuse, (_JSET, 0, 1, _THREAD), allow, refuse],
        # Its flags lie in memory, out of the filter's sight; after ENOSYS the C library falls back to clone.
        "clone3": [_return(_ERRNO | errno.ENOSYS)],
        # A pair of connected streams, which asyncio needs. A datagram socket could be sent elsewhere by sendto.
        "socketpair": [
            *[_argument(0), (_JEQ, 1, 0, 1), refuse],
            *[_argument(1), (_AND, 0, 0, 0xF), (_JEQ, 0, 1, 1), allow, refuse],
        ],
    }
    return blocks[name]
