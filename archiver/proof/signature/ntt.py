"""The number-theoretic transform of FIPS 204 (section 7.5): products of polynomials modulo X^256 + 1 and Q."""

from __future__ import annotations

Q = 8_380_417

#: A 512th root of unity modulo Q.
_ROOT = 1753

#: 256^-1 modulo Q.
_SCALE = 8_347_681

Poly = list[int]

#: The powers of the root in bit-reversed order.
_ROOTS = [pow(_ROOT, int(f"{k:08b}"[::-1], 2), Q) for k in range(256)]


def forward(poly: Poly) -> Poly:
    """Into the domain in which a product is one of coefficients (algorithm 41). Takes any integers."""
    out = list(poly)
    k, length = 0, 128
    while length:
        for start in range(0, 256, 2 * length):
            k += 1
            root = _ROOTS[k]
            for at in range(start, start + length):
                part = root * out[at + length] % Q
                out[at + length] = out[at] - part
                out[at] += part
        length >>= 1
    return [one % Q for one in out]


def inverse(poly: Poly) -> Poly:
    """Back again, each coefficient from 0 to Q - 1 (algorithm 42)."""
    out = list(poly)
    k, length = 256, 1
    while length < 256:
        for start in range(0, 256, 2 * length):
            k -= 1
            root = _ROOTS[k]
            for at in range(start, start + length):
                first, second = out[at], out[at + length]
                out[at] = first + second
                out[at + length] = root * (second - first) % Q
        length *= 2
    return [one * _SCALE % Q for one in out]


def multiply_add(total: Poly, one: Poly, two: Poly) -> None:
    """Add the product of two transformed polynomials to `total`, in place."""
    total[:] = [sum_ + a * b for sum_, a, b in zip(total, one, two)]
