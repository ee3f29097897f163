//! Owns a policy's template (BIP388, "Wallet policies"): where its keys stand.
//!
//! Refuses keys that are written out, out of order or unused, the same place twice, hardened
//! steps, and brackets that are deeper than any script.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use miniscript::ForEachKey as _;
use miniscript::descriptor::{Descriptor, DescriptorPublicKey};

use super::PolicyError;
use super::key::PolicyKey;
use crate::limits::{POLICY_DEPTH, POLICY_TEMPLATE};

/// A template that was read.
pub(super) struct Template {
    /// The text before each placeholder, and behind the last.
    texts: Vec<String>,
    placeholders: Vec<Placeholder>,
}

/// A place of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placeholder {
    /// The key's number.
    pub(super) key: usize,
    /// The steps below the key, of the branch to receive and of that for change.
    pub(super) steps: [u32; 2],
}

impl Template {
    /// Reads a template for so many keys.
    pub(super) fn parse(text: &str, keys: usize) -> Result<Self, PolicyError> {
        if text.len() > POLICY_TEMPLATE || depth(text) > POLICY_DEPTH {
            return Err(PolicyError::TooLong);
        }
        if !KINDS.iter().any(|kind| text.starts_with(kind)) {
            return Err(PolicyError::Kind);
        }
        let mut template = Self { texts: Vec::new(), placeholders: Vec::new() };
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('@') {
            let (placeholder, behind) = placeholder(behind).ok_or(PolicyError::Placeholders)?;
            // Anything else would be read as a part of the key: `'` as a hardened range.
            if !behind.starts_with([',', ')', '}']) {
                return Err(PolicyError::Placeholders);
            }
            template.texts.push(before.to_string());
            template.placeholders.push(placeholder);
            rest = behind;
        }
        template.texts.push(rest.to_string());
        if template.is_ordered(keys) { Ok(template) } else { Err(PolicyError::Placeholders) }
    }

    /// The places of its keys.
    pub(super) fn placeholders(&self) -> &[Placeholder] {
        &self.placeholders
    }

    /// The descriptors to receive and for change.
    pub(super) fn descriptors(
        &self,
        keys: &[PolicyKey],
    ) -> Result<[Descriptor<DescriptorPublicKey>; 2], PolicyError> {
        Ok([self.descriptor(keys, 0)?, self.descriptor(keys, 1)?])
    }

    fn descriptor(
        &self,
        keys: &[PolicyKey],
        branch: usize,
    ) -> Result<Descriptor<DescriptorPublicKey>, PolicyError> {
        let mut text = String::new();
        for (before, placeholder) in self.texts.iter().zip(&self.placeholders) {
            let key = keys[placeholder.key].text();
            let step = placeholder.steps[branch].to_string();
            text.extend([before.as_str(), &key, "/", &step, "/*"]);
        }
        text.extend(self.texts.last().map(String::as_str));
        let insane = |error: miniscript::Error| PolicyError::Insane(error.to_string());
        let descriptor: Descriptor<DescriptorPublicKey> = text.parse().map_err(insane)?;
        descriptor.sanity_check().map_err(insane)?;
        let extended = descriptor.for_each_key(|key| matches!(key, DescriptorPublicKey::XPub(_)));
        let mut found = 0;
        descriptor.for_each_key(|_| {
            found += 1;
            true
        });
        let all_named = extended && found == self.placeholders.len();
        if all_named { Ok(descriptor) } else { Err(PolicyError::Placeholders) }
    }

    /// Whether every key is named, for the first time in order, and no place is there twice.
    fn is_ordered(&self, keys: usize) -> bool {
        let mut named = 0;
        let mut places = Vec::new();
        for placeholder in &self.placeholders {
            if placeholder.key > named {
                return false;
            }
            named = named.max(placeholder.key + 1);
            places.extend(placeholder.steps.map(|step| (placeholder.key, step)));
        }
        let all = places.len();
        places.sort_unstable();
        places.dedup();
        named == keys && places.len() == all
    }
}

/// A placeholder behind its `@`, and what follows it.
fn placeholder(text: &str) -> Option<(Placeholder, &str)> {
    let (key, rest) = number(text)?;
    let key = usize::try_from(key).ok()?;
    if let Some(rest) = rest.strip_prefix("/**") {
        return Some((Placeholder { key, steps: [0, 1] }, rest));
    }
    let (receive, rest) = number(rest.strip_prefix("/<")?)?;
    let (change, rest) = number(rest.strip_prefix(';')?)?;
    let rest = rest.strip_prefix(">/*")?;
    Some((Placeholder { key, steps: [receive, change] }, rest))
}

/// A decimal number below 2^31 without needless zeros.
fn number(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let number: u32 = digits.parse().ok()?;
    (number < 1 << 31 && number.to_string() == digits).then_some((number, rest))
}

fn depth(text: &str) -> usize {
    let mut open = 0_usize;
    let mut deepest = 0;
    for c in text.chars() {
        match c {
            '(' | '{' => open += 1,
            ')' | '}' => open = open.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest
}

/// The scripts that are registered.
const KINDS: [&str; 5] = ["wsh(", "sh(wsh(", "sh(multi(", "sh(sortedmulti(", "tr("];
