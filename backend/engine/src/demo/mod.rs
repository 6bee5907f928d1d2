//! The demo group (R-WEB-6): members that chat, send and grab at human pace, so that
//! somebody who comes alone sees the point within a minute. They use the same services
//! as everyone, are marked as demo members, and stop when nobody is there.

mod agenda;
mod cast;
mod dice;
mod lines;
mod packets;
mod scene;
mod stage;
#[cfg(test)]
mod tests;

use crate::{
    accounts::Accounts,
    groups::{DemoCast, Groups},
    ledger::Ledger,
    packets::Packets,
};
use hongbao_domain::{
    Refusal,
    runtime::{Clock, Entropy, Tasks},
};
use hongbao_shared::{
    ErrorCode, GroupId, Limits, UserId,
    api::groups::{Group, Language},
};
use stage::Stage;
use std::{collections::BTreeMap, sync::Arc};
use tokio_util::sync::CancellationToken;

/// Demo groups that are entertained at the same time on one node; whoever comes later
/// finds a quiet group.
const STAGES_MAX: usize = 200;
/// Groups of which this node remembers that they are no demo groups.
const PLAIN_MAX: usize = 100_000;

/// What demo members act with.
#[derive(Clone, Debug)]
pub struct DemoParts {
    /// Who they are.
    pub accounts: Arc<Accounts>,
    /// Where they chat.
    pub groups: Arc<Groups>,
    /// What they send and open.
    pub packets: Arc<Packets>,
    /// Where their money comes from.
    pub ledger: Arc<Ledger>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes them surprising.
    pub entropy: Arc<dyn Entropy>,
    /// What they may do, and whether there are any.
    pub limits: Arc<Limits>,
}

/// The demo groups of this node.
#[derive(Debug)]
pub struct Demo {
    parts: DemoParts,
}

impl Demo {
    /// Idle until [`Self::run`].
    pub fn new(parts: DemoParts) -> Self {
        Self { parts }
    }

    /// A person's own demo group; the same one again for as long as they are in it.
    /// `demo_off`.
    pub async fn enter(&self, user: UserId, language: Language) -> Result<Group, Refusal> {
        if !self.parts.limits.demo {
            return Err(ErrorCode::DemoOff.into());
        }
        let mut members = Vec::new();
        for member in cast::cast(language) {
            let accounts = &self.parts.accounts;
            members.push(accounts.demo_member(member.key, member.name, member.avatar).await?.id);
        }
        let name = cast::group_name(language);
        self.parts.groups.create_demo(user, name, language, &members).await
    }

    /// Entertains whoever comes into a demo group, in `stages` of their own, until `stop`.
    pub async fn run(self: Arc<Self>, stages: Tasks, stop: CancellationToken) {
        if !self.parts.limits.demo {
            return;
        }
        let mut presence = self.parts.groups.wakes().watch_presence();
        presence.mark_changed();
        let mut playing: BTreeMap<GroupId, tokio::task::JoinHandle<()>> = BTreeMap::new();
        // What is a demo group, and who plays there, never changes while a group has
        // somebody in it; it is looked up again for every stage.
        let mut plain = std::collections::BTreeSet::new();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                change = presence.changed() => if change.is_err() { break },
            }
            playing.retain(|_, stage| !stage.is_finished());
            if plain.len() > PLAIN_MAX {
                plain.clear();
            }
            for (group, _) in self.parts.groups.wakes().present_groups() {
                let busy = playing.contains_key(&group) || plain.contains(&group);
                if busy || playing.len() >= STAGES_MAX {
                    continue;
                }
                match self.parts.groups.demo_cast(group).await {
                    Ok(Some(DemoCast { language, members })) if !members.is_empty() => {
                        let stage = Stage::new(self.parts.clone(), group, language, members);
                        let play = stage.play(stop.clone());
                        playing.insert(group, stages.spawn(play));
                    }
                    Ok(_) => {
                        plain.insert(group);
                    }
                    Err(refusal) => tracing::debug!(%refusal, "no demo members for now"),
                }
            }
        }
        stages.close();
        stages.wait().await;
    }
}
