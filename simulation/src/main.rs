//! `cargo xtask simulate`.

fn main() -> anyhow::Result<()> {
    let seed: u64 = std::env::args().nth(1).and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let runs: u64 = std::env::args().nth(2).and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let mut coverage = hongbao_simulation::Coverage::default();
    let mut operations = 0;
    for seed in seed..seed + runs {
        let outcome = hongbao_simulation::run(seed, runs == 1)?;
        for line in &outcome.lines {
            println!("{line}");
        }
        coverage.add(&outcome.coverage);
        operations += outcome.operations;
        for broken in &outcome.broken {
            println!("seed {seed}: {broken}");
        }
    }
    println!("{coverage}");
    println!(
        "{operations} operations, {} faults, empty: {:?}",
        coverage.faults(),
        coverage.empty_cells()
    );
    Ok(())
}
