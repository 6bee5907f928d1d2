// The published vectors (docs/fairness-vectors.json), which the verifier in Python and the tests in Rust read
// too, and the example that the documentation walks through.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { hongbao } from "./package.mjs";

const { parseOrderNumber, previewSplit, verify } = hongbao;
const read = (name) => JSON.parse(readFileSync(new URL(`../../docs/${name}`, import.meta.url), "utf8"));
const vectors = read("fairness-vectors.json");
const example = read("fairness-example.json");
const code = (code) => (error) => error.code === code;

/** Details as the server would answer them for this vector. */
function details(vector) {
  const person = { id: "1", name: "n", avatar: "a00" };
  const at = "2026-02-16T12:00:00.000Z";
  const paid = vector.amounts.slice(0, vector.claimed);
  const claimed_fen = paid.reduce((total, amount) => total + amount, 0);
  return {
    order_no: vector.order_no,
    state: vector.claimed === vector.shares ? "finished" : "expired",
    kind: vector.kind,
    group_id: "1",
    sender: person,
    greeting: "",
    cover: "classic",
    total_fen: vector.total_fen,
    shares: vector.shares,
    claimed: vector.claimed,
    claimed_fen,
    landed_at: at,
    expires_at: at,
    refunded_fen: vector.claimed === vector.shares ? undefined : vector.total_fen - claimed_fen,
    claims: paid.map((amount_fen, seq) => ({
      seq,
      user: person,
      amount_fen,
      opened_at: at,
      best_luck: seq === vector.best_luck,
    })),
    fairness: {
      algorithm: "hongbao/v1",
      max_share_fen: vector.max_share_fen,
      commitment: vector.commitment,
      client_seed: vector.client_seed,
      server_seed: vector.server_seed,
    },
  };
}

test("there are vectors", () => assert.ok(vectors.length >= 20));

for (const vector of vectors) {
  test(`vector: ${vector.name}`, () => {
    const { kind, total_fen, shares, max_share_fen, seed } = vector;
    assert.deepEqual(previewSplit({ kind, total_fen, shares, max_share_fen, seed }), [vector.amounts]);

    const report = verify(details(vector));
    assert.equal(report.ok, true);
    assert.deepEqual(report.shares.map((share) => share.expected_fen), vector.amounts);
    assert.equal(report.shares.filter((share) => share.paid_fen !== null).length, vector.claimed);
    assert.deepEqual(verify(JSON.stringify(details(vector))), report, "text and object are the same");

    assert.ok(["S", "N"].includes(parseOrderNumber(vector.order_no).site));
  });
}

test("the example of the documentation holds", () => {
  assert.equal(verify(example).ok, true);
});

test("every lie is found", () => {
  const lie = (change) => {
    const copy = structuredClone(example);
    change(copy);
    return verify(copy);
  };
  const moved = lie(({ claims }) => {
    claims[0].amount_fen += 1;
    claims[1].amount_fen -= 1;
  });
  assert.equal(moved.ok, false);
  assert.deepEqual(moved.shares.map((share) => share.matches).slice(0, 3), [false, false, true]);

  const other = "11".repeat(32);
  const commitment = lie(({ fairness }) => (fairness.commitment = other));
  assert.deepEqual([commitment.ok, commitment.commitment_matches], [false, false]);
  assert.equal(lie(({ fairness }) => (fairness.server_seed = other)).ok, false);
  assert.equal(lie(({ fairness }) => (fairness.client_seed = "00")).ok, false);
  const crown = lie(({ claims }) => {
    for (const claim of claims) claim.best_luck = claim.seq === 0;
  });
  assert.deepEqual([crown.ok, crown.totals_match], [false, false]);
  assert.equal(lie((details) => (details.claimed_fen -= 1)).ok, false);
});

test("what cannot be checked says why", () => {
  const check = (change) => () => {
    const copy = structuredClone(example);
    change(copy);
    verify(copy);
  };
  for (const [change, expected] of [
    [(d) => (d.state = "open"), "packet_still_open"],
    [(d) => delete d.fairness.server_seed, "seed_withheld"],
    [(d) => (d.fairness.algorithm = "hongbao/v2"), "unknown_algorithm"],
    [(d) => delete d.claims, "amounts_hidden"],
    [(d) => d.claims.pop(), "claims_incomplete"],
    [(d) => (d.total_fen = 3), "impossible_terms"],
    [(d) => (d.shares = 4_000_000_000), "too_large"],
    [(d) => (d.total_fen = 88.88), "invalid_details"],
    [(d) => (d.total_fen = "8888"), "invalid_details"],
    [(d) => (d.total_fen = 2 ** 53), "invalid_details"],
    [(d) => (d.order_no = d.order_no.toLowerCase()), "invalid_details"],
    [(d) => (d.fairness.server_seed = "x"), "invalid_details"],
  ]) {
    assert.throws(check(change), code(expected), expected);
  }
  for (const text of ["", "{", "[]", "null", "[".repeat(100_000)]) {
    assert.throws(() => verify(text), code("invalid_details"));
  }
});
