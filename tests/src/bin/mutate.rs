//! Makes each mistake of `mutations.toml` in a copy of what is committed, one at a time, and runs
//! the test that must find it, which passes without one.
//!
//! `mutate [PART]`: only those with this in their name. The copy and what is built of it stay in
//! `mutations/` of the build's folder, for the next time.

use std::io::{Write, stdout};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};
use billfold_tests::mutation::{self, Mutation};
use billfold_tests::target;

fn main() -> Result<()> {
    let part = env::args().nth(1).unwrap_or_default();
    let home = target::folder().join("mutations");
    let tree = home.join("tree");
    copy(&tree)?;
    let wanted = |one: &Mutation| one.name.contains(&part);
    let mut mutations: Vec<_> = mutation::all()?.into_iter().filter(wanted).collect();
    // Nothing is built twice in a row that was built before.
    mutations.sort_by(|one, other| one.package.cmp(&other.package));
    for mutation in &mutations {
        ensure!(passes(&tree, &home, mutation)?, "{} fails without a mistake", mutation.found_by);
    }
    let mut missed = Vec::new();
    for mutation in mutations {
        let path = tree.join(&mutation.file);
        let right = fs::read_to_string(&path)?;
        fs::write(&path, mutation.made(&tree)?)?;
        let missing = passes(&tree, &home, &mutation)?;
        fs::write(&path, right)?;
        let came_of_it = if missing { "MISSED" } else { "found" };
        writeln!(stdout(), "{came_of_it}: {} ({})", mutation.name, mutation.found_by)?;
        missed.extend(missing.then_some(mutation.name));
    }
    ensure!(missed.is_empty(), "no test finds these: {missed:?}");
    Ok(())
}

/// Whether the test passes. A tree that does not compile is no answer.
fn passes(tree: &Path, home: &Path, mutation: &Mutation) -> Result<bool> {
    let cargo = |run: &[&str]| -> Result<ExitStatus> {
        let bench = mutation.bench.as_deref();
        let of = bench.map_or(vec!["--lib"], |bench| vec!["--test", bench]);
        let arguments = [&["test", "--quiet", "-p", &mutation.package], &of[..], run].concat();
        let mut command = Command::new(env!("CARGO"));
        command.args(arguments).current_dir(tree).env("CARGO_TARGET_DIR", home.join("target"));
        command.env("PROPTEST_RNG_SEED", "1").stdout(Stdio::null()).stderr(Stdio::null());
        command.status().context("cargo can't be run")
    };
    if !cargo(&["--no-run"])?.success() {
        bail!("{}: the tree does not compile", mutation.name);
    }
    Ok(cargo(&["--", &mutation.found_by])?.success())
}

/// Makes the tree what is committed; what is as it was keeps its time, so that it is not built anew.
fn copy(tree: &Path) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").display().to_string();
    let git = |arguments: &[&str]| -> Result<()> {
        let status = Command::new("git").args(arguments).status().context("git can't be run")?;
        ensure!(status.success(), "git {arguments:?} failed");
        Ok(())
    };
    let shown = tree.display().to_string();
    if !tree.exists() {
        return git(&["clone", "--quiet", &root, &shown]);
    }
    git(&["-C", &shown, "fetch", "--quiet", &root, "HEAD"])?;
    git(&["-C", &shown, "checkout", "--quiet", "--force", "--detach", "FETCH_HEAD"])
}
