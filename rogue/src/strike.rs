//! What each fault does, and what is broken by it.

use crate::{
    acts::Cast,
    conductor::Conductor,
    faults::Fault,
    fleet::Fleet,
    server::{Log, Server},
    world::Broken,
};
use anyhow::{Context as _, Result};
use hongbao_fleet::{Fault as LinkFault, Place};
use std::{sync::Arc, time::Duration};
use tokio::task::block_in_place;

/// The clock is set ahead by up to as many seconds, and back again.
const CLOCK_AHEAD_MAX_S: u64 = 45;
/// Keys that are added in a run; a ring holds 64.
const ROTATIONS_MAX: u64 = 60;
/// Replies that are cut off in one go, at most.
const TORN_MAX: u64 = 20;
/// How many bytes of such a reply pass, at most.
const TORN_AFTER_MAX: u64 = 60;

/// Where a fault happens, and whom it harms.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) node: usize,
    /// Of the fleet.
    place: Option<Place>,
    /// Ways of nodes that suffer.
    ways: Vec<Broken>,
    /// What is allowed to be refused meanwhile.
    pub(crate) broken: Vec<Broken>,
}

impl Conductor {
    fn fleet(&self) -> Result<&Fleet> {
        self.fleet.as_ref().context("a fleet")
    }

    fn draw_place(&mut self, suits: impl Fn(&Place) -> bool) -> Result<Place> {
        let places: Vec<Place> = self.fleet()?.places().into_iter().filter(suits).collect();
        Ok(*self.dice.pick(&places))
    }

    /// Draws where it happens.
    pub(crate) fn aim(&mut self, fault: Fault) -> Result<Target> {
        let node = self.dice.index(self.servers.len());
        let mut target = Target { node, place: None, ways: Vec::new(), broken: Vec::new() };
        let is_cache = |place: &Place| matches!(place, Place::Cache(_));
        match fault {
            Fault::Audit | Fault::Backup | Fault::Second | Fault::Keys => {}
            Fault::Kill
            | Fault::KillEarly
            | Fault::Terminate
            | Fault::Stall
            | Fault::Clock
            | Fault::Restored
            | Fault::DiskFull
            | Fault::LogClosed
            | Fault::LogOnDisk => target.broken.push(Broken { node: Some(node), place: None }),
            Fault::DatabaseKill | Fault::DatabaseRestart | Fault::DatabaseStall => {
                let place = self.draw_place(|place| !is_cache(place))?;
                target.place = Some(place);
                let gone = self.fleet()?.with(place).into_iter();
                target.broken =
                    gone.map(|place| Broken { node: None, place: Some(place) }).collect();
            }
            Fault::CacheKill | Fault::CacheStall | Fault::CacheFlush => {
                let place = self.draw_place(is_cache)?;
                target.place = Some(place);
                target.broken.push(Broken { node: None, place: Some(place) });
            }
            Fault::LinkSlow | Fault::LinkCut | Fault::LinkTorn => {
                // Of one node to one place, of all to one, or of one to all.
                let place = self.draw_place(|_| true)?;
                let which = self.dice.below(3);
                target.ways.push(Broken {
                    node: (which != 1).then_some(node),
                    place: (which != 2).then_some(place),
                });
                if fault == Fault::LinkSlow {
                    // A slow way breaks nothing, but that a cache which does not answer in half a
                    // second counts as down: then nobody knows whether a payment has a pre-order.
                    let of_way =
                        |way: &Broken, place: &Place| way.place.is_none_or(|of| of == *place);
                    let caches: Vec<_> =
                        self.fleet()?.places().into_iter().filter(is_cache).collect();
                    target.broken = (target.ways.iter())
                        .flat_map(|way| caches.iter().map(move |place| (way, place)))
                        .filter(|(way, place)| of_way(way, place))
                        .map(|(way, place)| Broken { node: way.node, place: Some(*place) })
                        .collect();
                } else {
                    target.broken.clone_from(&target.ways);
                }
            }
        }
        Ok(target)
    }

    /// Lets it happen, until its cause is gone.
    pub(crate) async fn strike(
        &mut self,
        fault: Fault,
        target: &Target,
        cast: &Cast,
    ) -> Result<()> {
        let node = target.node;
        match fault {
            Fault::Kill => {
                self.servers[node].kill().await?;
                self.pause(0, 500).await;
                self.start(node, &Log::Here).await?;
            }
            Fault::KillEarly => {
                self.servers[node].kill().await?;
                for _ in 0..self.dice.between(1, 3) {
                    let moment = Server::early_moment(&mut self.dice);
                    self.servers[node].start_and_kill(moment).await?;
                }
                self.start(node, &Log::Here).await?;
            }
            Fault::Terminate => self.restart(node, &Log::Here).await?,
            Fault::Stall => {
                self.servers[node].signal("STOP").await?;
                self.pause(300, 8_000).await;
                self.servers[node].signal("CONT").await?;
            }
            Fault::Clock => {
                let ahead = self.dice.between(1, CLOCK_AHEAD_MAX_S);
                self.set_clock(node, i64::try_from(ahead)?)?;
                self.pause(1_500, 6_000).await;
                self.set_clock(node, 0)?;
            }
            Fault::Audit => self.judge(self.servers[node].audit(false).await?),
            Fault::Keys => self.rotate(node).await?,
            Fault::Backup => self.judge(self.servers[node].backup().await?),
            Fault::Restored => self.serve_a_backup(cast).await?,
            Fault::Second => self.judge(self.servers[node].second().await?),
            Fault::DiskFull => self.fill().await?,
            Fault::LogClosed => {
                self.servers[node].close_log();
                self.pause(500, 3_000).await;
                // Not what starts next: this process has to be back (R-CTRL-6).
                self.well("its log was closed").await?;
                self.restart(node, &Log::Here).await?;
            }
            Fault::LogOnDisk => {
                let log = Log::File(self.disk.path().join("log"));
                self.restart(node, &log).await?;
                self.fill().await?;
                self.well("its log was on a full disk").await?;
                self.restart(node, &Log::Here).await?;
            }
            Fault::DatabaseKill
            | Fault::DatabaseRestart
            | Fault::DatabaseStall
            | Fault::CacheKill
            | Fault::CacheStall
            | Fault::CacheFlush => {
                self.strike_engine(fault, target.place.context("a place")?).await?;
            }
            Fault::LinkSlow | Fault::LinkCut | Fault::LinkTorn => {
                self.strike_links(fault, &target.ways).await?;
            }
        }
        Ok(())
    }

