// A browser's part in a push, by Node's own cryptography: `keys` draws what it subscribes with, and
// `read KEYS AUTHORIZATION BODY` checks who pushes and reads what was sealed for it.
import { webcrypto } from "node:crypto";

const { subtle } = webcrypto;
const bytes = (text) => Buffer.from(text, "base64url");
const text = (buffer) => Buffer.from(buffer).toString("base64url");
const ECDH = { name: "ECDH", namedCurve: "P-256" };

async function keys() {
  const pair = await subtle.generateKey(ECDH, true, ["deriveBits"]);
  return {
    public_key: text(await subtle.exportKey("raw", pair.publicKey)),
    auth: text(webcrypto.getRandomValues(new Uint8Array(16))),
    own: await subtle.exportKey("jwk", pair.privateKey),
  };
}

async function derived(salt, secret, info, length) {
  const key = await subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  return subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info }, key, length * 8);
}

// RFC 8291.
async function open({ public_key, auth, own }, body) {
  const salt = body.subarray(0, 16);
  const idLength = body[20];
  const theirs = body.subarray(21, 21 + idLength);
  const record = body.subarray(21 + idLength);
  if (record.length > body.readUInt32BE(16)) throw new Error("more than one record");
  const own_key = await subtle.importKey("jwk", own, ECDH, false, ["deriveBits"]);
  const their_key = await subtle.importKey("raw", theirs, ECDH, false, []);
  const shared = await subtle.deriveBits({ name: "ECDH", public: their_key }, own_key, 256);
  const info = Buffer.concat([Buffer.from("WebPush: info\0"), bytes(public_key), theirs]);
  const secret = await derived(bytes(auth), shared, info, 32);
  const content = await derived(salt, secret, Buffer.from("Content-Encoding: aes128gcm\0"), 16);
  const iv = await derived(salt, secret, Buffer.from("Content-Encoding: nonce\0"), 12);
  const key = await subtle.importKey("raw", content, "AES-GCM", false, ["decrypt"]);
  const plain = Buffer.from(await subtle.decrypt({ name: "AES-GCM", iv }, key, record));
  const end = plain.length - 1;
  if (plain[end] !== 2) throw new Error("no last record");
  return JSON.parse(plain.subarray(0, end));
}

// RFC 8292.
async function pusher(authorization) {
  const [, jwt, public_key] = authorization.match(/^vapid t=([^,]+), k=(.+)$/);
  const [head, claims, signature] = jwt.split(".");
  const ECDSA = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const key = await subtle.importKey("raw", bytes(public_key), ECDSA, false, ["verify"]);
  const signed = Buffer.from(`${head}.${claims}`);
  if (!(await subtle.verify(ECDSA, key, bytes(signature), signed))) throw new Error("not signed");
  return { public_key, head: JSON.parse(bytes(head)), claims: JSON.parse(bytes(claims)) };
}

const [what, theirs, authorization, body] = process.argv.slice(2);
const said =
  what === "keys"
    ? await keys()
    : { message: await open(JSON.parse(theirs), bytes(body)), pusher: await pusher(authorization) };
console.log(JSON.stringify(said));
