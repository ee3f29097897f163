//! Owns `SignetChallenge`: the script by which a signet of one's own is known (BIP325).
//!
//! Refuses to check blocks: the light client does that.

use std::fmt;
use std::str::FromStr;

use bitcoin::ScriptBuf;

/// The challenge of a signet other than the default one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SignetChallenge(ScriptBuf);

impl SignetChallenge {
    /// The script.
    #[must_use]
    pub const fn script(&self) -> &ScriptBuf {
        &self.0
    }
}

impl fmt::Display for SignetChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_hex_string())
    }
}

impl FromStr for SignetChallenge {
    type Err = ParseSignetChallengeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let script = ScriptBuf::from_hex(text).map_err(|_| ParseSignetChallengeError)?;
        let runs = !script.is_empty() && script.len() <= LONGEST;
        if runs { Ok(Self(script)) } else { Err(ParseSignetChallengeError) }
    }
}

/// The text is not a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not the challenge of a signet: write its script in hexadecimal, as the signet's people give it"
)]
pub struct ParseSignetChallengeError;

/// The longest script that a block may solve, in bytes.
const LONGEST: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_hexadecimal_and_has_a_script() {
        let text = "512103ad5e0edad18cb1f0fc0d28a3d4f1f3e445640337489abb10404f2d1e086be43051ae";
        let challenge: SignetChallenge = text.parse().expect("the example of BIP325");
        assert_eq!(challenge.to_string(), text);
        for bad in ["", "5", "xy", &"51".repeat(LONGEST + 1)] {
            assert_eq!(bad.parse::<SignetChallenge>(), Err(ParseSignetChallengeError));
        }
    }
}
