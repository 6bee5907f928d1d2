#!/usr/bin/env python3
"""Checks a Hongbao packet without any of Hongbao's code.

    python3 verify.py packet.json          the answer of GET /api/v1/packets/{order_no}
    curl … | python3 verify.py             the same from standard input
    python3 verify.py --vectors FILE       the published test vectors

Exits with 0 if everything matches, 1 if something does not, 2 if the packet cannot be checked
(still open, amounts hidden, claims missing, not a packet at all). Python 3.11, nothing to install.
The procedure is described in FAIRNESS.md.
"""

import argparse
import hashlib
import json
import sys

KINDS = {"equal": 0, "lucky": 1, "exclusive": 2}
FEN_MAX = 2**53 - 1


class Unprovable(Exception):
    """The packet cannot be checked, for a reason that is no mismatch."""


# --- The draws -----------------------------------------------------------------------------------


def chacha20_block(key: bytes, counter: int) -> list[int]:
    """One block of 16 words: 20 rounds, 64-bit counter, stream 0."""
    start = [int.from_bytes(b"expand 32-byte k"[i : i + 4], "little") for i in range(0, 16, 4)]
    start += [int.from_bytes(key[i : i + 4], "little") for i in range(0, 32, 4)]
    start += [counter & 0xFFFFFFFF, counter >> 32, 0, 0]
    s = start.copy()

    def mix(a: int, b: int, d: int, turn: int) -> None:
        s[a] = (s[a] + s[b]) & 0xFFFFFFFF
        x = s[d] ^ s[a]
        s[d] = (x << turn | x >> (32 - turn)) & 0xFFFFFFFF

    def quarter(a: int, b: int, c: int, d: int) -> None:
        mix(a, b, d, 16)
        mix(c, d, b, 12)
        mix(a, b, d, 8)
        mix(c, d, b, 7)

    for _ in range(10):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return [(x + y) & 0xFFFFFFFF for x, y in zip(s, start)]


def numbers(key: bytes):
    """The keystream as 64-bit numbers, the low word first."""
    counter = 0
    while True:
        block = chacha20_block(key, counter)
        for low, high in zip(block[::2], block[1::2]):
            yield high << 32 | low
        counter += 1


def below(high: int, stream) -> int:
    """A uniform draw from [0, high): what is left over of the last round is drawn again."""
    last_accepted = 2**64 - 1 - 2**64 % high
    while (x := next(stream)) > last_accepted:
        pass
    return x % high


# --- The split -----------------------------------------------------------------------------------


