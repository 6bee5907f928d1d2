//! What is stored, against a second formulation of what it must be: seeds from the commitment
//! that the sender was told, shares and best lucks from the seed that the sender chose, and the
//! keys under which money moved.

use crate::{held, naive, witness::Promise, world::World};
use hongbao_domain::store::{
    ledger::{Account, LedgerReads, Transfer, TransferKind},
    lists::ListReads,
    orders::{ClaimRow, PacketRow, StoredState},
};
use hongbao_shared::UserId;
use std::collections::BTreeMap;

/// All keys that are in the books.
pub(crate) async fn keys(world: &World) {
    for transfer in transfers(world).await {
        if let Some(what) = naive::misfit(&transfer) {
            world.witness.note(Promise::TwiceTheSame, what);
        }
    }
}

/// All fees, at rest: the house has taken from each sender what the packet's total says, and given
/// it back with what was given up alone (R-API-4).
pub(crate) async fn fees(world: &World) {
    let mut moved: BTreeMap<_, u64> = BTreeMap::new();
    let mut paid = BTreeMap::new();
    for transfer in transfers(world).await {
        let (debit, credit, fen) = (transfer.debit, transfer.credit, transfer.amount.get());
        match transfer.kind {
            TransferKind::Pay => {
                paid.insert(transfer.order_no, (debit, fen));
            }
            TransferKind::Fee | TransferKind::FeeRefund => {
                let whose = if debit == Account::Fees { credit } else { debit };
                *moved.entry((transfer.order_no, whose, debit == Account::Fees)).or_default() +=
                    fen;
            }
            _ => {}
        }
    }
    for (order_no, (sender, total)) in paid {
        let due = naive::fee(total, world.plan.config.treasury.fee_bp);
        let taken = moved.remove(&(order_no, sender, false)).unwrap_or(0);
        let returned = moved.remove(&(order_no, sender, true)).unwrap_or(0);
        let packet = match order_no {
            Some(order_no) => held::packet(world, order_no).await,
            None => None,
        };
        let is_given_up = packet.is_some_and(|it| it.progress.state == StoredState::GivenUp);
        if taken != due || returned != if is_given_up { due } else { 0 } {
            let what = format!("{order_no:?} of {total} cost {taken} of {due}, {returned} back");
            world.witness.note(Promise::TwiceTheSame, what);
        }
    }
    if !moved.is_empty() {
        world.witness.note(Promise::TwiceTheSame, format!("fees for nothing: {moved:?}"));
    }
}

/// All packets, at rest.
pub(crate) async fn packets(world: &World) {
    let credits: BTreeMap<_, _> = transfers(world)
        .await
        .into_iter()
        .filter(|transfer| transfer.kind == TransferKind::Credit)
        .map(|transfer| (transfer.key.clone(), transfer))
        .collect();
    for (packet, claims) in held::packets_with_claims(world).await {
        shares(world, &packet, &claims);
        best_luck(world, &packet, &claims).await;
        for claim in &claims {
            let key = naive::credit_key(packet.order_no, claim.seq);
            let is_credited = credits.get(&key).is_some_and(|credit| {
                credit.credit == Account::Wallet(claim.user_id) && credit.amount == claim.amount_fen
            });
            if !is_credited {
                let what = format!("{key} does not credit {claim:?}");
                world.witness.note(Promise::TwiceTheSame, what);
            }
        }
    }
}

fn shares(world: &World, packet: &PacketRow, claims: &[ClaimRow]) {
    let order_no = packet.order_no;
    let chosen = world.witness.chosen(order_no);
    let Ok(server_seed) = world.sealer.open(order_no, &packet.sealed_server_seed) else {
        let what = format!("the seed of {order_no} does not open");
        return world.witness.note(Promise::TwiceTheSame, what);
    };
    let (bound, is) = (world.witness.committed(order_no), naive::commitment(server_seed.bytes()));
    if bound.is_none_or(|bound| bound.to_hex() != is) {
        let what = format!("{order_no} was bound to {bound:?}, and its seed gives {is}");
        world.witness.note(Promise::TwiceTheSame, what);
    }
    let cut = naive::Cut {
        server_seed: server_seed.bytes(),
        client_seed: &chosen,
        order_no,
        total: packet.total_fen.get(),
        shares: packet.shares,
        max_share: packet.max_share_fen.get(),
        kind: packet.kind,
    };
    let due = cut.shares();
    let given: Vec<_> = claims.iter().map(|claim| claim.amount_fen.get()).collect();
    if !due.starts_with(&given) {
        let what = format!("{order_no} gave {given:?}, and its seeds say {due:?}");
        world.witness.note(Promise::TwiceTheSame, what);
    }
}

async fn best_luck(world: &World, packet: &PacketRow, claims: &[ClaimRow]) {
    let listed = world.databases.lists.listed(packet.order_no).await;
    let listed: Option<UserId> = listed.ok().and_then(|listed| listed.best_luck);
    let amounts: Vec<_> = claims.iter().map(|claim| claim.amount_fen.get()).collect();
    let is_finished = packet.progress.state == StoredState::Finished;
    let due = naive::best_luck(packet.kind, &amounts).filter(|_| is_finished);
    let due = due.map(|seq| claims[seq].user_id);
    if listed != due {
        let what = format!("the best luck of {} is {due:?}, not {listed:?}", packet.order_no);
        world.witness.note(Promise::TwiceTheSame, what);
    }
}

pub(crate) async fn transfers(world: &World) -> Vec<Transfer> {
    let lines = world.databases.ledger.transfers_page(0, u32::MAX).await;
    lines.unwrap_or_default().into_iter().map(|line| line.transfer).collect()
}
