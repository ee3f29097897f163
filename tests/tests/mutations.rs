//! The list of mistakes fits the sources. That tests find them takes long: `.ci/long` shows it.

use std::path::Path;

use anyhow::{Result, ensure};
use billfold_tests::mutation;

#[test]
fn every_mistake_can_still_be_made() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for mutation in mutation::all()? {
        let made = mutation.made(&root)?;
        ensure!(made.contains(&mutation.becomes) && mutation.was != mutation.becomes);
    }
    Ok(())
}
