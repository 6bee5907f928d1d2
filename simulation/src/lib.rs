//! Simulation: whole histories of Hongbao under faults. The real packets, lanes, ledger,
//! delivery, expiry, lists and caches run over databases in memory, in one thread and in
//! virtual time, and every choice follows from a seed: what people do, what goes wrong, and
//! when. After every step the laws of money hold; after the faults everything comes to
//! rest. The same seed gives the same history, byte for byte, so that every failure is a
//! number that anyone can replay.
//!
//! The models: `TigerBeetle`'s simulator and the bank test of Jepsen.

mod chat;
mod client;
mod clock;
mod crowd;
mod dice;
mod fault;
mod gate;
mod gifts;
mod held;
mod history;
mod judge;
mod keys;
mod laws;
mod life;
mod lost;
mod naive;
mod people;
mod plan;
mod refusing;
mod report;
mod restore;
mod revive;
mod run;
mod seeded;
mod stores;
mod storm;
mod trouble;
mod twice;
mod witness;
mod world;

pub use dice::Dice;
pub use fault::{Coverage, Step, StepFault, WorldFault};
pub use judge::Ends;
pub use report::{Report, Until, runs};
pub use run::{Outcome, run};
pub use witness::{Broken, Promise};
