//! What goes wrong as a whole: processes, clocks, the cache; and switches that somebody
//! moves meanwhile.

use crate::{
    Dice,
    clock::NodeClock,
    fault::{STALL_MAX_MS, WorldFault},
    lost,
    world::World,
};
use hongbao_engine::control::{CreditMode, Switches};
use hongbao_shared::{Fen, Site};
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::time::sleep;

/// Longer than anything may take to come to rest.
const FAR_AHEAD_MS: i64 = 3_600_000;

/// Goes on until it is dropped.
pub(crate) async fn rage(world: Arc<World>) {
    let mut dice = Dice::new(world.plan.seed, "storm");
    let mut loser = Dice::new(world.plan.seed, "lost");
    let mut stepper = Dice::new(world.plan.seed, "clocks");
    let mut cutter = Dice::new(world.plan.seed, "outages");
    let calmer = 400_u64.saturating_sub(world.plan.intensity).max(100);
    loop {
        sleep(Duration::from_millis(dice.range(200, 4_000) * calmer / 100)).await;
        if world.chaos.is_calm() {
            continue;
        }
        if loser.chance(300) {
            lost::credit(&world, &mut loser).await;
        }
        // Often enough that packets land and end by wrong clocks in every run.
        if stepper.chance(300) {
            step_a_clock(&world, &mut stepper);
        }
        if cutter.chance(100) {
            let mut longest_ms = 3_000;
            // What fails while the only clock is ahead is put off for as long as it is.
            if world.plan.own_clock {
                longest_ms = 15_000;
                world.clocks().for_each(|clock| step_to(&world, clock, FAR_AHEAD_MS));
            }
            let place = world.databases.any_place(&mut cutter);
            world.chaos.cut_off(place, Duration::from_millis(cutter.range(300, longest_ms)));
        }
        match dice.below(100) {
            0..18 => kill(&world, &mut dice),
            18..26 => change_keys(&world),
            26..37 => stall(&world, &mut dice),
            37..55 => step_a_clock(&world, &mut dice),
            55..70 => {
                world.history.note(format_args!("! cache wiped"));
                world.cache.wipe();
            }
            70..85 => {
                let time = Duration::from_millis(dice.range(500, 12_000));
                world.history.note(format_args!("! cache down for {time:?}"));
                world.cache.go_down(time);
            }
            _ => switch(&world, &mut dice),
        }
    }
}

fn kill(world: &World, dice: &mut Dice) {
    let nodes = world.nodes();
    if nodes.is_empty() {
        return;
    }
    let node = dice.pick(&nodes);
    world.history.note(format_args!("! {} killed", node.life.name));
    world.chaos.befell(WorldFault::Kill);
    node.life.stop();
}

fn stall(world: &World, dice: &mut Dice) {
    let nodes = world.nodes();
    if nodes.is_empty() {
        return;
    }
    let node = dice.pick(&nodes);
    let time = Duration::from_millis(dice.range(500, STALL_MAX_MS));
    world.history.note(format_args!("! {} stalls for {time:?}", node.life.name));
    world.chaos.befell(WorldFault::Stall);
    node.life.stall(time);
}

/// Mostly by seconds, sometimes by an hour, forwards or back.
fn step_a_clock(world: &World, dice: &mut Dice) {
    let clocks: Vec<_> = world.clocks().collect();
    let most_ms = if dice.chance(150) { FAR_AHEAD_MS.unsigned_abs() } else { 20_000 };
    let by = i64::try_from(dice.range(0, 2 * most_ms)).unwrap_or(0);
    let wrong_by = by - i64::try_from(most_ms).unwrap_or(0);
    let clock = *dice.pick(&clocks);
    step_to(world, clock, wrong_by);
}

fn step_to(world: &World, clock: &NodeClock, wrong_by_ms: i64) {
    clock.step_to(wrong_by_ms);
    world.history.note(format_args!("! a clock is wrong by {wrong_by_ms} ms"));
    world.chaos.befell(WorldFault::ClockStep);
}

/// Every node hears of it, as from a control service.
fn switch(world: &World, dice: &mut Dice) {
    let credit = match dice.below(3) {
        0 => CreditMode::Queue,
        1 => CreditMode::Deferred,
        _ => {
            let large_share_fen = Fen::new(dice.range(1, 400)).unwrap_or(Fen::ONE);
            CreditMode::Split { large_share_fen }
        }
    };
    let north = u32::try_from(dice.range(0, 100)).unwrap_or(50);
    let weights = BTreeMap::from([(Site::S, 100 - north), (Site::N, north)]);
    let packets_on = !dice.chance(100);
    world.history.note(format_args!("switches: {credit:?}, N {north} %, on: {packets_on}"));
    for node in world.nodes() {
        node.life.defers.store(credit == CreditMode::Deferred, Ordering::Relaxed);
        node.app.control.set(Switches {
            credit,
            weights: weights.clone(),
            packets_on,
            ..Switches::default()
        });
    }
}

/// The next node that does not know of the last change of keys is started again; once all know,
/// the next change begins.
fn change_keys(world: &World) {
    let nodes = world.nodes();
    if nodes.len() < world.plan.nodes {
        return;
    }
    if let Some(behind) = nodes.iter().find(|node| node.ring < world.keys.stage()) {
        world.history.note(format_args!("! {} stops, to start with other keys", behind.life.name));
        behind.life.stop();
    } else if let Some(stage) = world.keys.go_on() {
        world.chaos.befell(WorldFault::KeyChange);
        world.history.note(format_args!("! the keys change: {stage}"));
    }
}
