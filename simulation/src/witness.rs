//! What clients were told. An answer once given never changes, and is true when it is
//! given.

use crate::fault::named;
use data_encoding::HEXLOWER;
use hongbao_shared::{Fen, OrderNo, UserId, fairness::Commitment};
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

named! {
    /// What holds of answers and of the end of a run, beside the laws of stored data that
    /// `hongbao_engine::audit` knows.
    Promise {
        /// An answer once given never changes.
        AnswerStands = "answer_stands",
        /// What an answer says is stored when it is given.
        AnswerIsDurable = "answer_is_durable",
        /// "Finished", "expired" and "given up" are said only when they are true.
        EndIsTrue = "end_is_true",
        /// No order number is given twice.
        NumberIsNew = "number_is_new",
        /// No call ends in a fault of ours.
        NoFault = "no_fault",
        /// A call that touches nothing broken is not refused.
        Service = "service",
        /// A node one of whose tasks panics notices, and ends in good order.
        PanicIsNoticed = "panic_is_noticed",
        /// While crediting is deferred, no credit is due at once.
        DeferredIsDeferred = "deferred_is_deferred",
        /// After the faults everything comes to rest in bounded time.
        ComesToRest = "comes_to_rest",
        /// No outbox row is left for an administrator.
        NothingDies = "nothing_dies",
        /// The lists hold exactly what the packets say.
        ListsComplete = "lists_complete",
        /// A packet that moves to cold storage reads as before.
        ColdReadsAsBefore = "cold_reads_as_before",
        /// A day on its way to cold storage goes on where it was, whoever goes on with it.
        MoveGoesOn = "move_goes_on",
        /// What nobody may do is refused, and changes nothing.
        HostileIsRefused = "hostile_is_refused",
        /// A key stands for what its own person did under it, and refuses nobody else.
        KeysAreOwn = "keys_are_own",
        /// The house gives everybody their welcome, and their allowance of the day they come.
        HouseGives = "house_gives",
        /// Seeds, shares, best lucks and keys of transfers are those that a second formulation gives.
        TwiceTheSame = "twice_the_same",
        /// The chat shows each packet, each claim and each end once.
        ChatIsTrue = "chat_is_true",
        /// What waits for a moment comes about at that moment, by the world's clock.
        TrueTime = "true_time",
        /// A law of stored data.
        Law = "law",
    }
}

/// A promise that was not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which.
    pub promise: Promise,
    /// How.
    pub what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.promise, self.what)
    }
}

/// A packet that clients know of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownPacket {
    pub(crate) order_no: OrderNo,
    pub(crate) group: usize,
}

/// Remembers what was answered.
#[derive(Debug, Default)]
pub(crate) struct Witness(Mutex<State>);

/// What had been answered at some moment.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    packets: Vec<KnownPacket>,
    shares: Shares,
    brought: BTreeMap<(UserId, String), (Fen, Fen)>,
}

impl Told {
    pub(crate) fn shares(&self) -> &Shares {
        &self.shares
    }
}

/// Who was shown which share, and how much.
pub(crate) type Shares = BTreeMap<(OrderNo, UserId), (u32, Fen)>;

#[derive(Debug, Default)]
struct State {
    packets: Vec<KnownPacket>,
    numbers: BTreeMap<OrderNo, UserId>,
    shares: Shares,
    owners: BTreeMap<(OrderNo, u32), UserId>,
    brought: BTreeMap<(UserId, String), (Fen, Fen)>,
    tried: BTreeMap<(UserId, String), BTreeSet<u64>>,
    commitments: BTreeMap<OrderNo, Commitment>,
    client_seeds: BTreeMap<OrderNo, Vec<u8>>,
    /// Numbers that were answered before the databases were restored.
    older: BTreeSet<OrderNo>,
    broken: Vec<Broken>,
}

/// Beyond this a run is only longer.
const BROKEN_MAX: usize = 20;

impl Witness {
    pub(crate) fn broken(&self) -> Vec<Broken> {
        self.0.lock().broken.clone()
    }

    pub(crate) fn is_content(&self) -> bool {
        self.0.lock().broken.is_empty()
    }

    pub(crate) fn note(&self, promise: Promise, what: String) {
        self.0.lock().note(promise, what);
    }

    pub(crate) fn packets(&self) -> Vec<KnownPacket> {
        self.0.lock().packets.clone()
    }

    /// A packet that can be tried to open.
    pub(crate) fn meets(&self, packet: KnownPacket) {
        self.0.lock().packets.push(packet);
    }

    /// A pre-order was answered.
    pub(crate) fn number(&self, order_no: OrderNo, sender: UserId, commitment: Commitment) {
        let mut state = self.0.lock();
        state.commitments.insert(order_no, commitment);
        if let Some(earlier) = state.numbers.insert(order_no, sender) {
            state.note(Promise::NumberIsNew, format!("{order_no} for {earlier} and for {sender}"));
        }
    }

