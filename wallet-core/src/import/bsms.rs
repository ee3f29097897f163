//! Owns the descriptor record of BSMS (BIP129), version 1.0, not encrypted.
//!
//! Four lines: the version, the descriptor with `/**` or without branches, the branches, the first
//! address. Refuses other branches than 0 and 1, and a first address that is not derived.

use bitcoin::Network;

use super::{Import, ImportError, ImportedAccount};
use crate::keychain::{AccountDescriptor, body_of};

/// Whether a text is such a record.
pub(super) fn is_one(text: &str) -> bool {
    text.starts_with("BSMS ")
}

/// Reads a record.
pub(super) fn read(text: &str, network: Network) -> Result<Import, ImportError> {
    let field = |field| ImportError::Field { field };
    let mut lines = text.lines().map(str::trim);
    if lines.next() != Some("BSMS 1.0") {
        return Err(field("version"));
    }
    let template = lines.next().ok_or(field("descriptor"))?;
    let branches = lines.next().ok_or(field("path restrictions"))?;
    let first = lines.next().ok_or(field("first address"))?;
    let body = template.split('#').next().unwrap_or_default();
    if !matches!(branches, "/0/*,/1/*" | "No path restrictions") {
        return Err(field("path restrictions"));
    }
    // The checksum covers the template as it stands.
    body_of(template)?;
    let whole = body.replace("/**", "/<0;1>/*");
    let account = ImportedAccount::new(AccountDescriptor::parse(&whole, network)?, None);
    account.check_first(first, network)?;
    Ok(Import { accounts: vec![account], height: None })
}
