//! Owns `Policy`: an account as a device registers it (BIP388), and its name there.
//!
//! Refuses to read it: the wallet made it and the device explains it.

use std::fmt;

use bitcoin::hashes::{Hash, HashEngine, sha256};

use crate::limits::POLICY_NAME_BYTES;

/// A wallet policy with the name under which a device keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    name: PolicyName,
    template: String,
    keys: Vec<String>,
}

/// A name that devices take, which no other policy has: what people call the account, as far as it
/// fits, and a hash of the policy.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PolicyName(String);

impl Policy {
    /// A policy: `template` with `@0`, `@1`, … for its keys, each `[fingerprint/path]xpub…`.
    /// `called` is what people call the account.
    #[must_use]
    pub fn new(called: &str, template: &str, keys: Vec<String>) -> Self {
        // Devices read the long form, and not all of them the short one.
        let template = template.replace("/**", "/<0;1>/*");
        let mut engine = sha256::Hash::engine();
        for part in std::iter::once(&template).chain(&keys) {
            engine.input(part.as_bytes());
            engine.input(&[0]);
        }
        let hash = sha256::Hash::from_engine(engine).to_string();
        let fits = |c: &char| c.is_ascii_alphanumeric();
        let room = POLICY_NAME_BYTES - 1 - HASH_CHARS;
        let called: String = called.chars().filter(fits).take(room).collect();
        Self { name: PolicyName(format!("{called}-{}", &hash[..HASH_CHARS])), template, keys }
    }

    /// Its name on devices.
    #[must_use]
    pub const fn name(&self) -> &PolicyName {
        &self.name
    }

    /// The descriptor, with numbers for its keys.
    #[must_use]
    pub fn template(&self) -> &str {
        &self.template
    }

    /// The descriptor with its keys written out, hardened steps marked with `h`.
    #[must_use]
    pub fn descriptor(&self) -> String {
        // From the last to the first: `@1` stands in `@10` too.
        let keys = self.keys.iter().enumerate().rev();
        let written = keys.fold(self.template.clone(), |text, (number, key)| {
            text.replace(&format!("@{number}"), key)
        });
        written.replace('\'', "h")
    }

    /// Its keys, in the order of their numbers.
    #[must_use]
    pub fn keys(&self) -> &[String] {
        &self.keys
    }
}

impl PolicyName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PolicyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Characters of the hash in a name: two policies of one account differ, and a person can compare
/// them.
const HASH_CHARS: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    /// A device that keeps a policy under a name would overwrite it with another of that name.
    #[test]
    fn each_policy_has_a_name_of_its_own_that_fits() {
        let keys = |key: &str| vec![key.to_owned()];
        let one = Policy::new("family/savings-2030", "wsh(pk(@0/**))", keys("a"));
        assert_eq!(one.name().as_str().len(), POLICY_NAME_BYTES);
        assert!(one.name().as_str().starts_with("familysa-"), "{}", one.name());
        assert_eq!(one.template(), "wsh(pk(@0/<0;1>/*))");
        for other in [
            Policy::new("family/savings-2030", "wsh(pk(@0/**))", keys("b")),
            Policy::new("family/savings-2030", "tr(@0/**)", keys("a")),
        ] {
            assert_ne!(one.name(), other.name());
        }
        assert_eq!(one, Policy::new("family/savings-2030", "wsh(pk(@0/<0;1>/*))", keys("a")));
    }

    #[test]
    fn a_policy_is_written_out_as_a_descriptor() {
        let keys: Vec<_> = (0..11).map(|number| format!("[0a0b0c0d/48'/1']k{number}")).collect();
        let policy = Policy::new("a", "wsh(multi(1,@10/**,@1/<0;1>/*))", keys);
        let written = "wsh(multi(1,[0a0b0c0d/48h/1h]k10/<0;1>/*,[0a0b0c0d/48h/1h]k1/<0;1>/*))";
        assert_eq!(policy.descriptor(), written);
    }
}
