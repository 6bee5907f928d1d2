//! What the walk over the screens walks through: people, a group, and packets in every
//! state.

use anyhow::Result;
use hongbao_e2e::{Person, Sent, Stage};

pub(crate) const PASSWORD: &str = "lantern-festival";

/// The words of a world. They come from people, so they are as long as people like.
pub(crate) struct Words {
    pub(crate) mei: &'static str,
    pub(crate) tom: &'static str,
    pub(crate) ann: &'static str,
    pub(crate) group: &'static str,
    pub(crate) greeting: &'static str,
    pub(crate) said: [&'static str; 3],
    /// What is sent in the large packet, in fen.
    pub(crate) large_fen: i64,
    /// 88.88 of the unit, as it is typed, and more than anybody owns.
    pub(crate) typed: [&'static str; 2],
}

pub(crate) struct World {
    pub(crate) words: Words,
    /// Has an account, owns the group, has sent everything.
    pub(crate) mei: Person,
    /// A member and a guest who has not opened everything.
    pub(crate) tom: Person,
    /// In no group at all.
    pub(crate) newcomer: Person,
    pub(crate) group: String,
    /// A group with nobody but Mei, and nothing said.
    pub(crate) quiet: String,
    pub(crate) invitation: String,
    pub(crate) open: String,
    pub(crate) finished: String,
    /// Its only share is Tom's.
    pub(crate) gone: String,
    pub(crate) expired: String,
    pub(crate) for_one: String,
}

/// Fills an empty server, whose packets live for a second, and starts it again with
/// packets of a day and credits that stay on their way.
pub(crate) async fn world(stage: &Stage, words: Words) -> Result<World> {
    let mei = stage.guest(words.mei).await?;
    let tom = stage.guest(words.tom).await?;
    let ann = stage.guest(words.ann).await?;
    let newcomer = stage.guest(words.tom).await?;
    mei.make_account(words.mei, PASSWORD).await?;
    // The most that one top-up brings, nearly twice.
    for amount_fen in [1_000_000, 999_999] {
        mei.top_up(amount_fen).await?;
    }
    let quiet = mei.make_group(words.group, &[]).await?;
    let group = mei.make_group(words.group, &[&tom, &ann]).await?;
    let sent = |kind, total_fen, shares| Sent {
        kind,
        total_fen,
        shares,
        greeting: words.greeting,
        recipient: None,
    };
    let expired = mei.send(&group, sent("lucky", 6_600, 6)).await?;
    mei.packet_is(&expired, "expired").await?;
    stage.restart_with(&[("HONGBAO_LIMITS_PACKET_LIFETIME_S", "86400")])?;

    tom.say(&group, words.said[0]).await?;
    let finished = mei.send(&group, sent("lucky", 8_888, 3)).await?;
    for person in [&tom, &mei, &ann] {
        person.open(&finished).await?;
    }
    ann.say(&group, words.said[1]).await?;
    let gone = mei.send(&group, sent("lucky", 666, 1)).await?;
    tom.open(&gone).await?;
    let for_one = Sent { recipient: Some(&ann), ..sent("exclusive", 5_200, 1) };
    let for_one = mei.send(&group, for_one).await?;
    let opened = mei.send(&group, sent("equal", 4_000, 4)).await?;
    tom.open(&opened).await?;
    let open = mei.send(&group, sent("lucky", words.large_fen, 100)).await?;
    tom.say(&group, words.said[2]).await?;
    mei.settled().await?;
    stage.restart_with(&[
        ("HONGBAO_CREDIT_MODE", "deferred"),
        ("HONGBAO_CREDIT_DEFERRED_INTERVAL_S", "3600"),
    ])?;
    mei.open(&open).await?;
    let invitation = mei.invite(&group).await?;
    Ok(World {
        words,
        mei,
        tom,
        newcomer,
        group,
        quiet,
        invitation,
        open,
        finished,
        gone,
        expired,
        for_one,
    })
}
