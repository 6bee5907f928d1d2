//! Turning switches, and following those who turn them on other nodes (R-CTRL-3).

use super::{Control, Switches};
use hongbao_domain::{
    Refusal,
    runtime::Clock,
    store::control::{ControlChange, ControlStore},
};
use hongbao_shared::{
    ErrorCode, Site, UserId,
    api::control::{self as api, ChangeSwitches, ControlState, SwitchChange, TurnedBy},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

/// How often a node looks for changes: in force everywhere within a second.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// How many changes are shown.
const CHANGES_SHOWN: u32 = 20;
/// Two who change without naming a version do not mind each other.
const ATTEMPTS_MAX: u32 = 5;

/// What is stored of all switches: by name, since another version may have others.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Stored {
    switches: BTreeMap<String, Value>,
    turned_by: BTreeMap<String, TurnedBy>,
}

/// What is stored of one change of one switch.
#[derive(Debug, Serialize, Deserialize)]
struct Turned {
    switch: String,
    from: String,
    to: String,
}

/// Keeps this node's switches those of all nodes.
#[derive(Debug)]
pub struct Follower {
    control: Arc<Control>,
    store: Arc<dyn ControlStore>,
    clock: Arc<dyn Clock>,
    sites: Vec<Site>,
    /// The version in force here. What is in force stays in force while the database
    /// does not answer.
    version: Mutex<u64>,
}

impl Follower {
    /// For the switches of `sites`.
    pub fn new(
        control: Arc<Control>,
        store: Arc<dyn ControlStore>,
        clock: Arc<dyn Clock>,
        sites: Vec<Site>,
    ) -> Self {
        Self { control, store, clock, sites, version: Mutex::default() }
    }

    /// Follows until `stop`.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        loop {
            if let Err(error) = self.look().await {
                tracing::debug!(code = error.code.as_str(), "switches cannot be looked up");
            }
            if stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_none() {
                return;
            }
        }
    }

    /// Puts the newest switches in force.
    pub async fn look(&self) -> Result<(), Refusal> {
        let mut version = self.version.lock().await;
        if self.store.version().await? <= *version {
            return Ok(());
        }
        if let Some(newest) = self.store.changes(1).await?.first() {
            self.control.set(self.following(stored(newest)?)?);
            *version = newest.version;
            tracing::info!(version = newest.version, changed = newest.changed, "switches changed");
        }
        Ok(())
    }

    /// What is in force here, with all that was turned and means something here: another version
    /// may know other values, and a site whose weight was set may be gone.
    fn following(&self, stored: Stored) -> Result<Switches, Refusal> {
        let mut switches = self.in_force()?;
        for (name, value) in stored.switches {
            let Some(before) = switches.insert(name.clone(), value) else {
                switches.remove(&name);
                continue;
            };
            if let Err(refusal) = self.read(&switches) {
                tracing::warn!(switch = name, %refusal, "a switch says what means nothing here");
                switches.insert(name, before);
            }
        }
        self.read(&switches)
    }

    fn in_force(&self) -> Result<BTreeMap<String, Value>, Refusal> {
        by_name(&api::Switches::from(&self.control.switches()))
    }

    /// `switch_invalid` for a value that makes no sense.
    fn read(&self, switches: &BTreeMap<String, Value>) -> Result<Switches, Refusal> {
        let switches = serde_json::to_value(switches).and_then(serde_json::from_value);
        Switches::checked(&switches.map_err(unreadable)?, &self.sites)
    }

    /// What is in force, and who turned it.
    pub async fn state(&self) -> Result<ControlState, Refusal> {
        self.look().await?;
        let changes = self.store.changes(CHANGES_SHOWN).await?;
        let version = changes.first().map_or(0, |newest| newest.version);
        let turned_by = changes.first().map(stored).transpose()?.map(|stored| stored.turned_by);
        let mut shown = Vec::new();
        for change in &changes {
            let turned: Vec<Turned> = serde_json::from_str(&change.changed).map_err(unreadable)?;
            let by = TurnedBy { user_id: change.changed_by, at: change.changed_at };
            shown.extend(turned.into_iter().map(|Turned { switch, from, to }| SwitchChange {
                version: change.version,
                switch,
                from,
                to,
                by,
            }));
        }
        Ok(ControlState {
            version,
            switches: api::Switches::from(&self.control.switches()),
            turned_by: turned_by.unwrap_or_default(),
            changes: shown,
            people: Vec::new(),
            degraded: Vec::new(),
        })
    }

    /// Turns some switches; durable, and in force here, when this answers.
    /// `control_changed` if they are not what `change` says that they were,
    /// `switch_invalid` for a value that makes no sense.
    pub async fn change(&self, by: UserId, change: &ChangeSwitches) -> Result<(), Refusal> {
        for _ in 0..ATTEMPTS_MAX {
            self.look().await?;
            let newest = self.store.changes(1).await?;
            let version = newest.first().map_or(0, |newest| newest.version);
            if change.version.is_some_and(|seen| seen != version) {
                return Err(ErrorCode::ControlChanged.into());
            }
            let mut wanted = by_name(&ChangeSwitches { version: None, ..change.clone() })?;
            let mut here = self.in_force()?;
            // Whatever else stands there stays as it stands, also what means nothing here.
            let mut stored = newest.first().map(stored).transpose()?.unwrap_or_default();
            for (name, value) in &here {
                stored.switches.entry(name.clone()).or_insert_with(|| value.clone());
            }
            here.extend(wanted.clone());
            self.read(&here)?;
            wanted.retain(|name, value| stored.switches.get(name) != Some(value));
            if wanted.is_empty() {
                return Ok(());
            }
            let at = self.clock.now();
            let mut changed = Vec::new();
            for (switch, to) in wanted {
                stored.turned_by.insert(switch.clone(), TurnedBy { user_id: by, at });
                let said = to.to_string();
                let from = stored.switches.insert(switch.clone(), to).unwrap_or_default();
                changed.push(Turned { switch, from: from.to_string(), to: said });
            }
            let recorded = self.store.change(ControlChange {
                version: version.saturating_add(1),
                switches: serde_json::to_string(&stored).map_err(unreadable)?,
                changed: serde_json::to_string(&changed).map_err(unreadable)?,
                changed_by: by,
                changed_at: at,
            });
            if recorded.await? {
                return self.look().await;
            }
        }
        Err(ErrorCode::ControlChanged.into())
    }
}

fn stored(change: &ControlChange) -> Result<Stored, Refusal> {
    serde_json::from_str(&change.switches).map_err(unreadable)
}

fn by_name(switches: &impl Serialize) -> Result<BTreeMap<String, Value>, Refusal> {
    serde_json::to_value(switches).and_then(serde_json::from_value).map_err(unreadable)
}

fn unreadable(error: serde_json::Error) -> Refusal {
    Refusal::internal(anyhow::Error::new(error).context("switches"))
}
