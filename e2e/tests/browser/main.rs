//! The web app in real browsers, against the real server.
//!
//! One binary, so that everything is linked once; a module per promise. `cargo xtask
//! test` runs it last. By hand, after `cargo xtask web` and `cargo build`:
//! `cargo test --package hongbao-e2e`.

mod bad_input;
mod failures;
mod fee;
mod firefox;
mod focus;
mod gestures;
mod hands;
mod installed;
mod inviting;
mod kinds;
mod layout;
mod leaving;
mod live;
mod logs;
mod longchat;
mod many;
mod navigation;
mod newcomer;
mod opened;
mod ops;
mod overlays;
mod parts;
mod people;
mod records;
mod runs;
mod screens;
mod secrecy;
mod steps;
mod story;
mod told;
mod translated;
mod unit;
mod upgraded;
mod walk;
mod wanders;
mod words;
mod world;
mod writing;
