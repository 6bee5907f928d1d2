use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_000);

fn fen(fen: u64) -> Fen {
    Fen::new(fen).unwrap()
}
fn user(id: i64) -> UserId {
    UserId::new(id).unwrap()
}

#[test]
fn a_later_posting_sees_an_earlier_one_and_a_repeat_moves_nothing() {
    let order_no = OrderNo::from_bits(5).unwrap();
    let loaded =
        Loaded { balances: BTreeMap::from([(Account::Escrow(order_no), 10)]), ..Loaded::default() };
    let batch = vec![
        Posting::credit(order_no, 0, user(1), fen(7)),
        Posting::credit(order_no, 1, user(2), fen(7)),
        Posting::credit(order_no, 0, user(1), fen(7)),
        Posting::credit(order_no, 0, user(2), fen(7)),
        Posting::credit(order_no, 2, user(2), fen(3)),
        Posting::credit(order_no, 3, user(2), Fen::ZERO),
    ];
    let (outcomes, changes) = decide(&batch, loaded, NOW);
    let posted = |debit_balance, credit_balance, repeated| {
        Ok(Posted { at: NOW, debit_balance, credit_balance, repeated })
    };
    assert_eq!(
        outcomes,
        [
            posted(3, 7, false),
            Err(PostRefusal::InsufficientBalance { balance: 3 }),
            posted(3, 7, true),
            Err(PostRefusal::KeyConflict),
            posted(0, 3, false),
            Err(PostRefusal::NothingToMove),
        ]
    );
    assert_eq!(changes.transfers.len(), 2);
    assert_eq!(changes.balances.values().sum::<i64>(), 10);
    let credited = BTreeMap::from([(Account::Wallet(user(1)), 7), (Account::Wallet(user(2)), 3)]);
    assert_eq!(changes.credited, credited);
}

/// R-MONEY-1: up to the end is within the range.
#[test]
fn balances_reach_the_ends_of_the_range() {
    let order_no = OrderNo::from_bits(5).unwrap();
    let most = Fen::MAX.signed();
    let loaded = Loaded {
        balances: BTreeMap::from([
            (Account::Wallet(user(1)), most - 2),
            (Account::Issuer, -most + 1),
            (Account::Escrow(order_no), 10),
        ]),
        ..Loaded::default()
    };
    let batch = vec![
        Posting::credit(order_no, 0, user(1), fen(3)),
        Posting::credit(order_no, 1, user(1), Fen::ONE),
        Posting::top_up(user(1), Fen::ONE, "a"),
        Posting::credit(order_no, 2, user(1), Fen::ONE),
        Posting::top_up(user(2), Fen::ONE, "b"),
    ];
    let (outcomes, changes) = decide(&batch, loaded, NOW);
    let refused: Vec<_> = outcomes.iter().map(|outcome| outcome.err()).collect();
    let beyond = Some(PostRefusal::OutOfRange);
    assert_eq!(refused, [beyond, None, None, beyond, beyond]);
    let balances = BTreeMap::from([
        (Account::Wallet(user(1)), most),
        (Account::Issuer, -most),
        (Account::Escrow(order_no), 9),
    ]);
    assert_eq!(changes.balances, balances);
}

#[test]
fn no_balance_leaves_the_range_of_fen() {
    let loaded = Loaded {
        balances: BTreeMap::from([
            (Account::Wallet(user(1)), Fen::MAX.signed()),
            (Account::Issuer, -Fen::MAX.signed()),
        ]),
        ..Loaded::default()
    };
    let batch =
        vec![Posting::top_up(user(1), Fen::ONE, "a"), Posting::top_up(user(2), Fen::ONE, "b")];
    let (outcomes, changes) = decide(&batch, loaded, NOW);
    assert_eq!(outcomes, [Err(PostRefusal::OutOfRange), Err(PostRefusal::OutOfRange)]);
    assert!(changes.is_empty());
}

