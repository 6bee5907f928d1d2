//! For administrators: what delivery could not bring home, what reconciliation found, and
//! the switches.

use crate::{
    api::accounts::Profile,
    ids::{ServiceId, UserId},
    money::Fen,
    order_no::OrderNo,
    timestamp::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where a letter stands that could not be delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum LetterState {
    /// Only an administrator can move it.
    #[default]
    Dead,
    /// It is tried again by itself.
    Failing,
}

/// Something that a commit had to tell others and could not (R-MONEY-3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeadLetter {
    /// Opaque, and its own for ever: give it back to retry the letter.
    pub id: String,
    /// Who was to be told: `land`, `credit`, `refund`, `chat` or `lists`.
    pub destination: String,
    /// Where it stands.
    pub state: LetterState,
    /// The packets that it is about, at most a hundred.
    pub orders: Vec<OrderNo>,
    /// How often it was tried since it was written, or since it was last retried.
    pub attempts: u32,
    /// Why it failed last.
    pub error: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it died; of one that is tried again: when.
    pub at: Timestamp,
    /// What is left to tell, as JSON; cut off where it is long.
    pub payload: String,
}

/// `GET /control/dead-letters`: a page of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeadLetters {
    /// Database by database, the oldest of each first.
    pub items: Vec<DeadLetter>,
    /// Give this as `cursor` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_cursor: Option<String>,
    /// Databases of this page that did not answer: what could not be delivered from there is
    /// missing in it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub silent: Vec<String>,
}

/// `POST /control/dead-letters/{id}/retry`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Retried {
    /// Which letter.
    pub id: String,
    /// It was dead and is tried again at once. False: it was not dead, because it is on
    /// its way again or has arrived.
    pub retried: bool,
}

/// What reconciliation does on a schedule, and what it found last (`GET
/// /control/reconciliation`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reconciliation {
    /// Is one under way, or asked for?
    pub running: bool,
    /// The last one on this node since it was started.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last: Option<ReconciliationReport>,
}

/// What one reconciliation found (R-MONEY-3, R-LIST-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReconciliationReport {
    /// When it began.
    pub started_at: Timestamp,
    /// When it was through.
    pub ended_at: Timestamp,
    /// Nothing was changed: what is listed as mended would have been.
    pub dry_run: bool,
    /// Nothing is left that it may not mend, and everything could be read.
    pub is_clean: bool,
    /// Packets that were looked at.
    pub packets: u64,
    /// Claims that were looked at.
    pub claims: u64,
    /// Payments that were looked at.
    pub payments: u64,
    /// What was mended, by kind.
    pub mended: Vec<MendedKind>,
    /// What it was, as many as are kept.
    pub mends: Vec<Mend>,
    /// How much is left for somebody, listed or not.
    pub left_count: u64,
    /// What is left for somebody, as much as is kept.
    pub left: Vec<Left>,
    /// Outbox rows that only an administrator can move.
    pub dead_letters: u64,
    /// What could not be read, and is therefore not reconciled.
    pub unread: Vec<String>,
}

/// How much of a kind was mended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MendedKind {
    /// `credit`, `refund`, `landing`, `sent`, `received` or `best_luck`.
    pub kind: String,
    /// How many.
    pub count: u64,
    /// The money that moved, or is to; zero for lists.
    pub fen: Fen,
}

/// Something that was missing and is there again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Mend {
    /// As in [`MendedKind`].
    pub kind: String,
    /// Of which packet.
    pub order_no: OrderNo,
    /// Of which share.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seq: Option<u32>,
}

/// Something that is not as it should be, and that only somebody may touch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Left {
    /// The law that does not hold, by its stable name.
    pub law: String,
    /// Of what: an order number, an account, a place.
    pub subject: String,
    /// What was found instead; amounts in fen.
    pub what: String,
}

/// How opened shares come into wallets (R-MONEY-2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum CreditMode {
    /// Large shares at once, small ones through the queue.
    #[default]
    Split,
    /// All through the queue.
    Queue,
    /// Nothing now; in batches from the claims, later.
    Deferred,
}

/// Site letters with the share of new packets that each takes, relative to the others. A
/// site that is missing takes none; if all are, packets stay at the site that received them.
pub type SiteWeights = BTreeMap<String, u32>;

