"""Checks every vector of this folder with the standard library alone, so that two implementations
that share no code agree on the bytes: hashes, ids, chains, trees, CBOR and signatures.

It does not judge what structures mean: of `structure` it checks the encoding and the diagnostic
notation, of `refused` only what is refused for its encoding."""

import hashlib
import json
import pathlib
import unicodedata

import cbor
import ed25519

FOLDER = pathlib.Path(__file__).resolve().parent
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CHECKPOINT_CONTEXT = b"comity checkpoint v1"
KEY_CHANGE_CONTEXT = b"comity key change v1"
PROTECTED = bytes.fromhex("a10127")


def digest(tag, *fields):
    """SHA-256 over a tag and fields: integers, bytes of fixed length, and `var(…)`."""
    name = f"comity.{tag}.v1".encode()
    parts = [f.to_bytes(8, "big") if isinstance(f, int) else f for f in fields]
    return hashlib.sha256(name.ljust(16, b"\0") + b"".join(parts)).digest()


def var(data):
    """A field of variable length: its length in 4 bytes, then itself."""
    return len(data).to_bytes(4, "big") + data


def skip(n):
    """The record that record `n` links to besides `n - 1`. Trees have 1, 4, 13, 40, … records;
    `n` is written as a sum of them, the largest first; from there it is back over the last one,
    but from the end of a first tree of its size only to the end of that tree's first third."""
    size = _tree(n)
    if size == n:
        return n - (2 * n + 1) // 3
    rest = n % size
    while rest:
        size = _tree(rest)
        rest %= size
    return n - size


def _tree(n):
    size = 1
    while 3 * size + 1 <= n:
        size = 3 * size + 1
    return size


def _log(log):
    channel = bytes.fromhex(log["channel"])
    if "term" in log:
        return "c", (channel, bytes.fromhex(log["home"]), int(log["term"]))
    return "e", (channel, bytes.fromhex(log["origin"]), int(log["writer"]))


def link(log, seq, previous, skipped, inner):
    """The hash of a record in its log."""
    kind, name = _log(log)
    return digest(f"{kind}link", *name, seq, previous, skipped, inner)


def leaf(log, seq, record_hash, time, blind):
    """The leaf of a head in a checkpoint's tree."""
    kind, name = _log(log)
    data = digest(f"{kind}head", *name, blind, seq, record_hash, time)
    return hashlib.sha256(b"\0" + data).digest()


def root(leaf_hash, index, size, path):
    """The root that a path leads to, from the top down: which half of the tree holds the leaf."""
    sides, first, count = [], 0, size
    while count > 1:
        half = 1 << (count - 1).bit_length() - 1
        is_right = index >= first + half
        sides.append(is_right)
        first, count = (first + half, count - half) if is_right else (first, half)
    if index >= size or len(sides) != len(path):
        return None
    for is_right, sibling in zip(reversed(sides), path):
        pair = sibling + leaf_hash if is_right else leaf_hash + sibling
        leaf_hash = hashlib.sha256(b"\1" + pair).digest()
    return leaf_hash


def sealed(data, context):
    """A COSE_Sign1's payload, the message that is signed, and the signature; or nothing."""
    try:
        parts = cbor.decode(data)
    except (cbor.Malformed, cbor.NotDeterministic):
        return None
    if not (isinstance(parts, tuple) and parts[:2] == (PROTECTED, {})):
        return None
    _, _, payload, signature = parts
    return cbor.decode(payload), cbor.encode(["Signature1", PROTECTED, context, payload]), signature


def checkpoint_result(data, lineage, key):
    """What a checkpoint comes to under a key of a lineage."""
    parts = sealed(data, CHECKPOINT_CONTEXT)
    if parts is None:
        return "malformed"
    payload, message, signature = parts
    if payload[3] != 1:
        return "version"
    if payload[1] != lineage:
        return "other_origin"
    if payload[2] != key[:8]:
        return "other_key"
    return "ok" if ed25519.verify(key, message, signature) else "signature"


def check_checkpoint(case):
    data, lineage, key = (bytes.fromhex(case[name]) for name in ("hex", "lineage", "key"))
    assert checkpoint_result(data, lineage, key) == case["result"]


def head_result(log, parts, lineage, key):
    """What a head of a log comes to under a key of a lineage."""
    seq, record_hash, time, (blind, index, path), checkpoint = parts
    result = checkpoint_result(checkpoint, lineage, key)
    if result != "ok":
        return f"checkpoint_{result}"
    payload = cbor.decode(cbor.decode(checkpoint)[2])
    found = root(leaf(log, seq, record_hash, time, blind), index, payload[4], path)
    return "ok" if found == payload[5] else "not_included"


def check_head(case):
    lineage, key = bytes.fromhex(case["lineage"]), bytes.fromhex(case["key"])
    parts = cbor.decode(bytes.fromhex(case["hex"]))
    assert head_result(case["log"], parts, lineage, key) == case["result"]


