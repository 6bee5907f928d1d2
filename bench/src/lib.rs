//! Measures Hongbao from outside: a server started as a child process, real HTTP
//! over loopback, and a load generator lean enough to leave it the machine.
//! `docs/BENCHMARKS.md` tells what is measured and how to read it.

pub mod audit;
pub mod contest;
pub mod engines;
pub mod fill;
pub mod load;
pub mod machine;
pub mod midnight;
pub mod mover;
pub mod people;
pub mod reconcile;
pub mod report;
pub mod rival;
pub mod server;
pub mod shares;
pub mod size;
pub mod stage;
pub mod stats;
pub mod web;
pub mod wire;
