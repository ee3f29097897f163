//! Owns lists of descriptors and extended keys, one to a line, as people paste them and as Sparrow
//! and Bitcoin Core write them.
//!
//! Two descriptors that differ in their branch only are the two halves of one account.

use bitcoin::Network;

use super::{Import, ImportError, ImportedAccount, of_key};
use crate::keychain::{AccountDescriptor, AccountKey, DescriptorError, ScriptType};

/// Reads the lines; those that begin with `#` are comments.
pub(super) fn read(
    text: &str,
    script_type: Option<ScriptType>,
    network: Network,
) -> Result<Import, ImportError> {
    let lines = text.lines().map(str::trim);
    let lines: Vec<&str> = lines.filter(|l| !l.is_empty() && !l.starts_with('#')).collect();
    let (descriptors, keys): (Vec<&str>, Vec<&str>) =
        lines.iter().partition(|line| line.contains('('));
    let mut accounts = joined(&descriptors, network)?;
    for line in keys {
        let (key, key_use) = AccountKey::parse(line, network).map_err(|error| match error {
            DescriptorError::MalformedKey => ImportError::Unknown,
            other => other.into(),
        })?;
        let descriptor = of_key(&key, key_use, script_type, network)?;
        accounts.push(ImportedAccount::new(descriptor, None));
    }
    Ok(Import { accounts, height: None })
}

/// The accounts that these descriptors make; each once.
pub(super) fn joined(
    descriptors: &[&str],
    network: Network,
) -> Result<Vec<ImportedAccount>, ImportError> {
    let mut accounts: Vec<ImportedAccount> = Vec::new();
    let mut halves: Vec<(String, bool)> = Vec::new();
    for text in descriptors {
        let descriptor = match AccountDescriptor::parse(text, network) {
            Ok(descriptor) => descriptor,
            Err(DescriptorError::OneBranch) => {
                let body = text.split('#').next().unwrap_or_default();
                let (whole, is_change) = whole(body).ok_or(DescriptorError::OneBranch)?;
                halves.push((whole, is_change));
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        if !accounts.iter().any(|account| account.descriptor == descriptor) {
            accounts.push(ImportedAccount::new(descriptor, None));
        }
    }
    for (whole, is_change) in &halves {
        let descriptor = AccountDescriptor::parse(whole, network)?;
        if accounts.iter().any(|account| account.descriptor == descriptor) {
            continue;
        }
        if !halves.contains(&(whole.clone(), !is_change)) {
            return Err(DescriptorError::OneBranch.into());
        }
        accounts.push(ImportedAccount::new(descriptor, None));
    }
    Ok(accounts)
}

/// The descriptor of both branches that one of them stands for, and whether it is the one of change.
pub(super) fn whole(body: &str) -> Option<(String, bool)> {
    let [receive, change] = ["/0/*", "/1/*"].map(|branch| body.contains(branch));
    match (receive, change) {
        (true, false) => Some((body.replace("/0/*", "/<0;1>/*"), false)),
        (false, true) => Some((body.replace("/1/*", "/<0;1>/*"), true)),
        _ => None,
    }
}