def follow(log, at, expected, target, links):
    """The last of the links that lead from a record down to another; nothing where they do not."""
    for n, (previous, skipped, inner) in enumerate(links, 1):
        if target > at or link(log, at, previous, skipped, inner) != expected:
            return None
        if at == target:
            return links[n - 1] if n == len(links) else None
        at, expected = (skip(at), skipped) if skip(at) >= target else (at - 1, previous)
    return None


def keys_of(organisation, lineage):
    """All keys of an organisation by the changes that it lists; none where these do not hold."""
    domain, first, recovery, changes = organisation
    if digest("lnage", var(domain.encode()), first, recovery) != lineage:
        return []
    keys = [first]
    for number, data in enumerate(changes, 1):
        parts = sealed(data, KEY_CHANGE_CONTEXT)
        if parts is None or not _goes_on(parts, lineage, number, keys, recovery):
            return []
        keys.append(parts[0][3])
    return keys


def _goes_on(parts, lineage, number, keys, recovery):
    payload, message, signature = parts
    by_recovery = payload.get(4)
    if (payload[0], payload[1], payload[2]) != (lineage, number, keys[-1]) or payload[3] in keys:
        return False
    if by_recovery is not None and digest("rcvry", by_recovery) != recovery:
        return False
    return ed25519.verify(payload[2] if by_recovery is None else by_recovery, message, signature)


def named_key(checkpoint, keys):
    """The key that a checkpoint names, where it is one of these; else the newest."""
    parts = sealed(checkpoint, CHECKPOINT_CONTEXT)
    named = parts[0][2] if parts else None
    return next((key for key in keys if key[:8] == named), keys[-1])


def fork_result(proof):
    """What a proof that a log has two histories comes to."""
    (channel, kind, origin, number), seq = proof[1], proof[2]
    keys = keys_of(proof[0], origin)
    if not keys:
        return "organisation"
    names = ("origin", "writer") if kind else ("home", "term")
    log = {"channel": channel.hex(), names[0]: origin.hex(), names[1]: number}
    branches = [proof[3], proof[4]]
    steps = [follow(log, head[0], head[1], seq, links) for links, head in branches]
    if None in steps:
        return "links"
    if len({link(log, seq, *step) for step in steps}) == 1:
        return "same_record"
    if steps[0][0] != steps[1][0]:
        return "not_lowest"
    results = [head_result(log, head, origin, named_key(head[4], keys)) for _, head in branches]
    return next((f"head_{result}" for result in results if result != "ok"), "ok")


def check_fork_proof(case):
    proof = cbor.decode(bytes.fromhex(case["hex"]))
    assert (fork_result(proof), str(proof[2])) == (case["result"], case["seq"])


def check_key_change(case):
    parts = sealed(bytes.fromhex(case["hex"]), KEY_CHANGE_CONTEXT)
    payload, message, signature = parts
    signer = payload.get(4, payload[2])
    assert ("ok" if ed25519.verify(signer, message, signature) else "signature") == case["result"]


def check_log(case):
    hashes = [bytes(32)]
    for n, inner in enumerate(map(bytes.fromhex, case["inners"]), 1):
        hashes.append(link(case["log"], n, hashes[n - 1], hashes[skip(n)], inner))
    assert [h.hex() for h in hashes[1:]] == case["hashes"]


def check_chain_proof(case):
    at, target = int(case["head_seq"]), int(case["target"])
    links = [tuple(map(bytes.fromhex, step)) for step in case["links"]]
    found = follow(case["log"], at, bytes.fromhex(case["head_hash"]), target, links)
    assert (found and found[2].hex()) == case["inner"]


def check_inclusion(case):
    path = [bytes.fromhex(h) for h in case["path"]]
    found = root(bytes.fromhex(case["leaf"]), int(case["index"]), int(case["size"]), path)
    assert (found == bytes.fromhex(case["root"])) == case["holds"]


def check_genesis(case):
    salt, content_type, data = cbor.decode(bytes.fromhex(case["body"]))
    body_hash = digest("bodyh", salt, var(content_type.encode()), var(data))
    found = digest("inner", var(bytes.fromhex(case["header"])), body_hash)
    assert found.hex() == case["channel"]


def check_structure(case):
    value = cbor.decode(bytes.fromhex(case["hex"]))
    assert cbor.diagnostic(value) == case["diagnostic"]


def check_refused(case):
    try:
        cbor.decode(bytes.fromhex(case["hex"]))
        is_sound = True
    except (cbor.NotDeterministic, cbor.Malformed):
        is_sound = False
    assert is_sound == (case["why"] != "encoding")


def _domain(text):
    allowed = set("abcdefghijklmnopqrstuvwxyz0123456789-.")
    labels = text.split(".")
    sound = all(0 < len(x) < 64 and x[0] != "-" and x[-1] != "-" for x in labels)
    numeric = labels[-1].isdigit() or labels[-1].startswith("0x")
    return sound and set(text) <= allowed and 1 < len(labels) and len(text) < 254 and not numeric


def _fold(text):
    folded = unicodedata.normalize("NFKC", text)
    for _ in range(4):
        folded = unicodedata.normalize("NFKC", folded.lower())
    return folded


