//! What became of every call.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// A kind of call, and the site of the packet that it is about.
pub(crate) type Kind = (&'static str, Option<char>);

/// How calls of one kind ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ended {
    /// As they should.
    pub(crate) well: u32,
    /// 429 or 503 with a code and Retry-After, or, where a node was killed, what nginx says
    /// of it.
    pub(crate) refused: u32,
}

/// Counts calls, phase by phase.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    counts: Mutex<BTreeMap<Kind, Ended>>,
    wrong: Mutex<Vec<String>>,
}

impl Watch {
    pub(crate) fn well(&self, kind: Kind) {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).entry(kind).or_default().well +=
            1;
    }

    pub(crate) fn refused(&self, kind: Kind) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.entry(kind).or_default().refused += 1;
    }

    /// Something that must not happen.
    pub(crate) fn wrong(&self, what: String) {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    /// What was counted since the last time; begins anew.
    pub(crate) fn take(&self) -> BTreeMap<Kind, Ended> {
        std::mem::take(&mut *self.counts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Nothing went wrong.
    pub(crate) fn assert_right(&self) {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(
            wrong.is_empty(),
            "{} went wrong: {:#?}",
            wrong.len(),
            &wrong[..wrong.len().min(8)]
        );
    }
}
