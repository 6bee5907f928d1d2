//! What stores say when everything is read.

use super::{
    answer,
    ask::{GROUPS, KEYS, MOMENTS, ORDERS, TOKENS, USERS},
    put::{account_key, at, code, place, token, user},
};
use crate::{lists_contract as lists, order_no};
use hongbao_domain::{
    runtime::Zone,
    store::{
        StoreError,
        lists::{BestLuckRow, List, ListBatch, ListKey, ListStore, ReceivedRow, SentRow},
        people::PeopleStore,
    },
};
use hongbao_shared::{Fen, MessageId, Timestamp};
use proptest::{collection::vec, prelude::*};

/// Everything that a store of people can be asked.
pub(super) async fn at_people(store: &dyn PeopleStore) -> Vec<String> {
    let mut said = Vec::new();
    for id in (0..=USERS).map(user) {
        said.push(answer(store.person(id).await));
        said.push(answer(store.password_hash(id).await));
        for now in [0, 3, MOMENTS].map(at) {
            let sessions = store.sessions_of(id, now, 3).await.unwrap();
            let sessions = sessions.iter().map(|own| (own.token_hash.0, own));
            said.push(format!("{:?}", sessions.collect::<Vec<_>>()));
        }
        for limit in [2, 10] {
            said.push(answer(store.groups_of(id, limit).await));
        }
        for group in (0..=GROUPS).map(place) {
            said.push(answer(store.place(group, id).await));
            said.push(answer(store.is_member(group, id).await));
            for (before, limit) in
                [(None, 100), (None, 2), (Some(0), 2), (Some(4), 0), (Some(4), 3)]
            {
                let before = before.and_then(MessageId::new);
                said.push(answer(store.messages(group, id, before, limit).await));
            }
            let after = MessageId::new(2).unwrap();
            said.push(answer(store.messages_after(group, id, after, 3).await));
        }
    }
    let ids: Vec<_> = (0..=USERS).rev().chain(0..2).map(user).collect();
    let mut profiles = store.profiles(&ids).await.unwrap();
    profiles.sort_by_key(|profile| profile.id);
    said.push(format!("{profiles:?}"));
    for number in 0..TOKENS {
        said.push(answer(store.session(token(number), at(2)).await));
    }
    for group in (0..=GROUPS).map(place) {
        said.push(answer(store.group(group).await));
        said.push(answer(store.demo_member_ids(group).await));
        said.push(answer(store.member_ids(group, 2).await));
        said.push(answer(store.member_ids(group, 100).await));
    }
    let groups: Vec<_> = (0..=GROUPS).rev().chain(0..1).map(place).collect();
    said.push(answer(store.faces(&groups, 2).await));
    for number in 0..KEYS {
        let login = store.login(&account_key(number), &account_key(KEYS - number)).await;
        said.push(answer(
            login.map(|login| login.map(|login| (login.profile, login.password_hash))),
        ));
        said.push(answer(store.invitation(&code(number), at(2)).await));
    }
    for number in 0..ORDERS {
        said.push(answer(store.packet_dress(order_no(number)).await));
    }
    said
}

/// Rows that repeat, differ and collide all the time.
pub(super) fn batches() -> impl Strategy<Value = Vec<ListBatch>> {
    let numbers = || (0..4_u64, 0..3_i64, 0..3_u32, 0..3_i64);
    // About a month apart.
    let moment = |number: i64| lists::moment(number * 30 * 24 * 60 * 60);
    let sent = numbers().prop_map(move |(number, who, shares, at)| {
        let (user_id, total_fen) = (user(who), lists::fen(number));
        SentRow { user_id, shares, total_fen, ..lists::sent(number, moment(at)) }
    });
    let received = numbers().prop_map(move |(number, who, seq, at)| {
        let amount_fen = if at == 0 && seq == 0 { Fen::ZERO } else { lists::fen(7) };
        let row = lists::received(number, user(who), seq);
        ReceivedRow { at: moment(at), amount_fen, ..row }
    });
    // One moment for each packet: it is finished once.
    let best_luck = numbers().prop_map(move |(number, who, ..)| {
        let at = moment(i64::try_from(number).unwrap());
        BestLuckRow { at, ..lists::best_luck(number, who) }
    });
    let batch = (vec(sent, 0..2), vec(received, 0..3), vec(best_luck, 0..2));
    let batch =
        batch.prop_map(|(sent, received, best_lucks)| ListBatch { sent, received, best_lucks });
    vec(batch, 0..40)
}

/// Whether a batch was taken.
pub(super) async fn record(store: &dyn ListStore, batch: &ListBatch) -> bool {
    let zone = Zone::named("Asia/Shanghai").unwrap();
    match store.record(batch.clone(), &zone).await {
        Ok(()) => true,
        Err(StoreError::Constraint { .. }) => false,
        Err(error) => panic!("{error}"),
    }
}

/// Everything that a store of lists can be asked.
pub(super) async fn at_lists(store: &dyn ListStore) -> Vec<String> {
    let mut said = Vec::new();
    for user in (0..4).map(user) {
        said.push(format!("{:?}", store.received_fen(user).await.unwrap()));
        for list in [List::Sent, List::Received] {
            said.push(format!("{:?}", store.years(user, list).await.unwrap()));
        }
        for year in [2016, 2017] {
            said.push(format!("{:?}", store.months(user, year).await.unwrap()));
            let key = |at: Timestamp| ListKey { at, order_no: order_no(2) };
            for after in [None, Some(key(lists::moment(0))), Some(key(lists::moment(1)))] {
                for limit in [1, 100] {
                    let rows = store.sent(user, year, after, limit).await.unwrap();
                    let lines = store.received(user, year, after, limit).await.unwrap();
                    said.push(format!("{rows:?} {lines:?}"));
                }
            }
        }
    }
    said
}
