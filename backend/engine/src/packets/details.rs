//! Details: who opened how much, and the proof, as far as the reader may know
//! (R-OPEN-5, R-FAIR-6).

use super::Packets;
use crate::cache::PacketEntry;
use hongbao_domain::{
    Refusal,
    store::{
        orders::{ClaimRow, PacketRow, StoredState},
        people::Dress,
    },
};
use hongbao_shared::{
    ErrorCode, OrderNo, Timestamp, UserId,
    api::{
        Page,
        accounts::Profile,
        packets::{Claim, Fairness, Opener, PacketDetails, SeedMissing},
    },
    draft::COVERS,
    fairness::{ALGORITHM, ServerSeed},
};
use std::collections::BTreeMap;

/// How many claims one answer holds.
const CLAIMS_PAGE: usize = 500;

/// What a reader may know of the shares that were taken (R-OPEN-5).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// How many there are.
    Count,
    /// Who took them. A sender knows the total; with the amounts taken as well, they would
    /// know what is left, and open only when it is much.
    People,
    /// Everything.
    Amounts,
}

/// What a reader sees of a packet at one moment.
struct Sight {
    state: StoredState,
    claimed: u32,
    claimed_fen: hongbao_shared::Fen,
    finished_at: Option<Timestamp>,
    best_luck: Option<u32>,
    look: Look,
    /// A page of claims, if the reader may know who opened.
    taken: Vec<ClaimRow>,
}

impl Packets {
    /// A packet as `reader` may see it.
    pub async fn details(
        &self,
        reader: UserId,
        order_no: OrderNo,
    ) -> Result<PacketDetails, Refusal> {
        let entry = self.finder.entry(order_no).await?;
        self.require_member(entry.facts().group_id, reader).await?;
        self.describe(reader, &entry).await
    }

    /// Further claims of a very large packet, in the order of opening.
    pub async fn claims(
        &self,
        reader: UserId,
        order_no: OrderNo,
        cursor: Option<&str>,
    ) -> Result<Page<Claim>, Refusal> {
        let from = match cursor {
            None => 0,
            Some(text) => text.parse::<u32>().map_err(|_| ErrorCode::InvalidCursor)?,
        };
        let entry = self.finder.entry(order_no).await?;
        self.require_member(entry.facts().group_id, reader).await?;
        let sight = Sight::of(&entry, reader, from);
        let profiles = self.profiles(&entry, &sight).await;
        let items = sight.claims(&profiles).ok_or(ErrorCode::Forbidden)?;
        Ok(Page { items, next_cursor: sight.next_cursor(from) })
    }

    pub(super) async fn describe(
        &self,
        reader: UserId,
        entry: &PacketEntry,
    ) -> Result<PacketDetails, Refusal> {
        let facts = entry.facts();
        let sight = Sight::of(entry, reader, 0);
        let dress = self.dress(facts.order_no).await;
        let profiles = self.profiles(entry, &sight).await;
        let profile = |user: UserId| profiles.get(&user).cloned();
        let visible = sight.look == Look::Amounts;
        let over = sight.state != StoredState::Open;
        let server_seed = over.then(|| self.published_seed(facts)).flatten();
        let missing = (over && server_seed.is_none()).then_some(SeedMissing::KeyMissing);
        Ok(PacketDetails {
            order_no: facts.order_no,
            state: sight.state.visible().ok_or(ErrorCode::PacketNotFound)?,
            kind: facts.kind,
            group_id: facts.group_id,
            sender: profile(facts.sender_id).ok_or(ErrorCode::Internal)?,
            recipient: facts.recipient_id.and_then(profile),
            greeting: dress.greeting,
            cover: dress.cover,
            total_fen: (sight.look != Look::Count).then_some(facts.total_fen),
            fee_fen: None,
            shares: facts.shares,
            claimed: sight.claimed,
            claimed_fen: visible.then_some(sight.claimed_fen),
            landed_at: facts.landed_at,
            finished_at: sight.finished_at,
            expires_at: facts.expires_at,
            refunded_fen: (sight.state == StoredState::Expired)
                .then(|| facts.total_fen.checked_sub(sight.claimed_fen))
                .flatten(),
            claims: sight.claims(&profiles),
            openers: sight.openers(&profiles),
            claims_cursor: sight.next_cursor(0),
            fairness: Fairness {
                algorithm: ALGORITHM.to_owned(),
                max_share_fen: facts.max_share_fen,
                commitment: facts.commitment,
                client_seed: facts.client_seed.clone(),
                server_seed,
                missing,
            },
        })
    }

