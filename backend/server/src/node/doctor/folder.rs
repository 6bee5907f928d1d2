//! A data folder: its room, whose it is, its databases and its keys.

use super::{
    super::{folder, open_stores_to_read, places::DATABASES, refuse_for_another},
    Findings,
};
use hongbao_config::Config;
use hongbao_domain::{runtime::SystemClock, store::outbox::Fate};
use hongbao_engine::{
    delivery::{DeadLetters, LETTERS_PAGE_MAX},
    files,
    keys::{Keys, lacks},
    stores::Stores,
};
use std::{collections::BTreeMap, path::Path, sync::Arc};

const FOLDER: &str = "data folder";
const MIB: u64 = 1 << 20;
/// So many times the floor are worth a warning.
const FLOORS: u64 = 4;

pub(super) async fn examine(config: &Config, findings: &mut Findings) {
    let data = &config.storage.data;
    if !data.join(DATABASES).is_dir() {
        let shown = data.display();
        findings.fine(FOLDER, format_args!("there is no data in {shown} yet; a server makes it"));
        return;
    }
    match refuse_for_another(config) {
        Ok(()) => findings.fine(FOLDER, data.display()),
        Err(error) => findings.wrong(FOLDER, error),
    }
    closed(data, findings);
    room(config, findings);
    let (stores, lock) = match open_stores_to_read(config).await {
        Ok(opened) => opened,
        Err(error) => return findings.wrong("databases", format_args!("{error:#}")),
    };
    let count = stores.databases.len();
    findings.fine("databases", format_args!("all {count} are there, and of this version"));
    match folder::is_restored(config) {
        Ok(false) => {}
        Ok(true) => findings.doubtful(
            FOLDER,
            "it was restored, and its databases have not been compared since; the next start, or \
             `hongbao reconcile`, does that",
        ),
        Err(error) => findings.wrong(FOLDER, error),
    }
    stored(config, &stores, findings).await;
    stores.close().await;
    drop(lock);
}

#[cfg(unix)]
fn closed(data: &Path, findings: &mut Findings) {
    use std::os::unix::fs::PermissionsExt;
    let databases = data.join(DATABASES);
    for folder in [databases.as_path(), &data.join(folder::KEYS)] {
        let Ok(found) = std::fs::metadata(folder) else { continue };
        if found.permissions().mode() & 0o077 != 0 {
            let shown = folder.display();
            findings.doubtful(
                FOLDER,
                format_args!("others may look into {shown}: `chmod -R go= {shown}`"),
            );
        }
    }
}

#[cfg(not(unix))]
fn closed(_data: &Path, _findings: &mut Findings) {}

fn room(config: &Config, findings: &mut Findings) {
    const ABOUT: &str = "disk";
    let Some(free) = files::free_bytes(&config.storage.data) else { return };
    let (free, floor) = (free / MIB, u64::from(config.storage.free_min_mib));
    if free < floor {
        findings.wrong(
            ABOUT,
            format_args!(
                "{free} MiB are free, below storage.free_min_mib ({floor}): nothing new is taken"
            ),
        );
    } else if free < floor.saturating_mul(FLOORS) {
        findings.doubtful(
            ABOUT,
            format_args!("{free} MiB are free; below {floor} nothing new is taken"),
        );
    } else {
        findings.fine(ABOUT, format_args!("{free} MiB are free"));
    }
}

/// What the databases tell, wherever they are.
pub(super) async fn stored(config: &Config, stores: &Stores, findings: &mut Findings) {
    keys(config, stores, findings).await;
    letters(stores, findings).await;
}

/// Every key that the data names is there. (That its seals open is for the audit to see.)
async fn keys(config: &Config, stores: &Stores, findings: &mut Findings) {
    const ABOUT: &str = "keys";
    let keys = match Keys::read(config) {
        Ok(keys) => keys,
        Err(error) => return findings.wrong(ABOUT, error),
    };
    let known = match stores.keys.known().await {
        Ok(known) => known,
        Err(error) => {
            let why = anyhow::Error::from(error);
            return findings
                .wrong(ABOUT, format_args!("cannot compare them with the data: {why:#}"));
        }
    };
    let there = keys.ids();
    let lost: Vec<_> =
        known.iter().map(|known| known.id).filter(|id| !there.contains(id)).collect();
    if lost.is_empty() {
        let (count, sealing, place) = (there.len(), keys.sealing(), keys.place());
        findings.fine(ABOUT, format_args!("{count} in {place}, of which {sealing} seals"));
    } else {
        findings.wrong(ABOUT, lacks(&lost, &keys.place()));
    }
}

/// What could not be delivered, and is not tried again by itself.
async fn letters(stores: &Stores, findings: &mut Findings) {
    const ABOUT: &str = "deliveries";
    let letters = DeadLetters::new(stores, &BTreeMap::new(), Arc::new(SystemClock));
    let page = letters.page(Fate::Dead, None, LETTERS_PAGE_MAX).await;
    let silent = page.as_ref().map(|page| page.silent.join(", ")).unwrap_or_default();
    if !silent.is_empty() {
        findings.wrong(ABOUT, format_args!("cannot look at those of {silent}"));
    }
    match page {
        Ok(page) if page.items.is_empty() && silent.is_empty() => {
            findings.fine(ABOUT, "none is given up");
        }
        Ok(page) if page.items.is_empty() => {}
        Ok(page) => {
            let or_more = if page.next_cursor.is_some() { " or more" } else { "" };
            let count = page.items.len();
            findings.wrong(
                ABOUT,
                format_args!(
                    "{count}{or_more} could not be made: `hongbao admin dead-letters` shows why, \
                     `hongbao admin retry` tries again"
                ),
            );
        }
        Err(refusal) => findings.wrong(ABOUT, format_args!("cannot look: {refusal}")),
    }
}
