// Node: the module is read from the disk before the import is over, so that every function can be called at once.
import { readFileSync } from "node:fs";
import { initSync } from "./hongbao_shared.js";

initSync({ module: readFileSync(new URL("./hongbao_shared_bg.wasm", import.meta.url)) });

export * from "./names.js";
