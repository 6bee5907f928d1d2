//! A whole history.

use crate::{
    Dice,
    client::Client,
    crowd,
    fault::Coverage,
    gate::{SIMULATED_PANIC, as_call},
    gifts, held,
    judge::Ends,
    laws,
    people::People,
    plan::Plan,
    restore::{Backups, ColdMoment},
    revive,
    seeded::seeded,
    storm,
    witness::{Broken, Promise},
    world::World,
};
use hongbao_engine::packets::Paid;
use hongbao_shared::{ErrorCode, Limits, api::packets::PayRequest};
use std::{
    cell::Cell,
    sync::{
        Arc, Once,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{task::JoinSet, time::sleep};
use tokio_util::sync::CancellationToken;

/// After the faults everything comes to rest in this virtual time: the longest back-off and
/// the longest lease, a few times over.
const REST_WITHIN: Duration = Duration::from_mins(10);
/// Lines of the chat whose cards are gone with a restore wait in vain for so long.
const CARDS_AWAITED: Duration = Duration::from_mins(30);
/// What is dead is brought back so often, once nothing goes wrong any more; then it dies of itself.
const REVIVALS_MAX: u32 = 20;
/// All open packets end within this, however wrong the clocks were.
const ENDS_WITHIN_S: i64 = 2 * 60 * 60;
/// Nodes hear within this that time was skipped: until then theirs is that of before.
const TIME_HEARD_WITHIN: Duration = Duration::from_secs(12);
const DAY_S: i64 = 24 * 60 * 60;
/// Calls between looks at all laws.
const ALL_LAWS_EVERY: u64 = 25;

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// From which it follows, whole.
    pub seed: u64,
    /// SHA-256 of its history, in hex.
    pub digest: String,
    /// Calls that clients made.
    pub operations: u64,
    /// Which faults met which steps.
    pub coverage: Coverage,
    /// How packets ended whose time was over.
    pub ends: Ends,
    /// What did not hold.
    pub broken: Vec<Broken>,
    /// The history, if it was to be kept.
    pub lines: Vec<String>,
}

thread_local! {
    static PANICS: Cell<u64> = const { Cell::new(0) };
}

/// A task that panics is a fault even if nobody waits for it.
fn count_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.payload().downcast_ref() == Some(&SIMULATED_PANIC) {
                return;
            }
            PANICS.set(PANICS.get() + 1);
            before(info);
        }));
    });
}

/// Runs the history of a seed in this thread, in virtual time. An error means that it did not
/// come to its end, and names its seed.
pub fn run(seed: u64, keep_lines: bool) -> anyhow::Result<Outcome> {
    seeded(seed, || run_whole(Plan::draw(seed)?, keep_lines))
}

pub(crate) fn run_whole(plan: Plan, keep_lines: bool) -> anyhow::Result<Outcome> {
    count_panics();
    PANICS.set(0);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    let world = runtime.block_on(async {
        let world = Arc::new(World::new(plan, keep_lines)?);
        let calls = whole_history(&world).await?;
        anyhow::Ok((world, calls))
    });
    // Ends all tasks, also those of processes that are gone.
    drop(runtime);
    let (world, operations) = world?;
    if PANICS.get() > 0 {
        world.witness.note(Promise::NoFault, format!("{} panics", PANICS.get()));
    }
    if let Some(what) = world.chaos.hasty() {
        world.witness.note(Promise::DeferredIsDeferred, what);
    }
    if let Some(what) = world.chaos.started_over() {
        world.witness.note(Promise::MoveGoesOn, what);
    }
    Ok(Outcome {
        seed: world.plan.seed,
        digest: world.history.digest(),
        operations,
        coverage: world.chaos.coverage(),
        ends: world.judge.ends(),
        broken: world.witness.broken(),
        lines: world.history.lines(),
    })
}

