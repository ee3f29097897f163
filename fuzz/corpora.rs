//! Owns the replay of a crate's corpora in its tests, and is part of each crate that has targets
//! (`#[path]`). Refuses a target without a corpus, and a corpus without a target.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// A target's name, which is the directory of its corpus, and its body.
type Target<'a> = (&'a str, fn(&[u8]));

/// Runs every input of the corpora of `directory`, a crate's, through the body of its target.
pub(crate) fn replay(directory: &str, targets: &[Target<'_>]) {
    let corpora = Path::new(directory).join("fixtures/corpus");
    let listed = fs::read_dir(&corpora).expect("a directory of corpora");
    let kept: BTreeSet<_> = listed.map(|corpus| corpus.expect("a corpus").file_name()).collect();
    assert_eq!(kept, targets.iter().map(|(name, _)| (*name).into()).collect());
    for (name, body) in targets {
        let mut inputs = 0;
        for input in fs::read_dir(corpora.join(name)).expect("a corpus for every target") {
            body(&fs::read(input.expect("an input").path()).expect("a readable input"));
            inputs += 1;
        }
        assert!(inputs > 0, "the corpus of {name} is empty");
    }
}
