"""Random numbers by address: hashes of (node key, question, universe), the same in every process and in any order."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint64]
Floats = NDArray[np.float64]


def address(*parts: object) -> int:
    """64 bits of a sha256 over the parts."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big")


def addresses(names: Sequence[object], *parts: object) -> Bits:
    """`address(*parts, name)` of every name, shape (n,)."""
    return np.array([address(*parts, name) for name in names], dtype=np.uint64)


def mix(bits: Bits) -> Bits:
    """Scrambles in place and returns its argument: the finaliser of SplitMix64 (Steele, Lea and Flood 2014)."""
    scratch = bits >> np.uint64(30)
    bits ^= scratch
    bits *= np.uint64(0xBF58476D1CE4E5B9)
    np.right_shift(bits, np.uint64(27), out=scratch)
    bits ^= scratch
    bits *= np.uint64(0x94D049BB133111EB)
    np.right_shift(bits, np.uint64(31), out=scratch)
    bits ^= scratch
    return bits


def thirds(bits: Bits) -> tuple[Floats, Floats, Floats]:
    """Three uniform numbers in [0, 1) from each 64 bits, of 32, 16 and 16 bits. Shape as `bits`, which is (k, n)."""
    little = bits.astype("<u8", copy=False)
    shorts = little.view("<u2")
    return little.view("<u4")[:, 1::2] * 2.0**-32, shorts[:, 1::4] * 2.0**-16, shorts[:, 0::4] * 2.0**-16


def uniforms(names: Sequence[object], *parts: object) -> Floats:
    """Uniform on (0, 1), one per name, shape (n,)."""
    return (addresses(names, *parts) >> np.uint64(12)).astype(np.float64) * 2.0**-52 + 2.0**-53


def normals(names: Sequence[object], *parts: object) -> Floats:
    """Standard normal, one per name, shape (n,); by inversion, so that no version of a library changes them."""
    inverse = NormalDist().inv_cdf
    return np.array([inverse(u) for u in uniforms(names, *parts).tolist()])
