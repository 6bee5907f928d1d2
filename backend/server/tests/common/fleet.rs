//! The configuration of a fleet whose databases are all in one.

use std::fmt::Write as _;

/// A fleet has no keys of its own making.
const MASTER_KEY: &str = "d0b5f3c2a1908e7f6d5c4b3a29180706d0b5f3c2a1908e7f6d5c4b3a29180706";

/// Two sites with a shard each; everything is in the database at this address.
pub(crate) fn all_in(url: &str) -> String {
    let mut file = format!(
        "[storage]\nmaster_key = '{MASTER_KEY}'\n[fleet]\nconnections = 3\nconnections_per_shard = 3\n\
         ledger = '{url}'\npeople = '{url}'\nlists = '{url}'\n"
    );
    for site in ["S", "N"] {
        writeln!(file, "[fleet.sites.{site}]\ncold = '{url}'").unwrap();
        writeln!(file, "shards = [{{ shards = '0-0', database = '{url}' }}]").unwrap();
    }
    file
}
