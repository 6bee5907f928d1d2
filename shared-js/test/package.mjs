// The finished package, imported as a stranger would: by its name, through its `exports`.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

export const folder = process.env.HONGBAO_JS_PACKAGE;
assert.ok(folder, "HONGBAO_JS_PACKAGE names no folder; `cargo xtask js` sets it");

// A package may call itself by its name, so this resolves `exports` without installing anything.
const entry = createRequire(join(folder, "package.json")).resolve("hongbao-shared");
export const hongbao = await import(pathToFileURL(entry));