    /// What binds the server to the seed of a packet since its pre-order was answered.
    pub(crate) fn committed(&self, order_no: OrderNo) -> Option<Commitment> {
        self.0.lock().commitments.get(&order_no).copied()
    }

    /// All numbers that were answered, with their senders.
    pub(crate) fn numbers(&self) -> BTreeMap<OrderNo, UserId> {
        self.0.lock().numbers.clone()
    }

    /// A share was shown to its owner.
    pub(crate) fn share(&self, order_no: OrderNo, user: UserId, seq: u32, amount: Fen) {
        let mut state = self.0.lock();
        let earlier = state.shares.insert((order_no, user), (seq, amount));
        if let Some(earlier) = earlier.filter(|earlier| *earlier != (seq, amount)) {
            let what = format!("{order_no} gave {user} {earlier:?} and then {:?}", (seq, amount));
            state.note(Promise::AnswerStands, what);
        }
        let owner = state.owners.insert((order_no, seq), user);
        if let Some(owner) = owner.filter(|owner| *owner != user) {
            let what = format!("share {seq} of {order_no} is {owner}'s and {user}'s");
            state.note(Promise::AnswerStands, what);
        }
    }

    /// All shares that were shown.
    pub(crate) fn shares(&self) -> Shares {
        self.0.lock().shares.clone()
    }

    /// What has been answered until now.
    pub(crate) fn told(&self) -> Told {
        let state = self.0.lock();
        Told {
            packets: state.packets.clone(),
            shares: state.shares.clone(),
            brought: state.brought.clone(),
        }
    }

    /// The ledger was put back to when that was all that had been answered; of the shares that
    /// people know, these still stand. Numbers are never given again (R-ORDER-2).
    pub(crate) fn goes_back_to(&self, told: Told, shares: Shares) {
        let mut state = self.0.lock();
        state.older = state.numbers.keys().copied().collect();
        let owner = |(&(order_no, user), &(seq, _)): (&_, &_)| ((order_no, seq), user);
        state.owners = shares.iter().map(owner).collect();
        (state.packets, state.brought, state.shares) = (told.packets, told.brought, shares);
    }

    /// Have the databases been restored?
    pub(crate) fn has_gone_back(&self) -> bool {
        !self.0.lock().older.is_empty()
    }

    /// Is this number one of before the databases were restored?
    pub(crate) fn is_older(&self, order_no: OrderNo) -> bool {
        self.0.lock().older.contains(&order_no)
    }

    /// What was shown to this person, if anything.
    pub(crate) fn share_of(&self, order_no: OrderNo, user: UserId) -> Option<(u32, Fen)> {
        self.0.lock().shares.get(&(order_no, user)).copied()
    }

    /// A sender chose this seed, in hex.
    pub(crate) fn chose(&self, order_no: OrderNo, client_seed: &str) {
        let bytes = HEXLOWER.decode(client_seed.as_bytes()).unwrap_or_default();
        self.0.lock().client_seeds.insert(order_no, bytes);
    }

    /// The seed that the sender of a packet chose.
    pub(crate) fn chosen(&self, order_no: OrderNo) -> Vec<u8> {
        self.0.lock().client_seeds.get(&order_no).cloned().unwrap_or_default()
    }

    /// An amount that somebody has tried to bring under a key.
    pub(crate) fn tried(&self, user: UserId, key: &str) -> Option<u64> {
        self.0.lock().tried.get(&(user, key.to_owned()))?.first().copied()
    }

    /// Somebody asks for a top-up or a grant under a key.
    pub(crate) fn tries(&self, user: UserId, key: &str, amount: u64) {
        self.0.lock().tried.entry((user, key.to_owned())).or_default().insert(amount);
    }

    /// Somebody heard that a key stands for something else: then they tried something else.
    pub(crate) fn key_reused(&self, user: UserId, key: &str, amount: u64) {
        let mut state = self.0.lock();
        let tried = state.tried.get(&(user, key.to_owned()));
        if tried.is_none_or(|tried| tried.iter().all(|tried| *tried == amount)) {
            let what = format!("{user} tried nothing but {amount} under {key}, which is used");
            state.note(Promise::KeysAreOwn, what);
        }
    }

    /// A top-up or a grant was answered.
    pub(crate) fn brought(&self, user: UserId, key: &str, amount: Fen, balance: Fen) {
        let mut state = self.0.lock();
        let earlier = state.brought.insert((user, key.to_owned()), (amount, balance));
        if let Some(earlier) = earlier.filter(|earlier| *earlier != (amount, balance)) {
            let what = format!("{key} for {user}: {earlier:?}, then {amount:?} {balance:?}");
            state.note(Promise::AnswerStands, what);
        }
    }
}

impl State {
    fn note(&mut self, promise: Promise, what: String) {
        if self.broken.len() < BROKEN_MAX {
            self.broken.push(Broken { promise, what });
        }
    }
}
