//! Owns what Coldcard exports: the text of a multisig, which other programs write too, and the
//! generic JSON of a single seed.

use bitcoin::Network;
use bitcoin::bip32::{DerivationPath, Fingerprint};
use serde_json::Value;

use super::{Import, ImportError, ImportedAccount, of_key};
use crate::keychain::{AccountDescriptor, AccountKey, ScriptType, parse_path};

/// Whether a text is one of a multisig.
pub(super) fn is_multisig(text: &str) -> bool {
    text.lines().any(|line| field_of(line).is_some_and(|(name, _)| name == "policy"))
}

/// Reads the text of a multisig: `Name`, `Policy: 2 of 3`, `Format`, and for each key a line of its
/// fingerprint, below the `Derivation` that holds for it.
pub(super) fn multisig(text: &str, network: Network) -> Result<Import, ImportError> {
    let bad = |field| ImportError::Field { field };
    let (mut name, mut policy, mut format) = (None, None, None);
    let mut path = None::<DerivationPath>;
    let mut keys: Vec<AccountKey> = Vec::new();
    for line in text.lines() {
        let Some((field, value)) = field_of(line) else { continue };
        match field.as_str() {
            "name" => name = Some(value),
            "policy" => policy = Some(parse_policy(value).ok_or(bad("policy"))?),
            "format" => format = Some(value.to_ascii_lowercase()),
            "derivation" => path = Some(parse_path(value)?),
            _ => {
                let signer: Fingerprint = field.parse().map_err(|_| ImportError::Unknown)?;
                let (key, _) = AccountKey::parse(value, network)?;
                let path = path.clone().ok_or(bad("derivation"))?;
                keys.push(AccountKey { origin: Some((signer, path)), ..key });
            }
        }
    }
    let (required, count) = policy.ok_or(bad("policy"))?;
    if keys.len() != count {
        return Err(bad("number of keys"));
    }
    let keys: Vec<_> = keys.iter().map(|key| format!("{key}/<0;1>/*")).collect();
    let body = format!("sortedmulti({required},{})", keys.join(","));
    let text = match format.as_deref() {
        Some("p2wsh") => format!("wsh({body})"),
        Some("p2sh-p2wsh" | "p2wsh-p2sh") => format!("sh(wsh({body}))"),
        // What the device takes for meant where nothing is said.
        Some("p2sh") | None => format!("sh({body})"),
        Some(_) => return Err(bad("format")),
    };
    let account = ImportedAccount::new(AccountDescriptor::parse(&text, network)?, name);
    Ok(Import { accounts: vec![account], height: None })
}

/// The accounts of the generic export: `bip44`, `bip49`, `bip84` and `bip86` of one seed. Those of
/// its multisig paths need the other keys.
pub(super) fn generic(
    export: &Value,
    only: Option<ScriptType>,
    network: Network,
) -> Result<Vec<ImportedAccount>, ImportError> {
    let bad = |field| ImportError::Field { field };
    let mut accounts = Vec::new();
    for script_type in ScriptType::ALL.into_iter().filter(|one| only.is_none_or(|t| t == *one)) {
        let Some(part) = export.get(format!("bip{}", script_type.purpose())) else { continue };
        let of = |name| part.get(name).and_then(Value::as_str);
        let signer = export.get("xfp").and_then(Value::as_str).ok_or(bad("xfp"))?;
        let signer: Fingerprint = signer.parse().map_err(|_| bad("xfp"))?;
        let path = parse_path(of("deriv").ok_or(bad("deriv"))?)?;
        let (key, key_use) = AccountKey::parse(of("xpub").ok_or(bad("xpub"))?, network)?;
        let key = AccountKey { origin: Some((signer, path)), ..key };
        let descriptor = of_key(&key, key_use, Some(script_type), network)?;
        let account = ImportedAccount::new(descriptor, None);
        if let Some(first) = of("first") {
            account.check_first(first, network)?;
        }
        accounts.push(account);
    }
    Ok(accounts)
}

/// `name: value`; comments and blank lines are none.
fn field_of(line: &str) -> Option<(String, &str)> {
    let line = line.trim();
    let (name, value) = line.split_once(':').filter(|_| !line.starts_with('#'))?;
    Some((name.trim().to_ascii_lowercase(), value.trim()))
}

/// `2 of 3`, also written `2/3`.
fn parse_policy(text: &str) -> Option<(usize, usize)> {
    let (required, count) = text.split_once("of").or_else(|| text.split_once('/'))?;
    Some((required.trim().parse().ok()?, count.trim().parse().ok()?))
}
