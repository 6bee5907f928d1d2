//! Every picture, as SVG text: a string is a fraction of the WASM that the same
//! picture takes as a Leptos view. Flat colours only; a gradient needs an id, and
//! ids collide as soon as a picture stands on the page twice.

mod avatars;
mod covers;
mod icons;
mod scenes;

pub(crate) use avatars::{AVATARS, avatar};
pub(crate) use covers::{cover, ground};
pub(crate) use icons::{Icon, icon};
pub(crate) use scenes::{Scene, scene};
