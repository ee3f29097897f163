//! Owns messages signed in the old form ("Bitcoin Signed Message", BIP137).
//!
//! Refuses text that a screen can't show as it is: what would be signed is not what was seen.

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use base64ct::{Base64, Encoding as _};
use bitcoin::bip32::DerivationPath;
use bitcoin::hashes::Hash as _;
use bitcoin::secp256k1::Message;
use bitcoin::sign_message::{MessageSignature, signed_msg_hash};

use crate::address::{script_of, written};
use crate::keys::Keys;
use crate::limits::{MESSAGE_BYTES, PATH_STEPS};
use crate::network::Chain;
use crate::path::{self, StandardPath, Variant};
use crate::screen::{Screen, ScreenKind};

/// A message to be signed with one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageReview {
    text: String,
    path: DerivationPath,
    address: String,
}

impl MessageReview {
    /// Takes a message as it came.
    ///
    /// # Errors
    /// See [`MessageError`].
    pub fn parse(text: &str, path: &DerivationPath, keys: &Keys) -> Result<Self, MessageError> {
        if text.len() > MESSAGE_BYTES {
            return Err(MessageError::TooLong);
        }
        if path.len() > PATH_STEPS {
            return Err(MessageError::Path);
        }
        if text.chars().any(is_invisible) {
            return Err(MessageError::Invisible);
        }
        let chain = match keys.network() {
            crate::network::Network::Main => Chain::Mainnet,
            crate::network::Network::Test => Chain::Testnet,
        };
        let variant = StandardPath::of(path, keys.network()).map_or(Variant::Pkh, |p| p.variant);
        let address = written(&script_of(keys, path, variant), chain);
        Ok(Self { text: text.to_string(), path: path.clone(), address })
    }

    /// The pages to show, the last one to agree to.
    #[must_use]
    pub fn screens(&self) -> Vec<Screen> {
        let lines = self.text.split('\n').map(ToString::to_string).collect();
        let key = vec![self.address.clone(), path::written(&self.path)];
        let question = vec!["Sign this message with this key?".to_string()];
        vec![
            Screen::new(ScreenKind::Text, "Message", lines),
            Screen::new(ScreenKind::Address, "Signed as", key),
            Screen::new(ScreenKind::Confirm, "Sign message?", question),
        ]
    }

    /// Signs it: 65 bytes in base64, the first of which names a compressed key.
    #[must_use]
    pub fn sign(self, keys: &Keys) -> String {
        let message = Message::from_digest(signed_msg_hash(&self.text).to_byte_array());
        let signature = keys
            .with_secret(&self.path, |secret, secp| secp.sign_ecdsa_recoverable(&message, secret));
        Base64::encode_string(&MessageSignature::new(signature, true).serialize())
    }
}

/// Why a message is not signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Longer than anybody reads on a small screen.
    #[error("the message is too long: {MESSAGE_BYTES} bytes are the most")]
    TooLong,
    /// It has characters that are not seen, or that turn others around.
    #[error("the message has characters that a screen can't show")]
    Invisible,
    /// The path is longer than any wallet's.
    #[error("the key's path has too many steps: {PATH_STEPS} are the most")]
    Path,
}

/// Controls, and what makes text look like other text: zero width, and direction (UAX 9).
fn is_invisible(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use bitcoin::Address;
    use bitcoin::address::NetworkUnchecked;

    use super::*;
    use crate::sample::keys;

    fn review(text: &str, path: &str) -> Result<MessageReview, MessageError> {
        MessageReview::parse(text, &path.parse().unwrap(), &keys())
    }

    #[test]
    fn a_signature_is_one_of_the_address_that_was_shown() {
        let review = review("I was here.\nTwice.", "m/44'/1'/0'/0/0").unwrap();
        let screens = review.screens();
        assert_eq!(screens[0].lines, ["I was here.", "Twice."]);
        let address: Address<NetworkUnchecked> = screens[1].lines[0].parse().unwrap();
        let signature = Base64::decode_vec(&review.sign(&keys())).unwrap();
        let signature = MessageSignature::from_slice(&signature).unwrap();
        let hash = signed_msg_hash("I was here.\nTwice.");
        let keys = keys();
        let good = signature.is_signed_by_address(keys.secp(), &address.assume_checked(), hash);
        assert_eq!(good, Ok(true));
    }

    #[test]
    fn what_a_screen_cannot_show_is_not_signed() {
        for text in ["a\u{202e}b", "a\u{200b}b", "a\rb", "\u{0}", "\u{feff}"] {
            assert_eq!(review(text, "m/0"), Err(MessageError::Invisible), "{text:?}");
        }
        assert!(review("Gr\u{fc}\u{df}e \u{20bf}", "m/0").is_ok());
        assert_eq!(review(&"x".repeat(MESSAGE_BYTES + 1), "m/0"), Err(MessageError::TooLong));
        assert_eq!(review("x", "m/1/1/1/1/1/1/1/1/1/1/1"), Err(MessageError::Path));
    }
}