    async fn strike_engine(&mut self, fault: Fault, place: Place) -> Result<()> {
        let lasts = self.dice.millis(300, 6_000);
        let fleet = self.fleet()?;
        match fault {
            Fault::DatabaseKill => {
                let database = fleet.database(place)?;
                block_in_place(|| database.kill())?;
                tokio::time::sleep(lasts).await;
                block_in_place(|| database.run())?;
            }
            Fault::DatabaseRestart => {
                let database = fleet.database(place)?;
                block_in_place(|| database.restart())?;
            }
            Fault::DatabaseStall => {
                let database = fleet.database(place)?;
                block_in_place(|| database.pause())?;
                tokio::time::sleep(lasts).await;
                block_in_place(|| database.resume())?;
            }
            Fault::CacheKill => {
                let cache = fleet.cache(place)?;
                block_in_place(|| cache.kill())?;
                tokio::time::sleep(lasts).await;
                block_in_place(|| cache.run())?;
            }
            Fault::CacheStall => {
                let cache = fleet.cache(place)?;
                block_in_place(|| cache.pause())?;
                tokio::time::sleep(lasts).await;
                block_in_place(|| cache.resume())?;
            }
            _ => block_in_place(|| fleet.cache(place)?.wipe())?,
        }
        Ok(())
    }

    async fn strike_links(&mut self, fault: Fault, ways: &[Broken]) -> Result<()> {
        let lasts = self.dice.millis(1_000, 6_000);
        match fault {
            Fault::LinkSlow => {
                let delay = self.dice.millis(20, 200);
                self.fleet()?.set(ways, LinkFault::Delay(delay));
                tokio::time::sleep(lasts).await;
            }
            Fault::LinkCut => {
                let cut = if self.dice.one_in(2) { LinkFault::Refuse } else { LinkFault::Stall };
                self.fleet()?.set(ways, cut);
                tokio::time::sleep(lasts).await;
            }
            _ => {
                for _ in 0..self.dice.between(1, TORN_MAX) {
                    let passes = usize::try_from(self.dice.below(TORN_AFTER_MAX))?;
                    self.fleet()?.set(ways, LinkFault::Cut(passes));
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
        self.fleet()?.set(ways, LinkFault::None);
        Ok(())
    }

    fn set_clock(&self, node: usize, ahead_s: i64) -> Result<()> {
        self.clocks.get(node).map_or(Ok(()), |clock| clock.set(ahead_s))
    }

    async fn restart(&mut self, node: usize, log: &Log) -> Result<()> {
        let status = self.servers[node].terminate().await?;
        if !status.success() {
            self.world.violation(&format!("SIGTERM ended server {node} with {status}"));
        }
        self.start(node, log).await
    }

    /// Another key seals from now on, as docs/OPERATIONS.md says.
    async fn rotate(&mut self, node: usize) -> Result<()> {
        self.rotations += 1;
        if self.rotations > ROTATIONS_MAX {
            return Ok(());
        }
        let Some(fleet) = &self.fleet else {
            self.judge(self.servers[node].keys("rotate", None).await?);
            return Ok(());
        };
        self.judge(self.servers[node].keys("add", None).await?);
        let id = fleet.hand_out_key(node)?;
        for server in &self.servers {
            self.judge(server.keys("rotate", Some(&id)).await?);
        }
        Ok(())
    }

    /// Sometimes to the last byte, sometimes so that a little still fits.
    async fn fill(&mut self) -> Result<()> {
        let free_kib = if self.dice.one_in(3) { self.dice.below(200) } else { 0 };
        self.disk.fill(free_kib).await?;
        self.pause(1_000, 6_000).await;
        self.disk.empty().await
    }

    /// A backup, then some seconds that are lost with the server, then the backup is served:
    /// what people were told since is forgotten by both sides, and nothing else is.
    async fn serve_a_backup(&mut self, cast: &Cast) -> Result<()> {
        let backup = self.disk.path().join("backup");
        let world = Arc::clone(&self.world);
        let quiet = world.hush().await;
        self.judge(self.servers[0].back_up(&backup).await?);
        let then = cast.books.remember();
        drop(quiet);
        tokio::time::sleep(self.dice.millis(500, 5_000)).await;
        let quiet = world.hush().await;
        self.servers[0].kill().await?;
        self.restored += 1;
        let folder = self.disk.path().join(format!("data-{}", self.restored));
        self.judge(self.servers[0].restore(&backup, &folder).await?);
        tokio::fs::remove_dir_all(&backup).await?;
        let lost = self.servers[0].move_to(&folder);
        tokio::fs::remove_dir_all(&lost).await?;
        cast.books.forget(then);
        self.start(0, &Log::Here).await?;
        drop(quiet);
        Ok(())
    }
}