async fn whole_history(world: &Arc<World>) -> anyhow::Result<u64> {
    world.history.note(format_args!("{:?}", world.plan));
    let mut machines = JoinSet::new();
    for number in 0..world.plan.nodes {
        machines.spawn(Arc::clone(world).keep_running(number));
    }
    let mut dice = Dice::new(world.plan.seed, "run");
    let node = world.any_node(&mut dice).await;
    let people = Arc::new(People::settle(world, &node).await?);
    let limits = Limits::default();
    for user in &people.users {
        let amount = dice.range(1_000, 200_000);
        let signed = i64::try_from(amount).unwrap_or(i64::MAX);
        // Everybody's key is the same word.
        world.witness.tries(*user, "start", amount);
        match node.app.ledger.top_up(*user, signed, "start", &limits).await {
            Err(refusal) if refusal.code == ErrorCode::KeyReused => {
                world.witness.key_reused(*user, "start", amount);
            }
            topped => _ = topped?,
        }
    }

    machines.spawn(storm::rage(Arc::clone(world)));
    let calls = Arc::new(AtomicU64::new(0));
    world.chaos.set_calm(false);
    let mut backups = Backups::of(&world.plan);
    work(world, &people, &calls, &mut dice, &mut backups).await;
    if world.witness.is_content() {
        be_calm(world);
        backups.restore(world, &people, &calls).await;
        if dice.chance(750) {
            revive::lose_rows(world, &mut dice).await;
            // What else waits for a packet is taken for what it lacks.
            rest(world, "before a reconciliation").await;
            revive::reconcile(world).await;
        }
        rest(world, "after the faults").await;
        world.time.skip_s(ENDS_WITHIN_S);
        packets_end(world).await;
        laws::all(world, true).await;
        laws::at_the_end(world, &people).await;
    }
    if world.witness.is_content() {
        days_go_by(world, &people, &calls, &mut dice).await;
    }
    Ok(calls.load(Ordering::Relaxed))
}

/// Clients at work, while things go wrong.
async fn work(
    world: &Arc<World>,
    people: &Arc<People>,
    calls: &Arc<AtomicU64>,
    dice: &mut Dice,
    backups: &mut Backups,
) {
    let mut clients = JoinSet::new();
    for number in 0..world.plan.clients {
        let client = Client {
            name: format!("c{number}"),
            world: Arc::clone(world),
            people: Arc::clone(people),
            in_crowd: false,
            calls: Arc::clone(calls),
            dice: Dice::new(dice.bits(), "client"),
        };
        clients.spawn(client.live());
    }
    if world.plan.crowd {
        clients.spawn(crowd::comes(Arc::clone(world), Arc::clone(people)));
    }
    if world.plan.rush {
        clients.spawn(crowd::rushes(Arc::clone(world), Arc::clone(people)));
    }
    let mut looked = 0;
    loop {
        tokio::select! {
            biased;
            ended = clients.join_next() => if ended.is_none() { return },
            () = sleep(Duration::from_millis(200)) => {}
        }
        let now = calls.load(Ordering::Relaxed);
        backups.look(world, now);
        if now >= looked + ALL_LAWS_EVERY {
            looked = now;
            laws::all(world, false).await;
        }
    }
}

fn be_calm(world: &World) {
    world.chaos.set_calm(true);
    for clock in world.clocks() {
        clock.step_to(0);
    }
    for node in world.nodes() {
        node.life.stall(Duration::ZERO);
    }
    world.history.note(format_args!("the faults are over"));
}

/// Waits until every outbox is empty.
async fn rest(world: &World, when: &str) {
    let mut revivals = 0;
    let restored = world.witness.has_gone_back();
    let patience = if restored { CARDS_AWAITED } else { REST_WITHIN }.as_secs();
    for _ in 0..patience {
        let (waiting, dead) = laws::backlog(world).await;
        revivals += u32::from(dead > 0);
        if dead > 0 && (revivals > REVIVALS_MAX || !revive::all(world, dead).await) {
            let what = format!("{dead} dead outbox rows {when}");
            return world.witness.note(Promise::NothingDies, what);
        }
        if waiting + dead == 0 {
            return;
        }
        sleep(Duration::from_secs(1)).await;
    }
    let (waiting, _) = laws::backlog(world).await;
    let what = format!("{waiting} outbox rows wait {patience} s {when}");
    world.witness.note(Promise::ComesToRest, what);
}

/// Waits until no packet is open, and what that sets off is done.
async fn packets_end(world: &World) {
    for _ in 0..REST_WITHIN.as_secs() {
        if laws::open_packets(world).await == 0 {
            return rest(world, "after the end of all packets").await;
        }
        sleep(Duration::from_secs(1)).await;
    }
    let open = laws::open_packets(world).await;
    world.witness.note(Promise::ComesToRest, format!("{open} packets stay open"));
}

