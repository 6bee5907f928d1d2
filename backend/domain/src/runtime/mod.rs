//! What decides behaviour from outside: the clock, randomness, the time zone of
//! days. All of it is injected, so that the same code runs in a deterministic
//! simulation.

mod back_off;
mod clock;
mod entropy;
mod tasks;
mod zone;

pub use back_off::BackOff;
pub use clock::{Clock, SKEW_MAX, SystemClock, TrueClock};
pub use entropy::{Entropy, SystemEntropy};
pub use tasks::{Fallen, Tasks};
pub use zone::{Month, Zone};