def _account(text):
    def is_mark(c):
        return unicodedata.category(c).startswith("M")

    letters = [c for c in text if not is_mark(c)]
    ends = letters and text[0].isalnum() and letters[-1].isalnum()
    inside = all(c.isalnum() or c in "._-" for c in letters)
    return bool(ends) and inside and len(text) <= 64 and _fold(text) == text


def _label(text):
    name, at, domain = text.rpartition("@")
    return bool(at) and _account(name) and _domain(domain)


def check_name(case):
    of, text, normalised = case["of"], case["text"], case["normalised"]
    sound = {"server_name": _domain, "account_name": _account, "account_label": _label}[of]
    assert sound(text) == (case["result"] == "ok")
    if normalised is not None:
        assert _fold(text.strip()) == normalised and sound(normalised)


def _pair(side):
    return bytes.fromhex(side["lineage"]), int(side["number"])


def _crockford(data):
    number = int.from_bytes(data, "big")
    return "".join(CROCKFORD[number >> 5 * i & 31] for i in reversed(range(26)))


def _lineage(given):
    seed, recovery_seed = (bytes.fromhex(given[n]) for n in ("seed", "recovery_seed"))
    key = ed25519.public_key(seed)
    recovery = digest("rcvry", ed25519.public_key(recovery_seed))
    found = digest("lnage", var(given["domain"].encode()), key, recovery)
    names = {"key": key, "key_id": key[:8], "recovery": recovery, "lineage": found}
    return {name: data.hex() for name, data in names.items()}


def _message_id(given):
    data = int(given["time"]).to_bytes(8, "big") + bytes.fromhex(given["inner"])[:8]
    return {"hex": data.hex(), "text": _crockford(data)}


def _stamp(given):
    clock, log, channel = (
        int(given[n]) for n in ("clock_unix_ms", "log_last", "channel_newest")
    )
    return str(max(clock << 16, log + 1, channel + 1))


def _cursor(given):
    pos = int(given["command"]) << 16 | int(given["index"])
    words = (int(given["store"]), int(given["start"]), pos)
    return b"".join(word.to_bytes(8, "big") for word in words).hex()


def _body_hash(given):
    salt, data = bytes.fromhex(given["salt"]), bytes.fromhex(given["bytes"])
    return digest("bodyh", salt, var(given["content_type"].encode()), var(data)).hex()


def _link(given):
    parts = (bytes.fromhex(given[n]) for n in ("previous", "skipped", "inner"))
    return link(given["log"], int(given["seq"]), *parts).hex()


def _leaf(given):
    record_hash, blind = bytes.fromhex(given["hash"]), bytes.fromhex(given["blind"])
    return leaf(given["log"], int(given["seq"]), record_hash, int(given["time"]), blind).hex()


def _closed_logs(given):
    before = bytes.fromhex(given["before"] or "00" * 32)
    writer, seq = (int(given[n]).to_bytes(8, "big") for n in ("writer", "seq"))
    return digest(
        "close", before, bytes.fromhex(given["origin"]), writer, seq, bytes.fromhex(given["hash"])
    ).hex()


FUNCTIONS = {
    "body_hash": _body_hash,
    "closed_logs": _closed_logs,
    "control_state_hash": lambda g: digest("state", var(bytes.fromhex(g["state"]))).hex(),
    "cursor": _cursor,
    "direct_channel": lambda g: digest(
        "dirch", *(x for side in sorted((_pair(g["a"]), _pair(g["b"]))) for x in side)
    ).hex(),
    "inner": lambda g: digest(
        "inner", var(bytes.fromhex(g["header"])), bytes.fromhex(g["body_hash"])
    ).hex(),
    "leaf": _leaf,
    "lineage": _lineage,
    "link": _link,
    "link_channel": lambda g: digest(
        "lnkch", *sorted(bytes.fromhex(g[side]) for side in ("a", "b"))
    ).hex(),
    "message_id": _message_id,
    "skip": lambda g: str(skip(int(g["n"]))),
    "stamp": _stamp,
}


def check_function(case):
    assert FUNCTIONS[case["function"]](case["input"]) == case["output"]


CHECKS = {
    "chain_proof": check_chain_proof,
    "checkpoint": check_checkpoint,
    "fork_proof": check_fork_proof,
    "function": check_function,
    "genesis": check_genesis,
    "head": check_head,
    "inclusion": check_inclusion,
    "key_change": check_key_change,
    "log": check_log,
    "name": check_name,
    "refused": check_refused,
    "structure": check_structure,
}


def cases():
    """Every case of every file, with where it stands."""
    for path in sorted(FOLDER.glob("*.json")):
        for i, case in enumerate(json.loads(path.read_text(encoding="utf-8"))["cases"]):
            yield f"{path.name}, case {i}", case


def main():
    count = 0
    for place, case in cases():
        try:
            CHECKS[case["kind"]](case)
        except Exception as error:
            raise SystemExit(f"{place}: {error!r}\n{json.dumps(case)[:400]}") from error
        count += 1
    print(f"{count} cases hold")


if __name__ == "__main__":
    main()
