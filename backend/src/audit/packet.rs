//! The laws of one packet: its claims against its seed, and its claims against the
//! books, in both directions.

use super::{Audited, LISTED_MAX, Law, PAGE, Tally, Violations, books::credit_seq};
use crate::{
    packets::record::Payment,
    store::{
        StoreError,
        ledger::{Account, Transfer, TransferKind, credit_key},
        orders::{ClaimRow, OrderStore, PacketRow, StoredState},
    },
};
use hongbao_shared::{Fen, OrderNo, Splitter, UserId};
use std::collections::BTreeSet;

/// What was found about one packet.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    pub(crate) violations: Violations,
    pub(crate) claims: u64,
    /// Claims without a credit, which are on their way.
    pub(crate) uncredited: Tally,
    /// The first of them, at most [`LISTED_MAX`].
    pub(crate) missing: Vec<ClaimRow>,
    /// A refund that is due and on its way.
    pub(crate) unrefunded: Tally,
}

impl Checked {
    pub(crate) fn is_on_the_way(&self) -> bool {
        self.uncredited.count > 0 || self.unrefunded.count > 0
    }
}

/// What the claims of a packet are, and how many of them the books know.
#[derive(Debug, Default)]
struct Claims {
    count: u32,
    fen: u64,
    credited: u64,
}

/// What the books say of a packet.
#[derive(Debug, Default)]
struct Books {
    paid: u64,
    credits: Tally,
    refunded: u64,
}

pub(super) async fn check(
    audited: &Audited<'_>,
    store: &dyn OrderStore,
    packet: &PacketRow,
) -> Result<Checked, StoreError> {
    let mut check = Check { audited, store, packet, found: Checked::default() };
    check.payment().await?;
    let claims = check.claims().await?;
    check.progress(&claims);
    let books = check.books().await?;
    if books.credits.count != claims.credited {
        check.credits_without_claims().await?;
    }
    check.rest(&books).await?;
    Ok(check.found)
}

struct Check<'a> {
    audited: &'a Audited<'a>,
    store: &'a dyn OrderStore,
    packet: &'a PacketRow,
    found: Checked,
}