def split(kind: str, total: int, shares: int, max_share: int, seed: bytes):
    """Every share in the order of opening."""
    if kind != "lucky":
        yield from [total // shares] * shares
        return
    stream, rest = numbers(seed), total
    for left in range(shares, 1, -1):
        others = left - 1
        low = 1 if rest - 1 <= max_share * others else rest - max_share * others
        high = max_share if rest - max_share >= others else rest - others
        share = max(below(min(high, 2 * rest // left), stream), low)
        yield share
        rest -= share
    yield rest


def commitment_of(server_seed: bytes) -> bytes:
    return hashlib.sha256(b"hongbao/v1/commit" + server_seed).digest()


def split_seed(server_seed, client_seed, order_no, total, shares, max_share, kind) -> bytes:
    return hashlib.sha256(
        b"hongbao/v1/split"
        + server_seed
        + bytes([len(client_seed)])
        + client_seed
        + order_no.encode("ascii")
        + b"\0"
        + total.to_bytes(8, "big")
        + shares.to_bytes(4, "big")
        + max_share.to_bytes(8, "big")
        + bytes([KINDS[kind]])
    ).digest()


def best_luck(kind: str, shares: int, opened: list[int]) -> int | None:
    """The largest share, the earliest on a tie, of a complete lucky packet of two or more."""
    if kind != "lucky" or shares < 2 or len(opened) != shares:
        return None
    return opened.index(max(opened))


# --- Reading -------------------------------------------------------------------------------------


def whole(value, name: str, least: int = 0, most: int = FEN_MAX) -> int:
    if type(value) is not int or not least <= value <= most:
        raise Unprovable(f"{name} is not a whole number from {least} to {most}")
    return value


def from_hex(value, name: str, lengths: range) -> bytes:
    """Lower-case hex, as the procedure writes it."""
    try:
        read = bytes.fromhex(value)
    except (TypeError, ValueError):
        raise Unprovable(f"{name} is not hex") from None
    if read.hex() != value or len(read) not in lengths:
        raise Unprovable(f"{name} is not {lengths[0]} to {lengths[-1]} bytes of lower-case hex")
    return read


def terms_of(packet: dict, max_share_fen) -> tuple[str, int, int, int]:
    kind = packet.get("kind")
    if kind not in KINDS:
        raise Unprovable("the kind is none of " + ", ".join(KINDS))
    total = whole(packet.get("total_fen"), "total_fen", 1)
    shares = whole(packet.get("shares"), "shares", 1, 2**32 - 1)
    max_share = whole(max_share_fen, "max_share_fen", 1)
    feasible = shares <= total <= shares * max_share
    if not feasible or kind == "equal" and total % shares or kind == "exclusive" and shares != 1:
        raise Unprovable("no packet can have these terms")
    return kind, total, shares, max_share


def order_no_of(packet: dict) -> str:
    order_no = packet.get("order_no")
    if not isinstance(order_no, str) or not order_no.isascii() or len(order_no) != 15:
        raise Unprovable("the order number is not 15 symbols")
    return order_no


# --- Checking ------------------------------------------------------------------------------------


class Report:
    """What was checked, line by line."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.wrong = 0

    def check(self, matches: bool, text: str) -> None:
        self.wrong += not matches
        self.lines.append(("ok     " if matches else "WRONG  ") + text)


def yuan(fen: int) -> str:
    return f"¥{fen // 100}.{fen % 100:02}"


def check_packet(packet) -> Report:
    """Everything that R-FAIR promises about one packet that is over."""
    if not isinstance(packet, dict) or not isinstance(packet.get("fairness"), dict):
        raise Unprovable("this is not the JSON of a packet's details")
    fairness = packet["fairness"]
    if fairness.get("algorithm") != "hongbao/v1":
        raise Unprovable("the proof names an algorithm other than hongbao/v1")
    state = packet.get("state")
    if state not in ("finished", "expired"):
        raise Unprovable("the packet is still open; its seed is shown when it is over")
    if fairness.get("server_seed") is None:
        raise Unprovable("the packet is over, but its server seed is withheld")
    claims = packet.get("claims")
    if packet.get("total_fen") is None or not isinstance(claims, list):
        raise Unprovable("the details do not hold the amounts")
    kind, total, shares, max_share = terms_of(packet, fairness.get("max_share_fen"))
    claimed = whole(packet.get("claimed"), "claimed")
    if [claim.get("seq") for claim in claims] != list(range(claimed)):
        raise Unprovable("the claims are not complete")
    paid = [whole(claim.get("amount_fen"), "amount_fen") for claim in claims]

    server_seed = from_hex(fairness["server_seed"], "server_seed", range(32, 33))
    client_seed = from_hex(fairness.get("client_seed"), "client_seed", range(33))
    order_no = order_no_of(packet)
    seed = split_seed(server_seed, client_seed, order_no, total, shares, max_share, kind)
    expected = list(split(kind, total, shares, max_share, seed))

    report = Report()
    report.lines.append(f"Packet {order_no}: {kind}, {yuan(total)} in {shares}, {state}")
    commitment = commitment_of(server_seed).hex()
    report.check(fairness.get("commitment") == commitment, f"commitment {commitment}")
    for seq, amount in enumerate(expected):
        if seq >= claimed:
            report.lines.append(f"       share {seq + 1:>4}: {yuan(amount):>12}  not opened")
            continue
        name = (claims[seq].get("user") or {}).get("name", "?")
        text = f"share {seq + 1:>4}: {yuan(amount):>12}  {json.dumps(name, ensure_ascii=False)}"
        matches = paid[seq] == amount
        report.check(matches, text if matches else f"{text} was paid {yuan(paid[seq])}")

    report.check(sum(expected) == total, f"all shares add up to {yuan(total)}")
    report.check(
        packet.get("claimed_fen") == sum(paid), f"opened shares add up to {yuan(sum(paid))}"
    )
    all_taken = claimed == shares
    fits = claimed <= shares and all_taken == (state == "finished")
    report.check(fits, f"{claimed} of {shares} shares opened in a packet that is {state}")
    refunded = packet.get("refunded_fen")
    left = total - sum(paid)
    report.check(refunded in (None, left), f"{yuan(max(left, 0))} left for the sender")
    best = best_luck(kind, shares, paid)
    crowns = [seq for seq, claim in enumerate(claims) if claim.get("best_luck") is not False]
    text = "no best luck" if best is None else f"best luck is share {best + 1}"
    report.check(crowns == ([] if best is None else [best]), text)
    return report


def check_vectors(vectors) -> Report:
    """Every field of every published vector."""
    if not isinstance(vectors, list) or not vectors:
        raise Unprovable("this is not a list of vectors")
    report = Report()
    for vector in vectors:
        kind, total, shares, max_share = terms_of(vector, vector.get("max_share_fen"))
        server_seed = from_hex(vector.get("server_seed"), "server_seed", range(32, 33))
        client_seed = from_hex(vector.get("client_seed"), "client_seed", range(33))
        order_no = order_no_of(vector)
        seed = split_seed(server_seed, client_seed, order_no, total, shares, max_share, kind)
        amounts = list(split(kind, total, shares, max_share, seed))
        claimed = whole(vector.get("claimed"), "claimed", 0, shares)
        computed = {
            "commitment": commitment_of(server_seed).hex(),
            "seed": seed.hex(),
            "amounts": amounts,
            "best_luck": best_luck(kind, shares, amounts[:claimed]),
        }
        wrong = [name for name, value in computed.items() if vector.get(name) != value]
        text = str(vector.get("name"))
        report.check(not wrong, text + (f": {', '.join(wrong)}" if wrong else ""))
    return report


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", nargs="?", default="-", help="JSON file, or - for standard input")
    parser.add_argument("--vectors", action="store_true", help="the file holds test vectors")
    arguments = parser.parse_args()
    try:
        if arguments.file == "-":
            data = json.load(sys.stdin)
        else:
            with open(arguments.file, encoding="utf-8") as file:
                data = json.load(file)
        report = check_vectors(data) if arguments.vectors else check_packet(data)
    except (OSError, ValueError, AttributeError, Unprovable) as error:
        print(f"cannot be checked: {error}", file=sys.stderr)
        return 2
    print("\n".join(report.lines))
    print(f"{report.wrong} of the above do not match" if report.wrong else "everything matches")
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
