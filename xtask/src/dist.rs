//! `cargo xtask dist`: what one hands to somebody else.

use std::env::consts::{ARCH, EXE_SUFFIX, OS};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail, ensure};
use flate2::{Compression, write::GzEncoder};

use crate::bindgen::Flavour;
use crate::workspace::Workspace;
use crate::{budget, js_package, process, sbom, setup, web};

/// What lies in the archive beside the binary and the licences: its name there, and where it is
/// from. Who may run it as it is has the mode of a program.
const INSTALLER: [(&str, &str, u32); 3] = [
    ("install.sh", "deploy/install/install.sh", 0o755),
    ("hongbao.service", "deploy/install/hongbao.service", 0o644),
    ("INSTALL.md", "docs/INSTALL.md", 0o644),
];

#[derive(Clone, Copy)]
pub(crate) struct Options {
    is_static: bool,
}

impl Options {
    pub(crate) fn parse(arguments: &[String]) -> Result<Self> {
        match arguments {
            [] => Ok(Self { is_static: false }),
            [one] if one == "--static" => {
                ensure!(OS == "linux", "only Linux has static binaries");
                Ok(Self { is_static: true })
            }
            [other, ..] => bail!("`cargo xtask dist` takes --static alone, not `{other}`"),
        }
    }
}

pub(crate) fn run(workspace: &Workspace, options: Options) -> Result<ExitCode> {
    setup::for_building(workspace)?;
    let target = options.is_static.then(|| format!("{ARCH}-unknown-linux-musl"));
    if let Some(target) = &target {
        setup::for_static_binary(workspace, target)?;
    }
    web::build(workspace, Flavour::Release)?;
    budget::check(&budget::print(&workspace.dist())?)?;
    // The release build embeds dist/, so the web app has to be there before.
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--release", "--package", "hongbao"]);
    let mut built = workspace.target_dir.clone();
    if let Some(target) = &target {
        cargo.args(["--target", target]);
        built.push(target);
    }
    process::run(&mut cargo)?;
    built.extend(["release", "hongbao"]);

    let folder = workspace.target_dir.join("dist");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let binary = folder.join(format!("hongbao{EXE_SUFFIX}"));
    let built = built.with_extension(EXE_SUFFIX.trim_start_matches('.'));
    let bytes =
        fs::copy(&built, &binary).with_context(|| format!("could not copy {}", built.display()))?;
    for (name, text) in workspace.licenses()? {
        fs::write(folder.join(name), text)?;
    }
    let archive = archive(workspace, &folder, &binary)?;
    let list = folder.join(format!("{}.cdx.json", archive_name(workspace)));
    let crates = sbom::of(workspace, target.as_deref())?;
    fs::write(&list, serde_json::to_string_pretty(&crates)?)?;
    let package = folder.join(js_package::NAME);
    js_package::build(workspace, &package)?;

    println!("hongbao {}", workspace.version);
    println!("  {bytes:>9} bytes  {}", workspace.shown(&binary));
    println!("  {:>9} bytes  {}", fs::metadata(&archive)?.len(), workspace.shown(&archive));
    println!("  {:>9} bytes  {}", fs::metadata(&list)?.len(), workspace.shown(&list));
    println!("  {:>9} bytes  {}/", js_package::size(&package)?, workspace.shown(&package));
    Ok(ExitCode::SUCCESS)
}

/// What the archive is called, and what comes along with it.
fn archive_name(workspace: &Workspace) -> String {
    format!("hongbao-{}-{ARCH}-{OS}", workspace.version)
}

/// One file that is unpacked and installed from (docs/INSTALL.md).
fn archive(workspace: &Workspace, folder: &Path, binary: &Path) -> Result<PathBuf> {
    let name = archive_name(workspace);
    let path = folder.join(format!("{name}.tar.gz"));
    let file = File::create(&path)?;
    let mut archive = tar::Builder::new(GzEncoder::new(file, Compression::best()));
    let mut add = |inside: &str, content: &[u8], mode: u32| {
        let mut header = tar::Header::new_gnu();
        header.set_size(u64::try_from(content.len())?);
        header.set_mode(mode);
        // The same files give the same bytes, whenever they are packed.
        header.set_mtime(0);
        header.set_cksum();
        archive.append_data(&mut header, format!("{name}/{inside}"), content)?;
        anyhow::Ok(())
    };
    add(&format!("hongbao{EXE_SUFFIX}"), &fs::read(binary)?, 0o755)?;
    for (inside, source, mode) in INSTALLER {
        add(inside, &fs::read(workspace.root.join(source))?, mode)?;
    }
    for (inside, text) in workspace.licenses()? {
        add(&inside, &text, 0o644)?;
    }
    archive.into_inner()?.finish()?.sync_all()?;
    Ok(path)
}
