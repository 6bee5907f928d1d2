//! The web app of Hongbao: a single page in WASM that talks REST to the server.
//!
//! Where things stand: [`app`] holds the routes, [`pages`] one module per screen,
//! [`components`] what several screens share, [`state`] what outlives a screen,
//! [`api`] the calls, [`i18n`] every word, [`art`] every picture. Money, the split,
//! validation and the proof come from `hongbao_shared` and exist nowhere here.

// Leptos views are types nested as deeply as the markup.
#![recursion_limit = "256"]
#![expect(
    unreachable_pub,
    clippy::needless_pass_by_value,
    reason = "`#[component]` makes its props `pub` and takes them by value, whatever the component is"
)]

mod api;
mod app;
mod art;
mod attempt;
mod browser;
mod components;
mod gesture;
mod i18n;
mod lazy;
mod money;
mod overlay;
mod pages;
mod panic;
mod route;
mod state;
mod tasks;
mod who;

fn main() {
    panic::install();
    state::theme::start();
    i18n::start();
    route::start();
    gesture::start();
    state::notify::start();
    who::start();
    state::session::start();
    // In a task of its own: a phone compiles what runs for the first time as it goes, and a
    // tap should not wait for all of it.
    tasks::detach(async {
        tasks::sleep_ms(0).await;
        leptos::mount::mount_to_body(app::App);
        browser::hide("boot");
    });
}
