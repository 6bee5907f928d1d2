//! One fault after the other on one fleet under load: what each stops, and for how long.

use crate::{
    crew::{Crew, Orders},
    end_and_audit, fleet,
    watch::{Ended, Kind, Watch},
};
use hongbao_fleet::{Fleet, Plan};
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};
use tokio::task::JoinHandle;

const CREWS: usize = 4;
/// How long a fault lasts, unless it says otherwise.
const LASTS: Duration = Duration::from_secs(5);
/// Far more than it may take; what it took is printed.
const BACK_WITHIN: Duration = Duration::from_secs(30);
/// So long at most until somebody has made a call of each kind.
const CALLED_WITHIN: Duration = Duration::from_mins(2);

/// A fleet with people at work on it.
pub(crate) struct Trial {
    pub(crate) fleet: Fleet,
    pub(crate) orders: Arc<Orders>,
    watch: Arc<Watch>,
    crews: Vec<JoinHandle<Crew>>,
    rows: Vec<String>,
    lasts: Duration,
}

impl Trial {
    /// Starts a fleet and lets people in.
    pub(crate) async fn begin(plan: Plan) -> Self {
        let fleet = fleet(plan).await;
        let (watch, orders) = (Arc::<Watch>::default(), Arc::<Orders>::default());
        let mut crews = Vec::new();
        for number in 0..CREWS {
            let name = format!("crew {number}");
            let crew =
                Crew::gather(fleet.url(), name, Arc::clone(&watch), Arc::clone(&orders)).await;
            crews.push(tokio::spawn(crew.work()));
        }
        Self { fleet, orders, watch, crews, rows: Vec::new(), lasts: LASTS }
    }

    /// The next fault lasts so long.
    pub(crate) fn for_seconds(&mut self, seconds: u64) -> &mut Self {
        self.lasts = Duration::from_secs(seconds);
        self
    }

    /// Lets a fault happen under load, ends it, and waits until everything works again.
    /// Calls of a kind that is `unharmed` are all answered at the first asking.
    pub(crate) async fn run(
        &mut self,
        name: &str,
        begin: impl AsyncFnOnce(&mut Fleet),
        end: impl AsyncFnOnce(&mut Fleet),
        unharmed: impl Fn(Kind) -> bool,
    ) {
        self.watch.take();
        begin(&mut self.fleet).await;
        tokio::time::sleep(std::mem::replace(&mut self.lasts, LASTS)).await;
        let during = self.watch.take();
        end(&mut self.fleet).await;
        let repaired = Instant::now();
        let (mut calls, mut last_refused) = (BTreeMap::new(), repaired);
        self.watch.take();
        let back = loop {
            // Not for something to happen, but to see whether anything is refused.
            tokio::time::sleep(Duration::from_millis(500)).await;
            let lately = self.watch.take();
            if lately.values().any(|ended| ended.refused > 0) {
                last_refused = Instant::now();
                calls.clear();
            } else {
                // A busy machine makes few calls of a kind in a moment: they add up.
                calls.extend(lately);
            }
            let all = ["send", "chat", "lists", "wallet"].map(|kind| (kind, None)).into_iter();
            let of_sites = ["pay", "grab", "open"]
                .into_iter()
                .flat_map(|kind| ['S', 'N'].map(|site| (kind, Some(site))));
            let works = |kind| calls.get(&kind).is_some_and(|ended| ended.well > 0);
            let back = last_refused.duration_since(repaired);
            if all.chain(of_sites).all(works) {
                break back;
            }
            assert!(back < BACK_WITHIN, "{name}: still refused: {calls:?}");
            assert!(repaired.elapsed() < CALLED_WITHIN, "{name}: not called: {calls:?}");
        };
        let row = row(name, &during, back);
        println!("{row}");
        self.rows.push(row);
        for (kind, ended) in &during {
            if unharmed(*kind) {
                assert!(ended.well > 0 && ended.refused == 0, "{name} harmed {kind:?}: {ended:?}");
            }
        }
        self.watch.assert_right();
    }

    /// Ends the work, looks at every answer that was ever given, and audits.
    pub(crate) async fn end(self) {
        self.orders.stop.store(true, Ordering::Relaxed);
        let mut opened = 0;
        for crew in self.crews {
            opened += crew.await.unwrap().check().await;
        }
        println!("{}\n{opened} shares opened at the end", self.rows.join("\n"));
        self.watch.assert_right();
        tokio::task::spawn_blocking(|| end_and_audit(self.fleet)).await.unwrap();
    }
}

fn row(name: &str, during: &BTreeMap<Kind, Ended>, back: Duration) -> String {
    let share = |(kind, ended): (&Kind, &Ended)| {
        let site = kind.1.map(|site| format!(" {site}")).unwrap_or_default();
        let all = ended.well + ended.refused;
        let percent = 100.0 * f64::from(ended.well) / f64::from(all.max(1));
        format!("{}{site} {percent:.0} % of {all}", kind.0)
    };
    let shares: Vec<String> = during.iter().map(share).collect();
    format!("| {name} | {} | {:.1} s |", shares.join(", "), back.as_secs_f64())
}
