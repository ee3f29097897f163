//! Owns the order of modules: a file uses only modules that stand before it in the list of its
//! crate (or of the module both belong to), so there are no circles, and the parts of
//! `light-client`'s `sync` never know each other.
//!
//! Parents don't count: a module may use its children, and a child what its ancestors define.

use std::collections::BTreeMap;

use super::Finding;
use super::mention::{Mention, mentions};
use super::source::{Kind, Source};

/// Uses that point forward in a module list, beside each other in `sync`, or at the crate's root.
#[must_use]
pub fn misplaced_uses(sources: &[Source]) -> Vec<Finding> {
    let crates = Crates::read(sources);
    let product = sources.iter().filter(|source| !source.is_yard());
    product.flat_map(|source| crates.misplaced_uses_of(source)).collect()
}

/// Files that no module list names: dead code.
#[must_use]
pub fn unlisted_files(sources: &[Source]) -> Vec<Finding> {
    let crates = Crates::read(sources);
    let mut findings = Vec::new();
    for source in sources {
        let Some((krate, module)) = place(&source.path) else { continue };
        let Some((name, parent)) = module.split_last() else { continue };
        let listed = |list: &Vec<String>| list.contains(name);
        if !crates.lists.get(&(krate.to_owned(), parent.to_vec())).is_some_and(listed) {
            findings.push(Finding::new(&source.path, 1, "no module list names this file"));
        }
    }
    findings
}

/// The module lists of all crates, by crate folder and module path.
struct Crates {
    lists: BTreeMap<(String, Vec<String>), Vec<String>>,
}

impl Crates {
    fn read(sources: &[Source]) -> Self {
        let mut lists = BTreeMap::new();
        for source in sources {
            if let Some((krate, module)) = place(&source.path) {
                // The root of a crate may be a library and a program.
                let list: &mut Vec<String> = lists.entry((krate.to_owned(), module)).or_default();
                list.extend(module_list(source));
            }
        }
        Self { lists }
    }

    fn misplaced_uses_of(&self, source: &Source) -> Vec<Finding> {
        let Some((krate, module)) = place(&source.path) else { return Vec::new() };
        let mut findings = Vec::new();
        for mention in mentions(source).iter().filter(|mention| !mention.in_test) {
            let Some(target) = absolute(&module, mention) else { continue };
            if let Some(message) = self.objection(krate, &module, &target) {
                let message = format!("{}: {message}", mention.path());
                findings.push(Finding::new(&source.path, mention.line, message));
            }
        }
        findings
    }

    fn objection(&self, krate: &str, module: &[String], target: &[String]) -> Option<String> {
        let shared = module.iter().zip(target).take_while(|(own, other)| own == other).count();
        let (own, other) = (module.get(shared)?, target.get(shared)?);
        let parent = &module[..shared];
        let list = self.lists.get(&(krate.to_owned(), parent.to_vec()))?;
        let position = |name: &String| list.iter().position(|module| module == name);
        let Some(other_at) = position(other) else {
            let reexport = parent.is_empty() && other.starts_with(char::is_uppercase);
            return reexport.then(|| "name the module it comes from".to_owned());
        };
        if parent.last().is_some_and(|name| name == STRANGERS) {
            return Some(format!("{own} and {other} never know each other: go through the parent"));
        }
        let own_at = position(own)?;
        (other_at > own_at).then(|| {
            let list = if parent.is_empty() { "the crate".to_owned() } else { parent.join("::") };
            format!("{other} stands after {own} in the list of {list}: use it the other way round")
        })
    }
}

/// The folder of the crate and the module path of a file; `None` outside `src/`.
fn place(path: &str) -> Option<(&str, Vec<String>)> {
    let (krate, file) = path
        .strip_prefix("src/")
        .map_or_else(|| path.split_once("/src/"), |file| Some(("", file)))?;
    if file.starts_with("bin/") || krate.starts_with("fuzz") {
        return None;
    }
    let module = file.strip_suffix(".rs")?;
    let root = module == "lib" || module == "main";
    let segments = if root { Vec::new() } else { module.split('/').map(str::to_owned).collect() };
    Some((krate, segments))
}

