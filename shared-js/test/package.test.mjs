import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { folder, hongbao } from "./package.mjs";

const { defaultLimits, parseOrderNumber, previewSplit, validateDraft, verify } = hongbao;

const seed = "00".repeat(31) + "01";
const lucky = { kind: "lucky", total_fen: 8800, shares: 5, seed };
const code = (code) => (error) => error instanceof Error && error.code === code && error.message.length > 0;
const sum = (amounts) => amounts.reduce((total, amount) => total + amount, 0);

test("offers its functions, and not those that start the module", () => {
  assert.deepEqual(Object.keys(hongbao).sort(), [
    "defaultLimits",
    "parseOrderNumber",
    "previewSplit",
    "validateDraft",
    "verify",
  ]);
});

test("types name every function that there is", () => {
  const types = readFileSync(join(folder, "index.d.ts"), "utf8");
  const generated = readFileSync(join(folder, "hongbao_shared.d.ts"), "utf8");
  for (const name of Object.keys(hongbao)) {
    assert.match(types, new RegExp(`\\b${name}\\b`));
    assert.match(generated, new RegExp(`export function ${name}\\(`));
  }
  for (const [, name] of types.matchAll(/^ {2}([A-Z]\w+),$/gm)) {
    assert.match(generated, new RegExp(`export (interface|type) ${name}\\b`));
  }
  assert.doesNotMatch(generated, /export function \w+\([^)]*\): any/);
});

test("a preview holds the whole total in shares within bounds", () => {
  const splits = previewSplit({ ...lucky, samples: 200 });
  assert.equal(splits.length, 200);
  for (const amounts of splits) {
    assert.equal(amounts.length, 5);
    assert.equal(sum(amounts), 8800);
    assert.ok(amounts.every((amount) => Number.isInteger(amount) && amount >= 1 && amount <= 20000));
  }
  assert.ok(new Set(splits.map(String)).size > 190, "samples differ");
});

test("the same seed gives the same splits, and fewer samples a beginning of more", () => {
  const five = previewSplit({ ...lucky, samples: 5 });
  assert.deepEqual(previewSplit({ ...lucky, samples: 5 }), five);
  assert.deepEqual(previewSplit(lucky), five.slice(0, 1));
  assert.notDeepEqual(previewSplit({ ...lucky, seed: "ff".repeat(32) }), five.slice(0, 1));
});

test("equal and exclusive packets leave nothing to chance", () => {
  assert.deepEqual(previewSplit({ ...lucky, kind: "equal", total_fen: 100, shares: 4 }), [[25, 25, 25, 25]]);
  assert.deepEqual(previewSplit({ ...lucky, kind: "exclusive", total_fen: 520, shares: 1 }), [[520]]);
});

test("the largest amount that JavaScript can hold comes back exactly", () => {
  const most = Number.MAX_SAFE_INTEGER;
  const request = { kind: "exclusive", total_fen: most, max_share_fen: most, shares: 1, seed };
  assert.deepEqual(previewSplit(request), [[most]]);
});

test("impossible packets are refused with the server's codes", () => {
  for (const [change, expected] of [
    [{ total_fen: 0 }, "amount_out_of_range"],
    [{ total_fen: -5 }, "amount_out_of_range"],
    [{ total_fen: 4 }, "more_shares_than_fen"],
    [{ total_fen: 100_001 }, "share_too_large"],
    [{ shares: 0 }, "shares_out_of_range"],
    [{ shares: 2 ** 32 }, "shares_out_of_range"],
    [{ kind: "equal", total_fen: 8801 }, "does_not_divide"],
    [{ kind: "exclusive" }, "exclusive_shares"],
    [{ samples: 1_000_000 }, "too_large"],
  ]) {
    assert.throws(() => previewSplit({ ...lucky, ...change }), code(expected), JSON.stringify(change));
  }
});

test("whatever is no whole, safe number is refused", () => {
  for (const value of [1.5, NaN, Infinity, -Infinity, 2 ** 53, 1e21, "8800", 8800n, true, [], {}, null, undefined]) {
    for (const field of ["total_fen", "shares"]) {
      assert.throws(() => previewSplit({ ...lucky, [field]: value }), code("invalid_argument"), `${field}`);
    }
  }
  for (const value of [1.5, 2 ** 53, "1", -1, 2 ** 32]) {
    assert.throws(() => previewSplit({ ...lucky, samples: value }), code("invalid_argument"));
  }
  assert.throws(() => previewSplit({ ...lucky, max_share_fen: -1 }), code("invalid_argument"));
});