/// The day cycle: packets move to cold storage, under faults and then without.
async fn days_go_by(
    world: &Arc<World>,
    people: &Arc<People>,
    calls: &Arc<AtomicU64>,
    dice: &mut Dice,
) {
    let before = held::packets(world).await;
    world.time.skip_s(5 * DAY_S);
    if world.plan.cycle_overrun {
        overrun(world, people, calls, dice).await;
    }
    world.chaos.set_calm(false);
    let cold = ColdMoment::now(world).await;
    for _ in 0..dice.range(3, 12) {
        let node = world.any_node(dice).await;
        let stop = CancellationToken::new();
        tokio::select! {
            biased;
            () = node.life.until_stopped() => {}
            moved = as_call(node.app.mover.round(&stop)) => {
                let moved = moved.map_err(|error| error.to_string());
                world.history.note(format_args!("{} moves days: {moved:?}", node.life.name));
            }
        }
        sleep(Duration::from_millis(dice.range(10, 2_000))).await;
        cold.restore(world, dice).await;
    }
    be_calm(world);
    rest(world, "in the night").await;
    gifts::all_come(world, people, dice).await;
    pay_again(world, calls, dice).await;
    days_are_moved(world, dice).await;
    let after = held::packets(world).await;
    for packet in before {
        if !after.contains(&packet) {
            let what = format!("{} is not as it was", packet.order_no);
            world.witness.note(Promise::ColdReadsAsBefore, what);
        }
    }
    laws::all(world, true).await;
    laws::at_the_end(world, people).await;
}

/// Waits until every day that is over is in cold storage: one whose node was killed half-way is
/// nobody else's for a minute.
async fn days_are_moved(world: &World, dice: &mut Dice) {
    let mut last = None;
    for _ in 0..REST_WITHIN.as_secs() {
        let node = world.any_node(dice).await;
        match node.app.mover.round(&CancellationToken::new()).await {
            Ok(moved) if moved.waiting == 0 => return,
            moved => last = Some(moved),
        }
        sleep(Duration::from_secs(1)).await;
    }
    world.witness.note(Promise::ComesToRest, format!("days stay: {last:?}"));
}

/// Apps that were left open for a month repeat their payments: nothing comes of it.
async fn pay_again(world: &World, calls: &AtomicU64, dice: &mut Dice) {
    const PAYMENTS_MAX: usize = 12;
    let mut last: Vec<_> = world.witness.numbers().into_iter().collect();
    // The newest numbers are those that may have been given up.
    last.sort_by_key(|(order_no, _)| std::cmp::Reverse(order_no.sequence()));
    for (order_no, sender) in last.into_iter().take(PAYMENTS_MAX) {
        calls.fetch_add(1, Ordering::Relaxed);
        let node = world.any_node(dice).await;
        let told = match node.app.packets.pay(sender, order_no, PayRequest::default()).await {
            Ok(Paid::Landed(_)) => "landed".to_owned(),
            Ok(Paid::Landing(_)) => "landing".to_owned(),
            Err(refusal) => refusal.code.as_str().to_owned(),
        };
        world.history.note(format_args!("{sender} pays {order_no} again → {told}"));
        laws::after_step(world, Some(order_no)).await;
    }
}

/// The cycle of days comes round before its tables are empty: what is sent then is refused
/// its place, and is given up by a tombstone, unless the day is emptied before.
async fn overrun(
    world: &Arc<World>,
    people: &Arc<People>,
    calls: &Arc<AtomicU64>,
    dice: &mut Dice,
) {
    world.time.skip_s((31 - 5) * DAY_S);
    sleep(TIME_HEARD_WITHIN).await;
    world.history.note(format_args!("the cycle of days comes round"));
    let limit = world.plan.operations.saturating_add(40);
    let mut client = Client {
        name: "late".to_owned(),
        world: Arc::clone(world),
        people: Arc::clone(people),
        in_crowd: false,
        calls: Arc::clone(calls),
        dice: Dice::new(dice.bits(), "late"),
    };
    world.chaos.set_calm(false);
    while calls.load(Ordering::Relaxed) < limit {
        client.send_one().await;
    }
    world.time.skip_s(2 * 60 * 60);
    sleep(Duration::from_secs(90)).await;
    be_calm(world);
    rest(world, "after the cycle came round").await;
    world.time.skip_s(ENDS_WITHIN_S);
    packets_end(world).await;
    laws::all(world, true).await;
    world.time.skip_s(5 * DAY_S);
}