    /// The seed of a packet that is over. Where its key is missing, the details do without
    /// the proof: who got what is stored, and no reason to refuse everybody the page.
    fn published_seed(&self, facts: &PacketRow) -> Option<ServerSeed> {
        let opened = self.sealer.open(facts.order_no, &facts.sealed_server_seed);
        let error = match opened {
            Ok(seed) => return Some(seed),
            Err(error) => error,
        };
        metrics::counter!("hongbao_seeds_unopened_total").increment(1);
        tracing::debug!(order_no = %facts.order_no, %error, "details without the server's seed");
        None
    }

    /// Greeting and cover: cache, then the group's message, then the defaults
    /// (R-CACHE-3).
    async fn dress(&self, order_no: OrderNo) -> Dress {
        if let Ok(Some(dress)) = self.sending.dress(order_no).await {
            return dress;
        }
        match self.groups.packet_dress(order_no).await {
            Ok(Some(dress)) => {
                if let Err(error) = self.sending.put_dress(order_no, &dress).await {
                    tracing::debug!(%error, "dress is not cached");
                }
                dress
            }
            _ => Dress { greeting: String::new(), cover: COVERS[0].to_owned() },
        }
    }

    async fn profiles(&self, entry: &PacketEntry, sight: &Sight) -> BTreeMap<UserId, Profile> {
        let facts = entry.facts();
        let mut people = vec![facts.sender_id];
        people.extend(facts.recipient_id);
        people.extend(sight.taken.iter().map(|claim| claim.user_id));
        people.sort_unstable();
        people.dedup();
        let profiles = self.accounts.profiles(&people).await;
        profiles.into_iter().map(|profile| (profile.id, profile)).collect()
    }
}

impl Sight {
    fn of(entry: &PacketEntry, reader: UserId, from: u32) -> Self {
        entry.live(|live| {
            let progress = live.progress();
            let over = progress.state != StoredState::Open;
            let look = if over || live.claim_of(reader).is_some() {
                Look::Amounts
            } else if entry.facts().sender_id == reader {
                Look::People
            } else {
                Look::Count
            };
            let from = usize::try_from(from).unwrap_or(usize::MAX);
            let page = if look == Look::Count { 0 } else { CLAIMS_PAGE };
            let taken = live.claims().iter().skip(from).take(page).copied().collect();
            Self {
                state: progress.state,
                claimed: progress.claimed,
                claimed_fen: progress.claimed_fen,
                finished_at: progress.finished_at,
                best_luck: live.best_luck(),
                look,
                taken,
            }
        })
    }

    fn claims(&self, profiles: &BTreeMap<UserId, Profile>) -> Option<Vec<Claim>> {
        let claims = self.taken.iter().filter_map(|claim| {
            Some(Claim {
                seq: claim.seq,
                user: profiles.get(&claim.user_id)?.clone(),
                amount_fen: claim.amount_fen,
                opened_at: claim.opened_at,
                best_luck: self.best_luck == Some(claim.seq),
            })
        });
        (self.look == Look::Amounts).then(|| claims.collect())
    }

    fn openers(&self, profiles: &BTreeMap<UserId, Profile>) -> Option<Vec<Opener>> {
        let openers = self.taken.iter().filter_map(|claim| {
            let user = profiles.get(&claim.user_id)?.clone();
            Some(Opener { seq: claim.seq, user, opened_at: claim.opened_at })
        });
        (self.look == Look::People).then(|| openers.collect())
    }

    fn next_cursor(&self, from: u32) -> Option<String> {
        if self.look != Look::Amounts {
            return None;
        }
        let shown = u32::try_from(self.taken.len()).ok()?;
        let next = from.checked_add(shown)?;
        (next < self.claimed).then(|| next.to_string())
    }
}
