//! The runner that Cargo calls for tests built for wasm32 (see `.cargo/config.toml`).
//!
//! It is wasm-bindgen's own runner, called as a library: `Cargo.lock` then keeps it in step with the
//! `wasm-bindgen` of the code under test, and nobody has to install a tool of exactly that version.

fn main() -> anyhow::Result<()> {
    wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(std::env::args_os())
}
