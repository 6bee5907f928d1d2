"""Runs verify.py against the published vectors and against tampered packets.

    python3 docs/test_verify.py
    python3 -m unittest docs/test_verify.py
"""

import copy
import importlib.util
import json
import pathlib
import subprocess
import sys
import unittest

# No __pycache__ beside the documentation.
sys.dont_write_bytecode = True

DOCS = pathlib.Path(__file__).resolve().parent
SCRIPT = DOCS / "verify.py"
VECTORS = json.loads((DOCS / "fairness-vectors.json").read_text(encoding="utf-8"))
EXAMPLE = json.loads((DOCS / "fairness-example.json").read_text(encoding="utf-8"))

spec = importlib.util.spec_from_file_location("verify", SCRIPT)
verify = importlib.util.module_from_spec(spec)
spec.loader.exec_module(verify)


def run(data, *arguments):
    text = data if isinstance(data, str) else json.dumps(data)
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, input=text, capture_output=True, encoding="utf-8")


def details(vector):
    """A packet's details as the server would answer them for a vector."""
    claimed = vector["claimed"]
    paid = vector["amounts"][:claimed]
    finished = claimed == vector["shares"]
    packet = {name: vector[name] for name in ("order_no", "kind", "total_fen", "shares", "claimed")}
    packet["state"] = "finished" if finished else "expired"
    packet["claimed_fen"] = sum(paid)
    if not finished:
        packet["refunded_fen"] = vector["total_fen"] - sum(paid)
    packet["claims"] = [
        {
            "seq": seq,
            "user": {"id": str(seq), "name": f"member {seq}", "avatar": "a00"},
            "amount_fen": amount,
            "opened_at": "2016-02-07T12:00:00.000Z",
            "best_luck": vector["best_luck"] == seq,
        }
        for seq, amount in enumerate(paid)
    ]
    packet["fairness"] = {"algorithm": "hongbao/v1"} | {
        name: vector[name] for name in ("max_share_fen", "commitment", "client_seed", "server_seed")
    }
    return packet


def named(start):
    return details(next(vector for vector in VECTORS if vector["name"].startswith(start)))


def path_to(packet, path):
    for step in path[:-1]:
        packet = packet[step]
    return packet, path[-1]


class Cipher(unittest.TestCase):
    def test_rfc_8439_appendix_a_1(self):
        stream = verify.numbers(bytes(32))
        drawn = [next(stream).to_bytes(8, "little").hex() for _ in range(9)]
        self.assertEqual(drawn[0], "76b8e0ada0f13d90")
        self.assertEqual(drawn[8], "9f07e7be5551387a")

    def test_leftover_of_the_last_round_is_drawn_again(self):
        self.assertEqual(verify.below(10, iter([2**64 - 1, 2**64 - 6, 2**64 - 7])), 9)
        self.assertEqual(verify.below(16, iter([2**64 - 1])), 15)


class Vectors(unittest.TestCase):
    def test_published_vectors(self):
        ran = run(VECTORS, "--vectors")
        self.assertEqual(ran.returncode, 0, ran.stdout)
        self.assertEqual(ran.stdout.count("ok     "), len(VECTORS))

    def test_from_a_file(self):
        ran = run("", "--vectors", str(DOCS / "fairness-vectors.json"))
        self.assertEqual(ran.returncode, 0, ran.stdout)

    def test_every_changed_field_is_caught(self):
        changes = {
            "server_seed": "00" * 32, "client_seed": "0f", "order_no": "S00000000000000",
            "commitment": "00" * 32, "seed": "00" * 32, "amounts": [2, 2], "best_luck": 77,
        }
        for vector in VECTORS:
            for name, value in changes.items():
                with self.subTest(vector=vector["name"], field=name):
                    report = verify.check_vectors([vector | {name: value}])
                    self.assertEqual(report.wrong, 1)


