//! The keys change while the nodes run, as a fleet is told to do it whose keys stand in its
//! configuration (R-STORE-7): first every node is started again with one key more, then with
//! that one in front. Which nodes know of which change is never the same for long.

use hongbao_config::{Config, Flags, MasterKeySetting};
use hongbao_engine::keys::{Keys, seal::Sealer};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The rings that nodes have, one after the other; the first key of each seals.
const RINGS: [&[u8]; 5] = [b"a", b"ab", b"ba", b"bac", b"cba"];

/// How far the change has come.
#[derive(Debug)]
pub(crate) struct KeyChanges {
    stage: AtomicUsize,
    rings: Vec<Config>,
}

impl KeyChanges {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let rings = RINGS.iter().map(|names| {
            let keys = names.iter().map(|name| char::from(*name).to_string().repeat(64));
            let keys = keys.collect::<Vec<_>>().join(",");
            Config::load(&Flags::default(), &|name: &str| {
                (name == "HONGBAO_MASTER_KEY").then(|| keys.clone().into())
            })
        });
        Ok(Self { stage: AtomicUsize::new(0), rings: rings.collect::<Result<_, _>>()? })
    }

    /// Which ring a node that starts now is given.
    pub(crate) fn stage(&self) -> usize {
        self.stage.load(Ordering::Relaxed)
    }

    pub(crate) fn ring(&self, stage: usize) -> MasterKeySetting {
        self.rings[stage].storage.master_key.clone()
    }

    /// Opens whatever any of them has sealed.
    pub(crate) fn sealer(&self) -> anyhow::Result<Sealer> {
        let all = self.rings.last().expect("there is a ring");
        let never = crate::clock::SeededEntropy::new(crate::Dice::new(0, "never"));
        Ok(Sealer::new(&Keys::obtain(all, &never)?))
    }

    /// The next change begins, if there is one more.
    pub(crate) fn go_on(&self) -> Option<usize> {
        let next = self.stage() + 1;
        (next < RINGS.len()).then(|| self.stage.store(next, Ordering::Relaxed))?;
        Some(next)
    }
}
