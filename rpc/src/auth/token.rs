//! Owns the text of a token: a number, caveats, and a tag that chains them with HMAC-SHA256.
//!
//! The tag of a token without caveats is the HMAC of its number under its secret; each caveat's tag is
//! the HMAC of its text under the tag before. So whoever has a token can add a caveat and hand that
//! on, without asking anybody, and nobody can take one away. Refuses to know what a caveat means.

use base64ct::{Base64UrlUnpadded, Encoding};
use billfold_wallet_core::command::{TokenId, TokenKey};
use bitcoin::hashes::{Hash, HashEngine, Hmac, HmacEngine, sha256};
use bitcoin::hex::{DisplayHex, FromHex};
use zeroize::Zeroizing;

use crate::limits::{CAVEATS, TOKEN_BYTES};

use super::equal;

/// A token as it is shown.
// Outside of tests nothing but `equal` can compare what is secret in it.
#[cfg_attr(test, derive(PartialEq, Eq))]
#[derive(Clone)]
pub struct Token {
    /// Its number.
    pub id: TokenId,
    /// What bounds it.
    pub caveats: Vec<String>,
    tag: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The text is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a token: it begins with {PREFIX} and is one word")]
pub struct ParseTokenError;

/// A caveat that no token can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a caveat is one line of at most 4,096 bytes, and a token holds 64 of them")]
pub struct CaveatError;

impl Token {
    /// The token of a secret, without caveats.
    #[must_use]
    pub fn new(id: TokenId, key: &TokenKey) -> Self {
        Self {
            id,
            caveats: Vec::new(),
            tag: Zeroizing::new(mac(&*key.0, id.to_string().as_bytes())),
        }
    }

    /// The same token with one more caveat.
    ///
    /// # Errors
    /// See [`CaveatError`].
    pub fn narrowed(mut self, caveat: &str) -> Result<Self, CaveatError> {
        let is_line = !caveat.is_empty() && !caveat.contains(['\n', '\r']);
        if !is_line || caveat.len() > CAVEAT_BYTES || self.caveats.len() >= CAVEATS {
            return Err(CaveatError);
        }
        self.tag = Zeroizing::new(mac(&*self.tag, caveat.as_bytes()));
        self.caveats.push(caveat.to_owned());
        Ok(self)
    }

    /// Whether it was made with this secret.
    #[must_use]
    pub fn is_made_with(&self, key: &TokenKey) -> bool {
        let own = Self::new(self.id, key);
        let own = self.caveats.iter().try_fold(own, |token, caveat| token.narrowed(caveat));
        own.is_ok_and(|own| equal(&*own.tag, &*self.tag))
    }

    /// The text that is shown.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let tag = Zeroizing::new(self.tag.to_lower_hex_string());
        let mut lines = Zeroizing::new(format!("{}\n{}", self.id, tag.as_str()));
        for caveat in &self.caveats {
            lines.push('\n');
            lines.push_str(caveat);
        }
        let text = Zeroizing::new(Base64UrlUnpadded::encode_string(lines.as_bytes()));
        Zeroizing::new(format!("{PREFIX}{}", text.as_str()))
    }
}

impl std::str::FromStr for Token {
    type Err = ParseTokenError;

    fn from_str(text: &str) -> Result<Self, ParseTokenError> {
        let body = text.strip_prefix(PREFIX).filter(|body| body.len() <= TOKEN_BYTES);
        let lines = Base64UrlUnpadded::decode_vec(body.ok_or(ParseTokenError)?);
        let lines = Zeroizing::new(lines.map_err(|_| ParseTokenError)?);
        let lines = std::str::from_utf8(&lines).map_err(|_| ParseTokenError)?;
        let mut lines = lines.split('\n');
        let id = lines.next().and_then(|id| id.parse().ok()).ok_or(ParseTokenError)?;
        let tag = lines.next().and_then(|tag| <[u8; 32]>::from_hex(tag).ok());
        let tag = Zeroizing::new(tag.ok_or(ParseTokenError)?);
        let caveats: Vec<String> = lines.map(str::to_owned).collect();
        if caveats.len() > CAVEATS {
            return Err(ParseTokenError);
        }
        Ok(Self { id, caveats, tag })
    }
}

fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut engine = HmacEngine::<sha256::Hash>::new(key);
    engine.input(message);
    Hmac::from_engine(engine).to_byte_array()
}

/// With what every token begins.
const PREFIX: &str = "billfold1_";

/// Bytes of one caveat: a list of some sixty addresses.
const CAVEAT_BYTES: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> (Token, TokenKey) {
        let key = TokenKey(Zeroizing::new([3; 32]));
        (Token::new(TokenId([1; 8]), &key), key)
    }

    #[test]
    fn who_has_a_token_can_narrow_it_and_never_widen_it() {
        let (token, key) = token();
        let narrow = token.clone().narrowed("role=read").expect("a caveat");
        let narrower: Token = narrow.to_text().parse().expect("its own text");
        assert_eq!(narrower, narrow);
        let narrower = narrower.narrowed("until=5").expect("a caveat");
        for good in [&token, &narrow, &narrower] {
            assert!(good.is_made_with(&key));
        }
        let wide = Token { caveats: Vec::new(), ..narrower.clone() };
        let swapped =
            Token { caveats: narrower.caveats.iter().rev().cloned().collect(), ..narrower.clone() };
        let other = Token { id: TokenId([2; 8]), ..token.clone() };
        let joined = Token { caveats: vec!["role=readuntil=5".to_owned()], ..narrower };
        for bad in [wide, swapped, other, joined] {
            assert!(!bad.is_made_with(&key));
        }
        assert!(!token.is_made_with(&TokenKey(Zeroizing::new([4; 32]))));
    }

    #[test]
    fn what_is_no_token_is_refused_and_shows_no_secret() {
        for text in ["", "billfold1_", "billfold1_%%", "billfold1_AAAA", "x"] {
            assert_eq!(text.parse::<Token>(), Err(ParseTokenError), "{text}");
        }
        let (token, _) = token();
        assert!(token.clone().narrowed("a\nb").is_err() && token.clone().narrowed("").is_err());
        let shown = format!("{token:?}");
        assert_eq!(shown, "Token { id: TokenId([1, 1, 1, 1, 1, 1, 1, 1]), .. }");
    }
}
