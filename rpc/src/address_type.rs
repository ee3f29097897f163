//! Owns the names that Bitcoin Core has for types of addresses.
//!
//! Refuses types that have none.

use billfold_wallet_core::keychain::ScriptType;

use crate::error::RpcError;

/// The type of a name, for an address or change.
///
/// # Errors
/// -5 if no type has it.
pub fn read(text: &str, what: &str) -> Result<ScriptType, RpcError> {
    let found = TYPES.into_iter().find(|kind| name(*kind) == text);
    found.ok_or_else(|| RpcError::address_or_key(format!("Unknown {what} type '{text}'")))
}

/// The name of a type.
#[must_use]
pub const fn name(kind: ScriptType) -> &'static str {
    match kind {
        ScriptType::Legacy => "legacy",
        ScriptType::Nested => "p2sh-segwit",
        ScriptType::Segwit => "bech32",
        ScriptType::Taproot => "bech32m",
    }
}

const TYPES: [ScriptType; 4] =
    [ScriptType::Legacy, ScriptType::Nested, ScriptType::Segwit, ScriptType::Taproot];
