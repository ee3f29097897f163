//! Owns that every fuzz target, which is a folder in a crate's `fixtures/corpus`, is counted in
//! `fuzz/runs` and described in `fuzz/README.md`, and nothing else is.

use std::collections::BTreeSet;

use super::Finding;

/// Targets that one of the two does not name, or names without a corpus.
#[must_use]
pub fn untold_targets(files: &[(String, bool)], runs: &str, readme: &str) -> Vec<Finding> {
    let of_file =
        |path: &str| Some(path.split_once("fixtures/corpus/")?.1.split_once('/')?.0.into());
    let targets: BTreeSet<String> = files.iter().filter_map(|(path, _)| of_file(path)).collect();
    let counted = runs.lines().filter(|line| !line.starts_with('#'));
    let counted = counted.filter_map(|line| line.split_once(' ')).map(|(target, _)| target);
    let told = readme.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let told = told.map(|(target, _)| target);
    let mut findings = differences(&targets, &counted.map(str::to_owned).collect(), "fuzz/runs");
    findings.extend(differences(&targets, &told.map(str::to_owned).collect(), "fuzz/README.md"));
    findings
}

fn differences(targets: &BTreeSet<String>, named: &BTreeSet<String>, page: &str) -> Vec<Finding> {
    let missing = targets.difference(named).map(|target| format!("has no line for {target}"));
    let gone = named.difference(targets).map(|target| format!("{target} has no corpus"));
    missing.chain(gone).map(|message| Finding::new(page, 1, message)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_that_is_left_out_is_found_and_one_that_is_gone() {
        let files = [
            ("rpc/fixtures/corpus/door/knock".to_owned(), true),
            ("hw-signer/device/fixtures/corpus/state/file".to_owned(), false),
            ("rpc/fixtures/calls/door".to_owned(), true),
        ];
        let (runs, readme) = ("# how many\ndoor 10\nwindow 20\n", "| Target |\n| `state` | x |\n");
        let found: Vec<_> = untold_targets(&files, runs, readme);
        let told: Vec<_> = found.iter().map(|finding| finding.message.as_str()).collect();
        let [state, window, door] =
            ["has no line for state", "window has no corpus", "has no line for door"];
        assert_eq!(told, [state, window, door]);
        assert_eq!(untold_targets(&files, "door 1\nstate 2\n", "| `door` |\n| `state` |\n"), []);
    }
}