class Packets(unittest.TestCase):
    def test_the_example_of_the_documentation(self):
        for ran in (run("", str(DOCS / "fairness-example.json")), run(EXAMPLE), run(EXAMPLE, "-")):
            self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
            self.assertIn("everything matches", ran.stdout)

    def test_honest_packets(self):
        for vector in VECTORS:
            with self.subTest(vector["name"]):
                self.assertEqual(verify.check_packet(details(vector)).wrong, 0)
                # The refund may still be on its way.
                packet = details(vector)
                packet.pop("refunded_fen", None)
                self.assertEqual(verify.check_packet(packet).wrong, 0)

    def test_every_amount_off_by_one_is_caught(self):
        for vector in VECTORS:
            for seq in range(min(vector["claimed"], 12)):
                for off in (1, -1):
                    packet = details(vector)
                    packet["claims"][seq]["amount_fen"] += off
                    packet["claimed_fen"] += off
                    packet.pop("refunded_fen", None)
                    with self.subTest(vector["name"], seq=seq, off=off):
                        lines = verify.check_packet(packet).lines
                        wrong = [line for line in lines if line.startswith("WRONG  share")]
                        self.assertEqual(len(wrong), 1, lines)

    def test_tampering_is_caught(self):
        lucky, expired = named("ten shares"), named("expired with six")
        other = "11" * 32
        other_commitment = verify.commitment_of(bytes.fromhex(other)).hex()
        first, second = (claim["amount_fen"] for claim in lucky["claims"][:2])
        best = next(c["seq"] for c in lucky["claims"] if c["best_luck"])
        cases = [
            ("server seed", lucky, {("fairness", "server_seed"): other}),
            ("server seed and commitment", lucky,
             {("fairness", "server_seed"): other, ("fairness", "commitment"): other_commitment}),
            ("commitment", lucky, {("fairness", "commitment"): other}),
            ("commitment missing", lucky, {("fairness", "commitment"): None}),
            ("client seed", lucky, {("fairness", "client_seed"): ""}),
            ("order number", lucky, {("order_no",): "S0000000000000D"}),
            ("limit", lucky, {("fairness", "max_share_fen"): 19_999}),
            ("total", lucky, {("total_fen",): lucky["total_fen"] + 1}),
            ("shares", lucky, {("shares",): 11}),
            ("swapped amounts", lucky,
             {("claims", 0, "amount_fen"): second, ("claims", 1, "amount_fen"): first}),
            ("crown moved", lucky, {("claims", best, "best_luck"): False,
                                    ("claims", best - 1, "best_luck"): True}),
            ("crown missing", lucky, {("claims", best, "best_luck"): False}),
            ("two crowns", lucky, {("claims", best - 1, "best_luck"): True}),
            ("crown too early", expired, {("claims", 0, "best_luck"): True}),
            ("sum", lucky, {("claimed_fen",): lucky["claimed_fen"] + 1}),
            ("sum missing", lucky, {("claimed_fen",): None}),
            ("refund of a finished packet", lucky, {("refunded_fen",): 1}),
            ("refund", expired, {("refunded_fen",): expired["refunded_fen"] - 1}),
            ("state", lucky, {("state",): "expired"}),
            ("state", expired, {("state",): "finished"}),
        ]
        for what, honest, changes in cases:
            with self.subTest(what):
                packet = copy.deepcopy(honest)
                for path, value in changes.items():
                    holder, name = path_to(packet, path)
                    holder[name] = value
                ran = run(packet)
                self.assertEqual(ran.returncode, 1, ran.stdout + ran.stderr)
                self.assertIn("WRONG", ran.stdout)

    def test_a_hidden_last_claim_is_caught(self):
        packet = named("ten shares")
        hidden = packet["claims"].pop()
        packet["claimed"] -= 1
        packet["claimed_fen"] -= hidden["amount_fen"]
        for claim in packet["claims"]:
            claim["best_luck"] = False
        self.assertEqual(verify.check_packet(packet).wrong, 1)

    def test_what_cannot_be_checked(self):
        def without(*path):
            packet = named("ten shares")
            holder, name = path_to(packet, path)
            del holder[name]
            return packet

        def changed(value, *path):
            packet = named("ten shares")
            holder, name = path_to(packet, path)
            holder[name] = value
            return packet

        swapped, doubled = named("ten shares"), named("ten shares")
        swapped["claims"].reverse()
        doubled["claims"].append(doubled["claims"][-1])
        for packet in (
            "", "[]", "{}", "null", "not json", without("fairness"), without("claims"),
            without("total_fen"), without("fairness", "server_seed"), without("claims", 3),
            changed("open", "state"), changed("hongbao/v2", "fairness", "algorithm"),
            changed("AB", "fairness", "client_seed"), changed("ab" * 33, "fairness", "client_seed"),
            changed("a b0", "fairness", "client_seed"), changed("ab", "fairness", "server_seed"),
            changed(0, "shares"), changed(2**32, "shares"), changed(9, "total_fen"),
            changed(1.5, "claims", 0, "amount_fen"), changed("1", "claims", 0, "amount_fen"),
            changed(True, "claims", 0, "amount_fen"), changed(-1, "claims", 0, "amount_fen"),
            changed("raffle", "kind"), changed("exclusive", "kind"), changed("福" * 15, "order_no"),
            changed(7, "claims", 0), swapped, doubled,
        ):
            ran = run(packet)
            self.assertEqual(ran.returncode, 2, f"{packet}: {ran.stdout}{ran.stderr}")
            self.assertNotIn("Traceback", ran.stderr)
        self.assertEqual(run("", str(DOCS / "no-such-file.json")).returncode, 2)


if __name__ == "__main__":
    unittest.main()
