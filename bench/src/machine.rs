//! What a figure was measured on, and who used the processor meanwhile.

use anyhow::{Context, Result};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

/// Linux counts the processor time of processes in hundredths of a second.
const TICK: Duration = Duration::from_millis(10);
const SYNCS: usize = 50;

/// Processor, system and the price of a durable write, in one line.
pub fn describe(folder: &Path) -> Result<String> {
    let cores = std::thread::available_parallelism()?;
    let model = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "processor".to_owned());
    let system = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("?");
    let sync = sync_time(folder)?.as_secs_f64() * 1e3;
    let system = system.trim();
    Ok(format!("{cores} × {model}, Linux {system}, load {load}, fsync {sync:.2} ms (median)"))
}

fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// What durability costs here: the median of some small synced writes.
fn sync_time(folder: &Path) -> Result<Duration> {
    let path = folder.join("sync-probe");
    let mut file = File::create(&path).context("cannot write into the data folder")?;
    let mut times = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let started = Instant::now();
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
        times.push(started.elapsed());
    }
    fs::remove_file(path)?;
    times.sort_unstable();
    Ok(times[SYNCS / 2])
}

/// Processor time of a process so far, all threads; zero where there is no /proc.
pub fn cpu_time(process: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    TICK.saturating_mul(ticks(&stat).unwrap_or_default())
}

/// Processor time so far of a process and of all that it has started, those included that
/// have ended and been waited for: a database server is many processes.
pub fn tree_cpu_time(root: u32) -> Duration {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let stats = entries.filter_map(|entry| {
        let process = entry.file_name().to_str()?.parse().ok()?;
        Some((process, fs::read_to_string(entry.path().join("stat")).ok()?))
    });
    TICK.saturating_mul(tree_ticks(root, &stats.collect()))
}

fn tree_ticks(root: u32, stats: &BTreeMap<u32, String>) -> u32 {
    let belongs = |process: u32| {
        let mut process = Some(process);
        // A parent is there before its children; who goes up comes to an end.
        for _ in 0..stats.len() {
            match process {
                Some(found) if found == root => return true,
                Some(above) => process = stats.get(&above).and_then(|stat| field_of(stat, 1)),
                None => return false,
            }
        }
        false
    };
    let all = stats.iter().filter(|(process, _)| belongs(**process));
    all.map(|(_, stat)| (11..15).filter_map(|at| field_of(stat, at)).sum::<u32>()).sum()
}

/// The most memory that a process ever had in use, in KiB; zero where there is no /proc.
pub fn peak_resident_kb(process: u32) -> u64 {
    let peak = field(&format!("/proc/{process}/status"), "VmHWM").unwrap_or_default();
    peak.trim_end_matches("kB").trim().parse().unwrap_or_default()
}

/// User and system ticks. The name in parentheses may hold anything.
fn ticks(stat: &str) -> Option<u32> {
    field_of(stat, 11)?.checked_add(field_of(stat, 12)?)
}

/// A number behind the name, counted from 0.
fn field_of(stat: &str, at: usize) -> Option<u32> {
    let (_, fields) = stat.rsplit_once(") ")?;
    fields.split(' ').nth(at)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_found_behind_any_name() {
        let stat = "42 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 120 30 0 0 20 0";
        assert_eq!(ticks(stat), Some(150));
        assert_eq!(ticks(""), None);
    }

    #[test]
    fn what_a_process_has_started_counts_with_it() {
        let stat = |parent, own, waited| {
            format!("1 (a) S {parent} 2 3 4 5 6 7 8 9 10 {own} 1 {waited} 1 20")
        };
        let stats =
            [(7, stat(1, 10, 5)), (8, stat(7, 100, 0)), (9, stat(8, 1000, 0)), (6, stat(1, 1, 1))];
        let stats = BTreeMap::from(stats);
        assert_eq!(tree_ticks(7, &stats), 17 + 102 + 1002);
        assert_eq!(tree_ticks(6, &stats), 4);
        assert_eq!(tree_ticks(5, &stats), 0);
    }

    #[test]
    fn this_process_takes_time() {
        assert!(field("/proc/self/status", "Pid").is_some());
        assert!(peak_resident_kb(std::process::id()) > 0);
        assert!(describe(&std::env::temp_dir()).unwrap().contains("fsync"));
    }
}
