"""Vectors in a byte a dimension: a quarter of the memory, and a scan that reads a quarter.

    code = round(127 · x / max |x|)        scale = ‖x‖ / ‖code‖        x · y ≈ scale(x) · scale(y) · (code(x) · code(y))

One scale a row, so that a row never depends on another, and by norms, so that a vector's product with itself is exact.
The codes' products are sums of whole numbers: the same on every machine, and alike for rows that are alike.
"""

import numkong
import numpy as np
from numpy.typing import NDArray

LARGEST = 127
# With AVX-512's instructions for bytes numkong multiplies all rows with a packed matrix in two thirds of the time that
# it takes row by row; without them that is the slower way.
PACKED = bool(numkong.get_capabilities().get("icelake", False))
Codes = NDArray[np.int8]
Scales = NDArray[np.float32]


def pack(vectors: NDArray[np.floating]) -> tuple[Codes, Scales]:
    """Vectors (n, d) as codes (n, d) and scales (n,); a zero vector has zeros for both."""
    rows = np.asarray(vectors, np.float32)
    steps = np.abs(rows).max(axis=1, keepdims=True, initial=0) / LARGEST
    codes = np.rint(np.divide(rows, steps, out=np.zeros_like(rows), where=steps > 0)).astype(np.int8)
    lengths = np.linalg.norm(codes.astype(np.float32), axis=1)
    norms = np.linalg.norm(rows, axis=1)
    return codes, np.divide(norms, lengths, out=np.zeros_like(norms), where=lengths > 0)


def products(codes: Codes, scales: Scales, vector: NDArray[np.floating]) -> NDArray[np.float32]:
    """Approximate inner products of n coded rows with a vector (d,), as (n,): for unit vectors the cosines of
    their codes."""
    if not len(codes):
        return np.empty(0, np.float32)
    code, scale = pack(vector[None, :])
    # Whole sums either way (single precision holds them up to 1,040 dimensions); other threads run meanwhile.
    if PACKED:
        sums = np.asarray(numkong.dots_packed(codes, numkong.dots_pack(code)))[:, 0]
    else:
        sums = np.asarray(numkong.cdist(code, codes, "dot", out_dtype="float32"))[0]
    found: NDArray[np.float32] = scales * scale
    found *= sums.astype(np.float32, copy=False)
    return found