/// The modules that a file declares as files, in order.
fn module_list(source: &Source) -> Vec<String> {
    let declarations = source.tokens.windows(3).filter(|tokens| {
        tokens[0].text == "mod" && tokens[1].kind == Kind::Word && tokens[2].text == ";"
    });
    declarations.map(|tokens| tokens[1].text.clone()).collect()
}

/// The path from the crate's root; `None` if the mention leaves the crate.
fn absolute(module: &[String], mention: &Mention) -> Option<Vec<String>> {
    let (first, mut rest) = mention.segments.split_first()?;
    let mut base = match first.as_str() {
        "crate" => Vec::new(),
        "self" => module.to_vec(),
        "super" => module.split_last()?.1.to_vec(),
        _ => return None,
    };
    while let Some(("super", after)) = rest.split_first().map(|(s, after)| (s.as_str(), after)) {
        base.pop();
        rest = after;
    }
    base.extend(rest.iter().cloned());
    Some(base)
}

/// The module whose children never know each other.
const STRANGERS: &str = "sync";

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(files: &[(&str, &str)]) -> Vec<Source> {
        files.iter().map(|(path, text)| Source::read(path, text).unwrap()).collect()
    }

    fn misplaced(user: &str, text: &str) -> Vec<Finding> {
        misplaced_uses(&sources(&[
            ("a/src/lib.rs", "mod first; mod second; mod sync; pub use first::Thing;"),
            ("a/src/second.rs", "mod one; mod two;"),
            ("a/src/sync.rs", "mod blocks; mod headers;"),
            (user, text),
        ]))
    }

    #[test]
    fn a_use_of_a_later_module_is_refused() {
        assert_eq!(misplaced("a/src/first.rs", "use crate::second::X;").len(), 1);
        assert_eq!(misplaced("a/src/first.rs", "use super::second;").len(), 1);
        assert_eq!(misplaced("a/src/first.rs", "fn f() { crate::sync::g() }").len(), 1);
        assert_eq!(misplaced("a/src/second/one.rs", "use super::two::X;").len(), 1);
        assert_eq!(misplaced("a/src/second/one.rs", "use crate::{first, sync::Y};").len(), 1);
    }

    #[test]
    fn a_use_of_an_earlier_module_or_of_the_own_family_is_fine() {
        assert_eq!(misplaced("a/src/second/two.rs", "use super::one::X; use crate::first;"), []);
        assert_eq!(
            misplaced("a/src/second/one.rs", "use super::Parent; use crate::second::P;"),
            []
        );
        assert_eq!(misplaced("a/src/second/two.rs", "use crate::second::two::X;"), []);
        assert_eq!(misplaced("a/src/first.rs", "#[cfg(test)] mod t { use crate::second::X; }"), []);
    }

    #[test]
    fn conversations_never_know_each_other() {
        assert_eq!(misplaced("a/src/sync/headers.rs", "use super::blocks::X;").len(), 1);
        assert_eq!(misplaced("a/src/sync/headers.rs", "use crate::sync::blocks;").len(), 1);
        assert_eq!(misplaced("a/src/sync/headers.rs", "use crate::second::X;"), []);
    }

    #[test]
    fn a_use_through_the_root_hides_its_module() {
        assert_eq!(misplaced("a/src/second/two.rs", "use crate::Thing;").len(), 1);
    }

    #[test]
    fn a_file_that_nobody_lists_is_refused() {
        let files = sources(&[("a/src/lib.rs", "mod first;"), ("a/src/lost.rs", "")]);
        assert_eq!(unlisted_files(&files).len(), 1);
        let files = sources(&[("a/src/lib.rs", "mod first;"), ("a/src/first.rs", "")]);
        assert_eq!(unlisted_files(&files), []);
    }
}
