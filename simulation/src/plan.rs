use crate::Dice;
use hongbao_config::{Config, CreditMode, Flags};
use hongbao_shared::Fen;

/// How many open one packet at once in a run that has a crowd: all of them in one batch of
/// its lane, if they come together.
pub(crate) const CROWD: u32 = 320;
/// In how many runs of a thousand there is one.
const CROWDS: u64 = 25;
/// In how many runs of a thousand many people open many packets at once.
const RUSHES: u64 = 50;
/// How many calls wait for a lane then, and come in one batch.
const RUSH: u32 = 512;

/// What a seed draws for a whole run.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is drawn by itself")]
pub(crate) struct Plan {
    /// Where everything else is drawn from.
    pub(crate) seed: u64,
    /// How many processes serve the same databases.
    pub(crate) nodes: usize,
    pub(crate) users: u64,
    pub(crate) groups: u64,
    pub(crate) clients: u64,
    /// Calls that clients make, all together.
    pub(crate) operations: u64,
    /// How much goes wrong, in percent of the ordinary.
    pub(crate) intensity: u64,
    /// Does a day come again before its tables are emptied, so that landings are refused?
    pub(crate) cycle_overrun: bool,
    /// Is there a packet that hundreds open at once?
    pub(crate) crowd: bool,
    /// Do many people open many packets at once, in batches of hundreds?
    pub(crate) rush: bool,
    /// Have the databases no clock of their own, as on the embedded default? Then the one
    /// machine's is what time it is, and everything waits for it to be right again.
    pub(crate) own_clock: bool,
    pub(crate) config: Config,
}

impl Plan {
    pub(crate) fn draw(seed: u64) -> anyhow::Result<Self> {
        let mut dice = Dice::new(seed, "plan");
        let key = |name: &str| (name == "HONGBAO_MASTER_KEY").then(|| "5e".repeat(32).into());
        let mut config = Config::load(&Flags::default(), &key)?;
        config.sites.shards = if dice.chance(300) { 2 } else { 1 };
        config.sites.weights = "S=50,N=50".parse().map_err(anyhow::Error::msg)?;
        config.limits.demo = false;
        // A few people do what thousands would.
        config.flow.per_person = false;
        // It would mend what the laws are to find.
        config.reconcile.interval_s = 0;
        config.limits.packet_lifetime_s = small(dice.range(15, 120));
        config.limits.preorder_ttl_s = small(dice.range(10, 900));
        config.limits.ticket_ttl_s = small(dice.range(5, 60));
        config.credit.deferred_interval_s = small(dice.range(2, 20));
        config.credit.large_share_fen = Fen::new(dice.range(1, 400)).unwrap_or(Fen::ONE);
        config.credit.mode =
            *dice.pick(&[CreditMode::Split, CreditMode::Queue, CreditMode::Deferred]);
        config.lanes.queue_max = small(dice.range(2, 64));
        config.lanes.batch_max = small(dice.range(1, 32));
        // The house gives to those who come to their wallets.
        let mut house = Dice::new(seed, "house");
        let mut gift = || Fen::new(house.range(0, 1) * house.range(1, 500)).unwrap_or(Fen::ZERO);
        config.limits.welcome_grant_fen = gift();
        config.treasury.daily_allowance_fen = gift();
        let mut charge = Dice::new(seed, "fee");
        config.treasury.fee_bp = small(charge.range(0, 1) * charge.range(1, 1_000));
        let nodes = match dice.below(100) {
            0..40 => 1,
            40..82 => 2,
            82..92 => 3,
            92..96 => 4,
            _ => 5,
        };
        let crowd = dice.chance(CROWDS);
        if crowd {
            config.limits.max_shares = CROWD;
            config.lanes.queue_max = CROWD;
            config.lanes.batch_max = small(dice.range(CROWD.into(), 2 * u64::from(CROWD)));
        }
        let rush = Dice::new(seed, "rush").chance(RUSHES);
        if rush {
            config.lanes.queue_max = config.lanes.queue_max.max(RUSH);
            config.lanes.batch_max = config.lanes.batch_max.max(RUSH);
        }
        Ok(Self {
            seed,
            nodes,
            users: dice.range(4, 14),
            groups: dice.range(1, 3),
            clients: dice.range(3, 9),
            operations: dice.range(280, 420),
            intensity: *dice.pick(&[40, 100, 100, 250]),
            cycle_overrun: dice.chance(350),
            crowd,
            rush,
            own_clock: nodes == 1 && dice.chance(250),
            config,
        })
    }
}

fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
