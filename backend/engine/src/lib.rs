//! The life of a packet, and everything around it: send, grab, open, credit, expire, archive,
//! with the people, groups and wallets that it needs. `ARCHITECTURE.md` tells how the rooms fit
//! together.
//!
//! Runs on the traits of the domain alone. Must never know which database or cache is behind
//! them, HTTP, or the command line.

pub mod accounts;
pub mod app;
pub mod archive;
pub mod audit;
pub mod bell;
pub mod cache;
pub mod calls;
pub mod control;
pub mod courier;
pub mod delivery;
pub mod demo;
pub mod files;
pub mod groups;
pub mod hooks;
pub mod journal;
pub mod keys;
pub mod ledger;
pub mod lists;
pub mod live;
pub mod news;
pub mod packets;
pub mod push;
pub mod reconcile;
pub mod services;
pub mod stores;
