//! Owns the libFuzzer binary: `BILLFOLD_FUZZ` names the target, whose body lives in its crate.
//!
//! Refuses to hold bodies: they compile with their crates' tests, which replay the corpora.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

/// The bodies of every crate that has some.
const TARGETS: [&[(&str, fn(&[u8]))]; 6] = [
    &billfold_light_client::fuzz::TARGETS,
    &billfold_rpc::fuzz::TARGETS,
    &billfold_signer_core::fuzz::TARGETS,
    &billfold_signer_host::fuzz::TARGETS,
    &billfold_tui::fuzz::TARGETS,
    &billfold_wallet_core::fuzz::TARGETS,
];

static BODY: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("BILLFOLD_FUZZ").unwrap_or_default();
    let mut targets = TARGETS.into_iter().flatten();
    match targets.find(|(target, _)| *target == name) {
        Some((_, body)) => *body,
        None => {
            let names: Vec<_> = TARGETS.into_iter().flatten().map(|(target, _)| *target).collect();
            eprintln!("set BILLFOLD_FUZZ to one of: {}", names.join(", "));
            std::process::exit(2);
        }
    }
});

fuzz_target!(|bytes: &[u8]| BODY(bytes));