test("other nonsense is refused too, and leaves the module in working order", () => {
  for (const value of [undefined, null, 1, "x", Symbol("x"), {}, []]) {
    assert.throws(() => previewSplit(value), code("invalid_argument"));
    assert.throws(() => validateDraft(value), code("invalid_argument"));
    assert.throws(() => verify(value), code("invalid_details"));
    assert.throws(() => parseOrderNumber(value), code("order_no_invalid"));
  }
  assert.throws(() => previewSplit({ ...lucky, max_share: 5 }), /no field max_share/);
  assert.throws(() => previewSplit({ ...lucky, kind: "unlucky" }), code("invalid_argument"));
  for (const bad of ["", "0", "zz".repeat(32), "AB".repeat(32), "00".repeat(33), 7, undefined]) {
    assert.throws(() => previewSplit({ ...lucky, seed: bad }), code("invalid_argument"));
  }
  const thrower = { get kind() { throw new Error("no"); } };
  assert.throws(() => previewSplit(thrower), code("invalid_argument"));
  const circle = {};
  circle.circle = circle;
  assert.throws(() => verify(circle), code("invalid_details"));
  assert.equal(sum(previewSplit(lucky)[0]), 8800);
});

test("drafts obey the limits that they are given", () => {
  const draft = { kind: "lucky", total_fen: 1000, shares: 3, greeting: "  恭喜发财  " };
  assert.deepEqual(validateDraft(draft), {
    kind: "lucky",
    total_fen: 1000,
    shares: 3,
    max_share_fen: 20000,
    greeting: "恭喜发财",
    cover: "classic",
    recipient_id: null,
    first_share_fen_min: 1,
    first_share_fen_max: 665,
  });
  assert.throws(() => validateDraft({ ...draft, shares: 101 }), code("shares_out_of_range"));
  assert.equal(validateDraft({ ...draft, shares: 101 }, { max_shares: 101 }).shares, 101);
  assert.throws(() => validateDraft(draft, { ...defaultLimits(), max_total_fen: 999 }), code("amount_out_of_range"));
  assert.throws(() => validateDraft({ ...draft, greeting: "x".repeat(200) }), code("greeting_invalid"));
  assert.throws(() => validateDraft({ ...draft, cover: "none" }), code("cover_unknown"));
  assert.throws(() => validateDraft({ ...draft, recipient_id: "7" }), code("recipient_unexpected"));
  const exclusive = { kind: "exclusive", total_fen: 520, shares: 1 };
  assert.throws(() => validateDraft(exclusive), code("recipient_required"));
  assert.throws(() => validateDraft({ ...exclusive, recipient_id: "x" }), code("recipient_invalid"));
  assert.equal(validateDraft({ ...exclusive, recipient_id: "9007199254740993" }).recipient_id, "9007199254740993");
  // As a server of a later version may say them, with one more.
  const later = { ...defaultLimits(), max_shares: 101, max_of_tomorrow: 1 };
  assert.equal(validateDraft({ ...draft, shares: 101 }, later).shares, 101);
});

test("order numbers come apart, and only canonical ones", () => {
  const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  // Site N, shard 37, day 9, a local number, sequence 2^45 - 2: only the check symbol is looked for.
  const body = "N159" + "ZZZZZZZZZY".replace("Z", "1");
  const all = [...alphabet].map((check) => body + check);
  const good = all.filter((text) => {
    try {
      parseOrderNumber(text);
      return true;
    } catch (error) {
      assert.equal(error.code, "order_no_invalid");
      return false;
    }
  });
  assert.equal(good.length, 1, "exactly one check symbol fits");
  assert.deepEqual(parseOrderNumber(good[0]), { site: "N", shard: 37, day: 9, local: true, sequence: 2 ** 45 - 2 });
  for (const bad of [good[0].toLowerCase(), ` ${good[0]}`, good[0].slice(1), "S" + good[0].slice(1), "", "红".repeat(5)]) {
    assert.throws(() => parseOrderNumber(bad), code("order_no_invalid"));
  }
});