fn payment(order_no: OrderNo, total: u64, fee: u64) -> Payment {
    let record = format!(
        r#"{{"order_no":"{order_no}","sender_id":"1","group_id":"7","recipient_id":null,
            "kind":"lucky","total_fen":{total},"shares":2,"max_share_fen":20000,"greeting":"",
            "cover":"red","sealed_server_seed":"09","commitment":"{}",
            "created_at":"1970-01-01T00:00:00.000Z","expires_at":"1970-01-01T00:15:00.000Z",
            "fee_fen":{fee}}}"#,
        "ab".repeat(32)
    );
    let record = serde_json::from_str(&record).unwrap();
    Payment { record, client_seed: Vec::new(), paid_at: NOW }
}

/// R-API-4: what a packet costs is its total and its fee, both or neither.
#[test]
fn a_fee_is_taken_with_its_payment_and_goes_back_with_what_was_given_up() {
    let (one, two) = (OrderNo::from_bits(5).unwrap(), OrderNo::from_bits(6).unwrap());
    let loaded = Loaded {
        balances: BTreeMap::from([(Account::Wallet(user(1)), 205), (Account::Fees, 7)]),
        ..Loaded::default()
    };
    let give_up = || Posting::refund(one, user(1), fen(100)).with_fee(fen(3));
    let batch = vec![
        Posting::pay(payment(one, 100, 3)),
        Posting::pay(payment(two, 100, 3)),
        Posting::pay(payment(one, 100, 3)),
        Posting::pay(payment(one, 100, 4)),
        give_up(),
        give_up(),
        Posting::refund(one, user(1), fen(100)).with_fee(fen(2)),
    ];
    let (outcomes, changes) = decide(&batch, loaded, NOW);
    let posted = |debit_balance, credit_balance, repeated| {
        Ok(Posted { at: NOW, debit_balance, credit_balance, repeated })
    };
    assert_eq!(
        outcomes,
        [
            posted(102, 100, false),
            Err(PostRefusal::InsufficientBalance { balance: 102 }),
            posted(102, 100, true),
            Err(PostRefusal::KeyConflict),
            posted(0, 205, false),
            posted(0, 205, true),
            Err(PostRefusal::KeyConflict),
        ]
    );
    let lines: Vec<_> = changes
        .transfers
        .iter()
        .map(|line| (line.key.as_str(), line.kind, line.debit_balance, line.credit_balance))
        .collect();
    assert_eq!(
        lines,
        [
            (&*format!("pay:{one}"), TransferKind::Pay, 105, 100),
            (&*format!("fee:{one}"), TransferKind::Fee, 102, 10),
            (&*format!("refund:{one}"), TransferKind::Refund, 0, 202),
            (&*format!("feeback:{one}"), TransferKind::FeeRefund, 7, 205),
        ]
    );
}

/// R-API-4: a node of the version before took no fee, or gave the total back without it.
#[test]
fn what_a_node_of_the_version_before_did_is_found_and_finished() {
    let (one, two) = (OrderNo::from_bits(5).unwrap(), OrderNo::from_bits(6).unwrap());
    let balances = BTreeMap::from([
        (Account::Wallet(user(1)), 500),
        (Account::Escrow(two), 100),
        (Account::Fees, 3),
    ]);
    let batch = vec![
        Posting::pay(payment(one, 100, 0)),
        Posting::pay(payment(one, 100, 3)),
        Posting::refund(two, user(1), fen(100)),
        Posting::refund(two, user(1), fen(100)).with_fee(fen(3)),
    ];
    let (outcomes, changes) = decide(&batch, Loaded { balances, ..Loaded::default() }, NOW);
    let outcomes: Vec<_> = outcomes
        .into_iter()
        .map(|outcome| outcome.map(|it| (it.debit_balance, it.credit_balance, it.repeated)))
        .collect();
    assert_eq!(
        outcomes,
        [Ok((400, 100, false)), Ok((400, 100, true)), Ok((0, 500, false)), Ok((0, 503, false))]
    );
    assert_eq!(changes.balances[&Account::Fees], 0);
    assert_eq!(changes.transfers.len(), 3);
}
