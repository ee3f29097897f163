//! Makes each mistake of `mutations.toml` in a copy of what is committed, and runs the test that must
//! find it, which passes without the mistake.
//!
//! `mutate [PART]`: only those with this in their name or that of their package. The copy and what is built of it stay in
//! `mutations/` of the build's folder, for the next time.

use std::collections::BTreeMap;
use std::env;
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use billfold_tests::mutation::{self, Mutation};
use billfold_tests::target;

fn main() -> Result<()> {
    let part = env::args().nth(1).unwrap_or_default();
    let home = target::folder().join("mutations");
    let tree = home.join("tree");
    copy(&tree)?;
    let wanted = mutation::all()?
        .into_iter()
        .filter(|one| one.name.contains(&part) || one.package.contains(&part));
    let mut packages: BTreeMap<(String, Option<String>), Vec<Mutation>> = BTreeMap::new();
    for mutation in wanted {
        let alone = mutation.alone.then(|| mutation.name.clone());
        packages.entry((mutation.package.clone(), alone)).or_default().push(mutation);
    }
    let bench = Bench { tree, home };
    let mut missed = Vec::new();
    for mutations in packages.values() {
        missed.extend(bench.missed(mutations)?);
    }
    ensure!(missed.is_empty(), "no test finds these: {missed:?}");
    Ok(())
}

/// Where mistakes are made.
struct Bench {
    tree: PathBuf,
    home: PathBuf,
}

impl Bench {
    /// Those of one package that are not found; made and built together.
    fn missed(&self, mutations: &[Mutation]) -> Result<Vec<String>> {
        let alone = mutations.iter().any(|mutation| mutation.alone);
        if alone {
            self.build(mutations)?;
            self.pass_without(mutations)?;
        }
        for mutation in mutations {
            mutation.make(&self.tree)?;
        }
        self.build(mutations)?;
        if !alone {
            self.pass_without(mutations)?;
        }
        let mut missed = Vec::new();
        for mutation in mutations {
            let missing = self.passes(mutation, &mutation.name)?;
            let came_of_it = if missing { "MISSED" } else { "found" };
            writeln!(stdout(), "{came_of_it}: {} ({})", mutation.name, mutation.found_by)?;
            missed.extend(missing.then(|| mutation.name.clone()));
        }
        copy(&self.tree)?;
        Ok(missed)
    }

    fn pass_without(&self, mutations: &[Mutation]) -> Result<()> {
        for mutation in mutations {
            ensure!(self.passes(mutation, "")?, "{} fails without a mistake", mutation.found_by);
        }
        Ok(())
    }

    /// Whether the test passes for who has chosen this mistake.
    fn passes(&self, mutation: &Mutation, chosen: &str) -> Result<bool> {
        let mut test = self.cargo(mutation, &["--", &mutation.found_by]);
        Ok(test.env(mutation::CHOSEN, chosen).status().context("cargo can't be run")?.success())
    }

    /// A tree that does not compile is no answer.
    fn build(&self, mutations: &[Mutation]) -> Result<()> {
        let Some(first) = mutations.first() else { return Ok(()) };
        let output = self.cargo(first, &["--no-run"]).stderr(Stdio::piped()).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{}: it does not compile: {said}", first.package);
        Ok(())
    }

    fn cargo(&self, mutation: &Mutation, run: &[&str]) -> Command {
        let arguments = [&["test", "--quiet", "--lib", "-p", &mutation.package], run].concat();
        let mut command = Command::new(env!("CARGO"));
        command.args(arguments).current_dir(&self.tree);
        command.env("CARGO_TARGET_DIR", self.home.join("target")).env("PROPTEST_RNG_SEED", "1");
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
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