impl Check<'_> {
    fn order_no(&self) -> OrderNo {
        self.packet.order_no
    }

    fn require(&mut self, holds: bool, law: Law, what: impl FnOnce() -> String) {
        self.found.violations.check(holds, law, self.packet.order_no, what);
    }

    /// The sender paid for exactly this packet.
    async fn payment(&mut self) -> Result<(), StoreError> {
        let read = self.audited.ledger.payment(self.order_no()).await;
        let order_no = self.order_no();
        let Some(payment) = self.found.violations.unless_corrupt(order_no, read)? else {
            return Ok(());
        };
        match payment {
            None => self.require(false, Law::PacketIsPaid, || "was never paid".to_owned()),
            Some(payment) => {
                let differs = differences(self.packet, &payment);
                self.require(differs.is_empty(), Law::PacketIsPaid, || {
                    format!("packet and payment differ in {}", differs.join(", "))
                });
            }
        }
        Ok(())
    }

    /// Draws every share again; `None` if the packet's seed or terms make that
    /// impossible, which is noted.
    fn splitter(&mut self) -> Option<Splitter> {
        let packet = self.packet;
        let Ok(seed) = self.audited.sealer.open(packet.order_no, &packet.sealed_server_seed) else {
            self.require(false, Law::SeedMatchesCommitment, || {
                "its server seed does not open with this key".to_owned()
            });
            return None;
        };
        self.require(seed.commitment() == packet.commitment, Law::SeedMatchesCommitment, || {
            "its server seed is not the one it was committed to".to_owned()
        });
        match packet.terms() {
            Ok(terms) => {
                let seed = seed.split_seed(&packet.client_seed, packet.order_no, &terms);
                Some(Splitter::new(&terms, &seed))
            }
            Err(error) => {
                self.require(false, Law::AmountsFollowSeed, || error.to_string());
                None
            }
        }
    }

    async fn claims(&mut self) -> Result<Claims, StoreError> {
        let mut splitter = self.splitter();
        let mut claims = Claims::default();
        let mut people = BTreeSet::new();
        let mut from = 0;
        loop {
            let read = self.store.claims(self.order_no(), from, PAGE).await;
            let order_no = self.order_no();
            let Some(page) = self.found.violations.unless_corrupt(order_no, read)? else { break };
            let Some(last) = page.last() else { break };
            let next = last.seq.checked_add(1);
            for claim in &page {
                self.claim(claim, &mut claims, &mut people, splitter.as_mut());
            }
            self.credits_of(&page, &mut claims).await?;
            // Bounds the audit's memory on data gone mad.
            if claims.count > self.packet.shares {
                break;
            }
            let Some(next) = next else { break };
            from = next;
        }
        self.found.claims = claims.count.into();
        Ok(claims)
    }

    fn claim(
        &mut self,
        claim: &ClaimRow,
        claims: &mut Claims,
        people: &mut BTreeSet<UserId>,
        splitter: Option<&mut Splitter>,
    ) {
        let ClaimRow { seq, user_id, amount_fen, .. } = *claim;
        let expected = claims.count;
        self.require(seq == expected, Law::ClaimsAreDense, || {
            format!("claim {seq} stands in the place of {expected}")
        });
        self.require(people.insert(user_id), Law::OneClaimPerUser, || {
            format!("user {user_id} has claim {seq} and an earlier one")
        });
        let intended = self.packet.recipient_id.is_none_or(|recipient| recipient == user_id);
        self.require(intended, Law::ClaimIsForRecipient, || {
            format!("user {user_id} has claim {seq} of somebody else's packet")
        });
        if let Some(splitter) = splitter {
            let share = splitter.next();
            self.require(share == Some(amount_fen), Law::AmountsFollowSeed, || {
                let share = share.map_or(0, Fen::get);
                format!("claim {seq} holds {} instead of {share}", amount_fen.get())
            });
        }
        claims.count = claims.count.saturating_add(1);
        claims.fen = claims.fen.saturating_add(amount_fen.get());
    }

    /// From claims to credits.
    async fn credits_of(
        &mut self,
        page: &[ClaimRow],
        claims: &mut Claims,
    ) -> Result<(), StoreError> {
        let order_no = self.order_no();
        let keys = page.iter().map(|claim| credit_key(order_no, claim.seq)).collect();
        let credits = self.audited.ledger.transfers_by_key(keys).await?;
        for (claim, credit) in page.iter().zip(credits) {
            match credit {
                Some(credit) => {
                    claims.credited = claims.credited.saturating_add(1);
                    self.require(
                        is_credit_of(claim, &credit.transfer),
                        Law::CreditHasClaim,
                        || {
                            format!(
                                "claim {} is {} for {}, credited were {} to {}",
                                claim.seq,
                                claim.amount_fen.get(),
                                claim.user_id,
                                credit.transfer.amount.get(),
                                credit.transfer.credit
                            )
                        },
                    );
                }
                None if self.audited.at_rest => {
                    self.require(false, Law::ClaimIsCredited, || {
                        format!(
                            "claim {} of {} for {} is not credited",
                            claim.seq,
                            claim.amount_fen.get(),
                            claim.user_id
                        )
                    });
                }
                None => {
                    self.found.uncredited.add(claim.amount_fen);
                    if self.found.missing.len() < LISTED_MAX {
                        self.found.missing.push(*claim);
                    }
                }
            }
        }
        Ok(())
    }

    fn progress(&mut self, claims: &Claims) {
        let packet = self.packet;
        let progress = packet.progress;
        self.require(claims.count <= packet.shares, Law::ClaimsWithinShares, || {
            format!("{} shares, but {} claims or more", packet.shares, claims.count)
        });
        self.require(
            progress.claimed == claims.count && progress.claimed_fen.get() == claims.fen,
            Law::ProgressMatchesClaims,
            || {
                format!(
                    "says {} claims of {} fen, has {} of {}",
                    progress.claimed,
                    progress.claimed_fen.get(),
                    claims.count,
                    claims.fen
                )
            },
        );
        let all = claims.count == packet.shares;
        let emptied = claims.fen == packet.total_fen.get();
        let holds = match progress.state {
            StoredState::Finished => all && emptied,
            StoredState::Open | StoredState::Expired => !all,
            StoredState::GivenUp => claims.count == 0,
        };
        self.require(holds, Law::StateMatchesClaims, || {
            format!(
                "is {:?} with {} of {} shares and {} of {} fen claimed",
                progress.state,
                claims.count,
                packet.shares,
                claims.fen,
                packet.total_fen.get()
            )
        });
    }

    /// Everything that went through the packet's escrow.
    async fn books(&mut self) -> Result<Books, StoreError> {
        let mut books = Books::default();
        let mut after = 0;
        loop {
            let read = self.audited.ledger.transfers_of(self.order_no(), after, PAGE).await;
            let order_no = self.order_no();
            let Some(page) = self.found.violations.unless_corrupt(order_no, read)? else { break };
            let Some(last) = page.last() else { break };
            after = last.id;
            for line in &page {
                self.transfer(&line.transfer, &mut books);
            }
        }
        Ok(books)
    }

    fn transfer(&mut self, transfer: &Transfer, books: &mut Books) {
        let sender = Account::Wallet(self.packet.sender_id);
        let amount = transfer.amount.get();
        match transfer.kind {
            TransferKind::Pay => {
                books.paid = books.paid.saturating_add(amount);
                self.require(transfer.debit == sender, Law::PacketIsPaid, || {
                    format!("was paid by {}", transfer.debit)
                });
            }
            TransferKind::Credit => books.credits.add(transfer.amount),
            TransferKind::Refund => {
                books.refunded = books.refunded.saturating_add(amount);
                self.require(transfer.credit == sender, Law::RefundIsDue, || {
                    format!("went back to {}", transfer.credit)
                });
            }
            TransferKind::TopUp => {
                self.require(false, Law::EscrowHoldsRest, || "was topped up".to_owned());
            }
        }
    }

    /// From credits to claims; walked only if their numbers differ.
    async fn credits_without_claims(&mut self) -> Result<(), StoreError> {
        let order_no = self.order_no();
        let mut after = 0;
        loop {
            let page = self.audited.ledger.transfers_of(order_no, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.id;
            for line in page.iter().filter(|line| line.transfer.kind == TransferKind::Credit) {
                let claim = match credit_seq(&line.transfer.key) {
                    Some(seq) => {
                        let found = self.store.claims(order_no, seq, 1).await?;
                        found.into_iter().find(|claim| claim.seq == seq)
                    }
                    None => None,
                };
                self.require(claim.is_some(), Law::CreditHasClaim, || {
                    format!(
                        "{} to {} as {} has no claim",
                        line.transfer.amount.get(),
                        line.transfer.credit,
                        line.transfer.key
                    )
                });
            }
        }
    }

    /// What is left of the packet: refunded, or still in its escrow.
    async fn rest(&mut self, books: &Books) -> Result<(), StoreError> {
        let packet = self.packet;
        let total = packet.total_fen.get();
        self.require(books.paid == total, Law::PacketIsPaid, || {
            format!("holds {total}, but {} were paid", books.paid)
        });
        let left = total.saturating_sub(packet.progress.claimed_fen.get());
        let ended = matches!(packet.progress.state, StoredState::Expired | StoredState::GivenUp);
        let due = if ended { left } else { 0 };
        if books.refunded == 0 && due > 0 && !self.audited.at_rest {
            self.found.unrefunded = Tally { count: 1, fen: due };
        } else {
            self.require(books.refunded == due, Law::RefundIsDue, || {
                format!("{} went back instead of {due}", books.refunded)
            });
        }
        let escrow = self.audited.ledger.account(Account::Escrow(packet.order_no)).await?.balance;
        let moved =
            i128::from(books.paid) - i128::from(books.credits.fen) - i128::from(books.refunded);
        self.require(i128::from(escrow) == moved, Law::EscrowHoldsRest, || {
            format!("its escrow holds {escrow} instead of {moved}")
        });
        if self.audited.at_rest {
            let open = packet.progress.state == StoredState::Open;
            let rest = if open { left } else { 0 };
            self.require(u64::try_from(escrow) == Ok(rest), Law::EscrowHoldsRest, || {
                format!("its escrow holds {escrow}, the packet {rest}")
            });
        }
        Ok(())
    }
}

fn is_credit_of(claim: &ClaimRow, credit: &Transfer) -> bool {
    credit.kind == TransferKind::Credit
        && credit.credit == Account::Wallet(claim.user_id)
        && credit.amount == claim.amount_fen
}

/// In what a packet is not what was paid for.
fn differences(packet: &PacketRow, payment: &Payment) -> Vec<&'static str> {
    let record = &payment.record;
    [
        ("sender", packet.sender_id == record.sender_id),
        ("group", packet.group_id == record.group_id),
        ("recipient", packet.recipient_id == record.recipient_id),
        ("kind", packet.kind == record.kind),
        ("total", packet.total_fen == record.total_fen),
        ("shares", packet.shares == record.shares),
        ("most of a share", packet.max_share_fen == record.max_share_fen),
        ("sealed server seed", packet.sealed_server_seed == record.sealed_server_seed),
        ("commitment", packet.commitment == record.commitment),
        ("client seed", packet.client_seed.bytes() == payment.client_seed),
        ("time of the pre-order", packet.created_at == record.created_at),
    ]
    .into_iter()
    .filter_map(|(what, same)| (!same).then_some(what))
    .collect()
}
