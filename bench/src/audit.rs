//! How fast, and in how much memory, `hongbao audit` proves a lot of data.

use crate::{
    fill::{self, Amount},
    machine,
    report::{say, say_conditions},
    server::Setup,
};
use anyhow::{Context, Result, ensure};
use std::{
    fs,
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// How often the auditor's memory is looked at; what counts is the highest it ever was.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What `hongbao-bench audit` takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The server's binary.
    #[arg(long, env = "HONGBAO_BIN", value_name = "FILE")]
    server: PathBuf,
    /// How many claims to audit; a multiple of `--shares`.
    #[arg(long, default_value_t = 100_000)]
    claims: u64,
    /// Shares of each packet; all of them are opened.
    #[arg(long, default_value_t = 10)]
    shares: u32,
    /// People who open them; by default one for every hundred claims.
    #[arg(long)]
    people: Option<u64>,
    /// How many audits, one after the other.
    #[arg(long, default_value_t = 1)]
    rounds: usize,
    /// Where to put the data, about 700 bytes for each claim; a temporary folder by
    /// default. A folder that is filled already, by the same arguments, is audited as it is.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Fills, audits, prints.
pub async fn run(arguments: Arguments) -> Result<()> {
    let (claims, shares) = (arguments.claims, u64::from(arguments.shares));
    ensure!(shares > 0 && claims > 0, "there is nothing to audit");
    ensure!(claims.is_multiple_of(shares), "--claims must be a multiple of --shares");
    let temporary = tempfile::Builder::new().prefix("hongbao-bench").tempdir()?;
    let folder = arguments.data.as_deref().unwrap_or(temporary.path());
    fs::create_dir_all(folder)?;
    say_conditions(folder)?;
    let amount = Amount {
        packets: claims / shares,
        shares: arguments.shares,
        people: arguments.people.unwrap_or(claims / 100).max(2 * shares),
        pending: 0,
    };
    let databases = folder.join("db");
    if !databases.exists() {
        let started = Instant::now();
        let show = io::stderr().is_terminal();
        fill::fill(folder, amount, |packets| {
            if show {
                progress(packets * shares, claims);
            }
        })
        .await?;
        let filled = started.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let per_second = claims as f64 / filled;
        say(format_args!("filled   {claims} claims in {filled:.1} s, {per_second:.0}/s"));
    }
    say(format_args!(
        "data     {} packets, {} people, {} MB in databases",
        amount.packets,
        amount.people,
        size_of(&databases)? / 1_000_000
    ));
    let setup = Setup::new(arguments.server);
    for round in 1..=arguments.rounds {
        let audited = audit(&setup, folder, amount).await?;
        say(format_args!("round {round:<2} {audited}"));
    }
    Ok(())
}

/// One line that replaces itself.
#[expect(clippy::print_stderr, reason = "for whoever waits")]
fn progress(done: u64, of: u64) {
    eprint!("\r\x1b[K{}", if done < of { format!("{done} of {of} claims") } else { String::new() });
}

/// One audit, as seen from outside.
struct Run {
    elapsed: Duration,
    cpu: Duration,
    peak_kb: u64,
    claims_per_second: f64,
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:>8.2} s  {:>8.0} claims/s  {:>8.2} s processor  {:>6} MB resident at most",
            self.elapsed.as_secs_f64(),
            self.claims_per_second,
            self.cpu.as_secs_f64(),
            self.peak_kb / 1024
        )
    }
}

async fn audit(setup: &Setup, data: &Path, amount: Amount) -> Result<Run> {
    let mut command = tokio::process::Command::from(setup.command("audit", data));
    command.arg("--at-rest").stdout(std::process::Stdio::piped()).kill_on_drop(true);
    let started = Instant::now();
    let child = command.spawn().context("cannot start the audit")?;
    let process = child.id().context("the audit has ended")?;
    let (mut peak_kb, mut cpu) = (0, Duration::ZERO);
    let mut output = std::pin::pin!(child.wait_with_output());
    let output = loop {
        tokio::select! {
            biased;
            output = &mut output => break output?,
            () = tokio::time::sleep(LOOK_EVERY) => {
                peak_kb = peak_kb.max(machine::peak_resident_kb(process));
                cpu = cpu.max(machine::cpu_time(process));
            }
        }
    };
    let elapsed = started.elapsed();
    let report = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "the audit failed: {report}");
    let claims = amount.packets * u64::from(amount.shares);
    let looked_at = format!("{} packets, {claims} claims", amount.packets);
    ensure!(report.contains(&looked_at), "not everything was audited: {report}");
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let claims_per_second = claims as f64 / elapsed.as_secs_f64();
    Ok(Run { elapsed, cpu, peak_kb, claims_per_second })
}

fn size_of(folder: &Path) -> Result<u64> {
    fs::read_dir(folder)?.try_fold(0, |sum, entry| Ok(sum + entry?.metadata()?.len()))
}
