"""Ed25519 (RFC 8032 section 5.1), for checking vectors: slow, not constant-time, never to be used
with a secret that is one."""

import hashlib

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)
NEUTRAL = (0, 1)


def public_key(seed):
    """The public key of a seed of 32 bytes."""
    return _pack(_times(_secret(seed), _base()))


def verify(key, message, signature):
    """Whether a signature is genuine, judged strictly: canonical points and scalars, no point of
    small order, and the equation without the cofactor."""
    point, commitment = _unpack(key), _unpack(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if point is None or commitment is None or scalar >= ORDER or len(signature) != 64:
        return False
    if _times(8, point) == NEUTRAL or _times(8, commitment) == NEUTRAL:
        return False
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    challenge = int.from_bytes(digest, "little") % ORDER
    return _times(scalar, _base()) == _add(commitment, _times(challenge, point))


def _secret(seed):
    low = bytearray(hashlib.sha512(seed).digest()[:32])
    low[0] &= 248
    low[31] = low[31] & 127 | 64
    return int.from_bytes(low, "little")


def _base():
    return _unpack((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def _add(a, b):
    (x1, y1), (x2, y2) = a, b
    product = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + product, P - 2, P)
    y = (y1 * y2 + x1 * x2) * pow(1 - product, P - 2, P)
    return x % P, y % P


def _times(scalar, point):
    total = NEUTRAL
    while scalar:
        if scalar & 1:
            total = _add(total, point)
        point = _add(point, point)
        scalar >>= 1
    return total


def _pack(point):
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _unpack(data):
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * ROOT % P
    if x * x % P != square or (x == 0 and sign):
        return None
    return (P - x if x & 1 != sign else x), y
