//! What several screens share.

mod amount;
mod avatar;
mod empty;
pub(crate) mod envelope;
mod fault;
mod link;
mod link_notice;
mod live;
mod more;
mod person;
mod picture;
mod sheet;
mod switches;
mod toast;
mod top_up;
mod waiting;

pub(crate) use amount::{CountUp, field_symbol};
pub(crate) use avatar::{Avatar, GroupFace};
pub(crate) use empty::Empty;
pub(crate) use fault::{Fault, field_fault};
pub(crate) use link::Link;
pub(crate) use link_notice::LinkNotice;
pub(crate) use live::{effect, flag, live, memo, press, rows, spoken, submits, words};
pub(crate) use more::More;
pub(crate) use person::Name;
pub(crate) use picture::{Cover, Pic};
pub(crate) use sheet::{Sheet, modal};
pub(crate) use switches::Switches;
pub(crate) use toast::Toast;
pub(crate) use top_up::TopUpForm;
pub(crate) use waiting::Waiting;
