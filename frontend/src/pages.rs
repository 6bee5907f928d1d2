//! One module per screen.

mod chat;
mod credentials;
mod details;
mod group;
mod groups;
mod invite;
mod join;
mod lost;
mod me;
mod ops;
mod records;
mod send;
mod wallet;
mod welcome;

pub(crate) use chat::ChatPage;
pub(crate) use credentials::{CredentialsForm, Purpose};
pub(crate) use details::DetailsPage;
pub(crate) use group::GroupPage;
pub(crate) use groups::{GroupsPane, HomePage};
pub(crate) use join::JoinPage;
pub(crate) use lost::LostPage;
pub(crate) use me::MePage;
pub(crate) use ops::OpsPage;
pub(crate) use records::RecordsPage;
pub(crate) use wallet::WalletPage;
pub(crate) use welcome::{GuestForm, WelcomePage};
