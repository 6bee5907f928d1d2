// Browsers and bundlers: the module is fetched from beside this file before the import is over. A page with a
// content security policy needs `script-src 'wasm-unsafe-eval'`.
import start from "./hongbao_shared.js";

await start();

export * from "./names.js";
