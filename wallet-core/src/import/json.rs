//! Owns the exports that are JSON: Coldcard's generic one, Specter's, Sparrow's, and the list of
//! descriptors of Bitcoin Core.
//!
//! Which one it is shows in its fields. Fields that are not known are left alone.

use bitcoin::Network;
use serde_json::Value;

use super::descriptors::{joined, whole};
use super::{Import, ImportError, ImportedAccount, coldcard};
use crate::keychain::{AccountDescriptor, AccountKey, DescriptorError, ScriptType, parse_path};

/// Reads whichever it is.
pub(super) fn read(
    text: &str,
    script_type: Option<ScriptType>,
    network: Network,
) -> Result<Import, ImportError> {
    let value: Value = serde_json::from_str(text).map_err(|_| ImportError::Unknown)?;
    let accounts = if value.get("xfp").is_some() {
        coldcard::generic(&value, script_type, network)?
    } else if let Some(descriptor) = value.get("descriptor").and_then(Value::as_str) {
        return specter(&value, descriptor, network);
    } else if let Some(list) = value.get("descriptors").or(Some(&value)).and_then(Value::as_array) {
        core(list, network)?
    } else if let Some(keystores) = value.get("keystores").and_then(Value::as_array) {
        vec![sparrow(&value, keystores, network)?]
    } else {
        return Err(ImportError::Unknown);
    };
    Ok(Import { accounts, height: None })
}

/// Specter writes the branch of addresses only, and means 1 beside 0 for change.
fn specter(value: &Value, descriptor: &str, network: Network) -> Result<Import, ImportError> {
    let parsed = match AccountDescriptor::parse(descriptor, network) {
        Err(DescriptorError::OneBranch) => {
            let body = descriptor.split('#').next().unwrap_or_default();
            let (whole, is_change) = whole(body).ok_or(DescriptorError::OneBranch)?;
            if is_change {
                return Err(DescriptorError::OneBranch.into());
            }
            AccountDescriptor::parse(&whole, network)
        }
        parsed => parsed,
    };
    let label = value.get("label").and_then(Value::as_str);
    let height = value.get("blockheight").and_then(Value::as_u64);
    let height = height.and_then(|height| u32::try_from(height).ok());
    Ok(Import { accounts: vec![ImportedAccount::new(parsed?, label)], height })
}

/// The result of `listdescriptors`, or its list.
fn core(list: &[Value], network: Network) -> Result<Vec<ImportedAccount>, ImportError> {
    let text = |entry: &'_ Value| entry.get("desc").and_then(Value::as_str).map(str::to_owned);
    let texts: Option<Vec<String>> = list.iter().map(text).collect();
    let texts = texts.ok_or(ImportError::Field { field: "desc" })?;
    joined(&texts.iter().map(String::as_str).collect::<Vec<_>>(), network)
}

/// A wallet as Sparrow describes it: script type and keystores, and a miniscript for several keys.
fn sparrow(
    value: &Value,
    keystores: &[Value],
    network: Network,
) -> Result<ImportedAccount, ImportError> {
    let bad = |field| ImportError::Field { field };
    let mut keys = Vec::new();
    for keystore in keystores {
        let derivation = keystore.get("keyDerivation").ok_or(bad("keyDerivation"))?;
        let of = |value: &Value, name| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let xpub = of(keystore, "extendedPublicKey").ok_or(bad("extendedPublicKey"))?;
        let signer = of(derivation, "masterFingerprint").ok_or(bad("masterFingerprint"))?;
        let path = parse_path(&of(derivation, "derivation").ok_or(bad("derivation"))?)?;
        let signer = signer.parse().map_err(|_| bad("masterFingerprint"))?;
        let (key, _) = AccountKey::parse(&xpub, network)?;
        let key = AccountKey { origin: Some((signer, path)), ..key };
        keys.push(format!("{key}/<0;1>/*"));
    }
    let text = |name| value.get(name).and_then(Value::as_str);
    let script_type = text("scriptType").ok_or(bad("scriptType"))?;
    let body = match (&keys[..], script_type) {
        ([key], "P2PKH") => format!("pkh({key})"),
        ([key], "P2SH_P2WPKH") => format!("sh(wpkh({key}))"),
        ([key], "P2WPKH") => format!("wpkh({key})"),
        ([key], "P2TR") => format!("tr({key})"),
        ([_, _, ..], wrapping) => {
            let required = required(value).ok_or(bad("defaultPolicy"))?;
            let body = format!("sortedmulti({required},{})", keys.join(","));
            match wrapping {
                "P2WSH" => format!("wsh({body})"),
                "P2SH_P2WSH" => format!("sh(wsh({body}))"),
                _ => return Err(DescriptorError::Unsupported.into()),
            }
        }
        _ => return Err(bad("scriptType")),
    };
    let descriptor = AccountDescriptor::parse(&body, network)?;
    Ok(ImportedAccount::new(descriptor, text("name")))
}

/// How many must sign: the first number of a policy such as `multi(2,first,second,third)`.
fn required(value: &Value) -> Option<usize> {
    let miniscript = value.get("defaultPolicy")?.get("miniscript")?;
    let script = miniscript.get("script").unwrap_or(miniscript).as_str()?;
    let (_, arguments) = script.split_once("multi(")?;
    arguments.split(',').next()?.trim().parse().ok()
}
