//! What the browser tests stand on: a real server, real browsers, people.
//!
//! A test is a [`play`]: it gets a [`Stage`] with a server of its own on an empty
//! folder, lets [`Person`]s in by REST where the screens are not the subject, and
//! opens a [`Browser`] per pair of eyes. At the end of every play each browser's
//! console must be empty, which also catches every violation of the content security
//! policy. When a play fails, what the browsers showed lies in `target/e2e/`.
//!
//! Nothing here sleeps and hopes: [`wait_for`] polls a condition until a deadline.
//! Every process is killed by its own handle, also when a test panics.

mod accessibility;
mod browser;
mod chromium;
mod console;
mod engine;
mod firefox;
mod paths;
mod person;
mod process;
mod server;
mod shapes;
mod stage;
mod wait;

pub use accessibility::{assert_accessible, assert_contrast};
pub use browser::{Browser, Loss};
pub use engine::Form;
pub use person::{Person, Sent};
pub use server::Server;
pub use shapes::assert_fits;
pub use stage::{Stage, in_firefox, play, play_with};
pub use wait::wait_for;