macro_rules! switches {
    ($($(#[$doc:meta])* $switch:ident = $name:ident: $type:ty,)+) => {
        /// One of the switches. Whoever shows them matches all: a new one without words does not
        /// compile.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Switch {
            $($(#[$doc])* $switch,)+
        }

        impl Switch {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$switch),+];

            /// As it is written in JSON.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$switch => stringify!($name),)+
                }
            }
        }

        /// What every switch says (R-CTRL-3).
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub struct Switches {
            $($(#[$doc])* pub $name: $type,)+
        }

        /// `PUT /control`: the switches to change, and to what; the others stay.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub struct ChangeSwitches {
            /// The version that was seen; if there is a newer one by now, nothing is
            /// changed. Absent: whatever it is.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub version: Option<u64>,
            $(
                $(#[$doc])*
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $name: Option<$type>,
            )+
        }

        impl Switches {
            /// With these changes, and the names of those that differ now.
            #[must_use]
            pub fn changed(&self, change: &ChangeSwitches) -> (Self, Vec<&'static str>) {
                let mut after = self.clone();
                let mut names = Vec::new();
                $(
                    if let Some(value) = &change.$name && *value != after.$name {
                        after.$name = value.clone();
                        names.push(stringify!($name));
                    }
                )+
                (after, names)
            }
        }
    };
}

switches! {
    /// Which share of new packets each site takes.
    SiteWeights = site_weights: SiteWeights,
    /// How opened shares come into wallets.
    CreditMode = credit_mode: CreditMode,
    /// In mode `split`, the fen from which a share counts as large.
    LargeShareFen = large_share_fen: Fen,
    /// Everyone sees the newest two screens of their lists only.
    TwoScreenLists = two_screen_lists: bool,
    /// Look-ups of packets that each node lets at a shard at once, 1 to 1,000.
    LookupsMax = lookups_max: u32,
    /// Packets that one person may send in a minute, on each node; 0 for no limit.
    SendsPerUserPerMinute = sends_per_user_per_minute: u32,
    /// Packets that each node takes in a second; 0 for no limit.
    SendsPerSecond = sends_per_second: u32,
    /// Can packets be sent, grabbed and opened at all?
    PacketsOn = packets_on: bool,
}

/// Who turned a switch last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TurnedBy {
    /// Which administrator.
    pub user_id: UserId,
    /// When.
    pub at: Timestamp,
}

/// One recorded change of one switch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SwitchChange {
    /// The version that it made.
    pub version: u64,
    /// Which switch.
    pub switch: String,
    /// Its value before, as JSON.
    pub from: String,
    /// Its value since, as JSON.
    pub to: String,
    /// Who and when.
    #[serde(flatten)]
    pub by: TurnedBy,
}

/// Something that does not work as well as it should, and what stands in for it (R-CTRL-4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Degradation {
    /// What is degraded, as in metrics and logs: `shard_down`, `shared_cache_down`, …. There
    /// may be others tomorrow.
    pub name: String,
    /// Where: a site, a site and a shard, or a database; empty for the whole node.
    pub place: String,
    /// Since when.
    pub since: Timestamp,
}

/// `GET /control`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ControlState {
    /// Rises by one with every change; 0 as long as the configuration is in force.
    pub version: u64,
    /// What every switch says.
    pub switches: Switches,
    /// Who turned each last, by name; those that nobody has turned are missing.
    pub turned_by: BTreeMap<String, TurnedBy>,
    /// The newest changes, the newest first.
    pub changes: Vec<SwitchChange>,
    /// Those who turned anything of this, by their ids.
    #[serde(default)]
    pub people: Vec<Profile>,
    /// What is degraded on the node that answers.
    pub degraded: Vec<Degradation>,
}

/// What an administrator, a service for one, or the house did (R-API-6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JournalEntry {
    /// Counted from 1 without gaps.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Which service did it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub service_id: Option<ServiceId>,
    /// What that service is called.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub service: Option<String>,
    /// Which administrator, or for whom the service acted; without either, it was a command of
    /// whoever holds the data, or the server itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub user_id: Option<UserId>,
    /// What was done, by a stable name: `turn_switches`, `grant_money`, …. There may be others
    /// tomorrow.
    pub what: String,
    /// More of it, as JSON: the very text that the hash covers.
    pub detail: String,
    /// SHA-256 over the hash before and this entry, in hexadecimal digits.
    pub hash: String,
}

/// Where the journal ends. Whoever notes it elsewhere can tell later that nothing was cut off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JournalHead {
    /// The newest entry; 0 if there is none.
    #[cfg_attr(feature = "openapi", schema(minimum = 0))]
    pub seq: i64,
    /// Its hash, in hexadecimal digits; zeros if there is none.
    pub hash: String,
}

/// `GET /control/journal`: a page of what administrators and services did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Journal {
    /// The newest first.
    pub items: Vec<JournalEntry>,
    /// Give this as `cursor` to get the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_cursor: Option<String>,
    /// Where it ends.
    pub head: JournalHead,
}
