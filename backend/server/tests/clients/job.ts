// What a program does with the generated types: send, grab, open, check, and be refused.
import assert from "node:assert/strict";
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./api";

type Problem = components["schemas"]["Problem"];
const baseUrl = process.argv[2];

async function guest(name: string): Promise<[Client<paths>, string]> {
  const { data } = await createClient<paths>({ baseUrl }).POST("/api/v1/session/guest", {
    body: { name },
  });
  assert(data);
  const headers = { Authorization: `Bearer ${data.token}` };
  return [createClient<paths>({ baseUrl, headers }), data.user.id];
}

function refused(error: Problem | undefined): [number, string] {
  assert(error);
  return [error.status, error.code];
}

const [alice, aliceId] = await guest("Alice");
const [bob, bobId] = await guest("小明");

const key = { header: { "Idempotency-Key": "group-1" } };
const { data: group } = await alice.POST("/api/v1/groups", { params: key, body: { name: "Family" } });
assert(group);
const { data: again } = await alice.POST("/api/v1/groups", { params: key, body: { name: "Family" } });
assert.equal(again?.id, group.id);
const inGroup = { params: { path: { id: group.id } } };
const { data: invitation } = await alice.POST("/api/v1/groups/{id}/invitations", inGroup);
assert(invitation);
const { data: joined } = await bob.POST("/api/v1/groups/join", { body: { code: invitation.code } });
assert.equal(joined?.id, group.id);

const { data: toppedUp } = await alice.POST("/api/v1/wallet/top-ups", {
  body: { amount_fen: 20_000, key: "top-up-1" },
});
assert(toppedUp);
const draft = { group_id: group.id, kind: "lucky" as const, total_fen: 1000, shares: 2 };
const { data: order } = await alice.POST("/api/v1/packets", { body: draft });
assert(order);
const packet = { params: { path: { order_no: order.order_no } } };
const paid = await alice.POST("/api/v1/packets/{order_no}/pay", {
  ...packet,
  body: { client_seed: "c0ffee" },
});
assert(paid.data, JSON.stringify(paid.error));

let opened = 0;
for (const person of [bob, alice]) {
  const { data: grabbed } = await person.POST("/api/v1/packets/{order_no}/grab", packet);
  assert.equal(grabbed?.state, "can_open");
  assert(grabbed?.ticket);
  const { data: share } = await person.POST("/api/v1/packets/{order_no}/open", {
    ...packet,
    body: { ticket: grabbed.ticket },
  });
  assert(share);
  opened += share.amount_fen;
}
assert.equal(opened, 1000);

const { data: details } = await bob.GET("/api/v1/packets/{order_no}", packet);
assert.deepEqual(new Set(details?.claims?.map((claim) => claim.user.id)), new Set([aliceId, bobId]));
assert.equal(details?.fairness.commitment, order.commitment);
assert(details?.fairness.server_seed);

// The card comes into the chat by itself, a moment after the payment.
let cards: string[] | undefined = [];
for (let tries = 0; tries < 600 && cards?.length === 0; tries += 1) {
  const { data: log } = await alice.GET("/api/v1/groups/{id}/messages", inGroup);
  cards = log?.items.flatMap((message) =>
    message.type === "packet" ? [message.packet.order_no] : [],
  );
  await new Promise((resolve) => setTimeout(resolve, 50));
}
assert.deepEqual(cards, [order.order_no]);

// Refusals are answers like any other: a status, and a code to branch on.
const tooMuch = await alice.POST("/api/v1/packets", { body: { ...draft, total_fen: 100_000_000 } });
assert.deepEqual(refused(tooMuch.error), [422, "amount_out_of_range"]);
const [carol] = await guest("Carol");
const { error: unseen } = await carol.GET("/api/v1/packets/{order_no}", packet);
assert.deepEqual(refused(unseen), [404, "packet_not_found"]);
const nobody = createClient<paths>({ baseUrl, headers: { Authorization: "Bearer nobody" } });
assert.deepEqual(refused((await nobody.GET("/api/v1/me")).error), [401, "unauthenticated"]);
console.log("done");
