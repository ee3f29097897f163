//! Owns who may ask what: users by cookie or by `rpcauth` lines, and `rpcwhitelist` with Bitcoin
//! Core's meaning (`src/httprpc.cpp`).
//!
//! Refuses to keep a password: of each there is only its salted HMAC-SHA256.

mod cookie;
mod token;
mod grant;
mod whitelist;

use base64ct::{Base64, Encoding};
use billfold_wallet_core::command::Asker;
use bitcoin::hashes::{Hash, HashEngine, Hmac, HmacEngine, cmp, sha256};
use bitcoin::hex::{DisplayHex, FromHex};
use zeroize::Zeroizing;

use cookie::COOKIE_USER;
pub use cookie::{Cookie, CookieError};
pub use grant::{Grant, Pace, Role, UnknownCaveat};
pub use token::{CaveatError, ParseTokenError, Token};
pub use whitelist::Whitelists;

/// Who may ask, and for what.
#[derive(Debug, Default)]
pub struct Access {
    users: Vec<User>,
    whitelists: Whitelists,
}

/// One user, as an `rpcauth` line tells of them.
// Outside of tests nothing but `equal` can compare what is secret in it.
#[cfg_attr(test, derive(PartialEq, Eq))]
#[derive(Clone)]
pub struct User {
    name: String,
    salt: String,
    hash: [u8; 32],
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("name", &self.name).finish_non_exhaustive()
    }
}

impl User {
    /// A user of this password.
    #[must_use]
    pub fn new(name: &str, password: &str, salt: [u8; 16]) -> Self {
        let salt = salt.to_lower_hex_string();
        let hash = hash(&salt, password.as_bytes());
        Self { name: name.to_owned(), salt, hash }
    }
}

/// The text is no `rpcauth` line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an rpcauth line: write USER:SALT$HASH, as share/rpcauth.py of Bitcoin Core makes it")]
pub struct ParseUserError;

impl std::str::FromStr for User {
    type Err = ParseUserError;

    fn from_str(line: &str) -> Result<Self, ParseUserError> {
        let (name, rest) = line.split_once(':').ok_or(ParseUserError)?;
        let (salt, hash) = rest.split_once('$').ok_or(ParseUserError)?;
        let hash = FromHex::from_hex(hash).map_err(|_| ParseUserError)?;
        if name.is_empty() || salt.is_empty() {
            return Err(ParseUserError);
        }
        Ok(Self { name: name.to_owned(), salt: salt.to_owned(), hash })
    }
}

impl Access {
    /// These users, within these bounds.
    #[must_use]
    pub fn new(users: Vec<User>, whitelists: Whitelists) -> Self {
        Self { users, whitelists }
    }

    /// The token that an `Authorization` header holds, as a bearer's or as a password.
    #[must_use]
    pub fn token(authorization: &str) -> Option<Token> {
        if let Some(token) = authorization.strip_prefix("Bearer ") {
            return token.trim().parse().ok();
        }
        let encoded = authorization.strip_prefix("Basic ")?.trim();
        let decoded = Zeroizing::new(Base64::decode_vec(encoded).ok()?);
        let (_, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
        password.parse().ok()
    }

    /// Whose password an `Authorization` header holds. Takes the same time for every wrong password.
    #[must_use]
    pub fn asker(&self, authorization: &str) -> Option<Asker> {
        let name = self.user(authorization)?;
        Some(if name == COOKIE_USER { Asker::Owner } else { Asker::User(name) })
    }

    fn user(&self, authorization: &str) -> Option<String> {
        let encoded = authorization.strip_prefix("Basic ")?.trim();
        let decoded = Zeroizing::new(Base64::decode_vec(encoded).ok()?);
        let colon = decoded.iter().position(|byte| *byte == b':')?;
        let (name, password) = (&decoded[..colon], &decoded[colon + 1..]);
        let mut found = None;
        for user in &self.users {
            let same_name = equal(user.name.as_bytes(), name);
            let same_password = equal(&hash(&user.salt, password), &user.hash);
            if same_name & same_password {
                found = Some(user.name.clone());
            }
        }
        found
    }

    /// Whether somebody may call anything at all.
    #[must_use]
    pub fn admits(&self, asker: &Asker) -> bool {
        listed(asker).is_none_or(|name| self.whitelists.admits(name))
    }

    /// Whether somebody may call a method.
    #[must_use]
    pub fn allows(&self, asker: &Asker, method: &str) -> bool {
        listed(asker).is_none_or(|name| self.whitelists.allows(name, method))
    }

    /// Whether what somebody may call is listed.
    #[must_use]
    pub fn is_bounded(&self, asker: &Asker) -> bool {
        listed(asker).is_some_and(|name| self.whitelists.is_bounded(name))
    }
}

/// The name by which whitelists know somebody; a token has caveats instead.
fn listed(asker: &Asker) -> Option<&str> {
    match asker {
        Asker::Owner => Some(COOKIE_USER),
        Asker::User(name) => Some(name),
        Asker::Token(_) => None,
    }
}

fn hash(salt: &str, password: &[u8]) -> [u8; 32] {
    let mut engine = HmacEngine::<sha256::Hash>::new(salt.as_bytes());
    engine.input(password);
    Hmac::from_engine(engine).to_byte_array()
}

/// Compares without telling by the time how much is the same; lengths are no secret.
fn equal(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && cmp::fixed_time_eq(left, right)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(text: &str) -> String {
        format!("Basic {}", Base64::encode_string(text.as_bytes()))
    }

    /// Made by `share/rpcauth/rpcauth.py` of Bitcoin Core for the password `cake`: HMAC-SHA256 with
    /// the salt's text as key.
    #[test]
    fn an_rpcauth_line_opens_to_its_password() {
        let user = User::new("alice", "cake", [7; 16]);
        let line = format!("alice:{}${}", user.salt, user.hash.to_lower_hex_string());
        assert_eq!(line.parse(), Ok(user.clone()));
        let access = Access::new(vec![user], Whitelists::default());
        assert_eq!(access.asker(&basic("alice:cake")), Some(Asker::User("alice".to_owned())));
        for wrong in ["alice:cakes", "alice:", "alice", "bob:cake", ":cake", "", "alic:cake"] {
            assert_eq!(access.asker(&basic(wrong)), None, "{wrong}");
        }
        assert_eq!(access.asker("Bearer x"), None);
        assert_eq!(access.asker("Basic %%%"), None);
    }

    #[test]
    fn lines_that_are_none_are_refused() {
        let hash = "ab".repeat(32);
        for line in ["", "alice", "alice:salt", "alice:salt$ab", ":s$", &format!(":s${hash}")] {
            assert_eq!(line.parse::<User>(), Err(ParseUserError), "{line}");
        }
        assert!(format!("alice:s${hash}").parse::<User>().is_ok());
    }

    /// What is secret is compared in a time that does not depend on it: by one function, which takes
    /// the library's, and by nothing else in the product's part of these files.
    #[test]
    fn secrets_are_compared_by_one_function_alone() {
        let product = |source: &'static str| source.split("#[cfg(test)]\nmod tests").next();
        let files = [include_str!("auth.rs"), include_str!("auth/token.rs")].map(product);
        let files = files.map(|source| source.expect("a part before the tests"));
        assert_eq!(files[0].matches("cmp::fixed_time_eq(left, right)").count(), 1);
        let compared = |file: &str, what: &str| file.matches(what).count();
        assert_eq!(compared(files[0], "equal(&hash(&user.salt, password), &user.hash)"), 1);
        assert_eq!(compared(files[1], "equal(&*own.tag, &*self.tag)"), 1);
        for line in files.iter().flat_map(|file| file.lines()) {
            let is_comparison =
                [" == ", " != ", "starts_with", "contains("].map(|op| line.contains(op));
            let is_secret = [".hash", ".tag", "hash(", "mac("].map(|word| line.contains(word));
            assert!(!is_comparison.contains(&true) || !is_secret.contains(&true), "{line}");
        }
    }

    #[test]
    fn a_user_is_shown_without_the_hash() {
        let shown = format!("{:?}", User::new("alice", "cake", [7; 16]));
        assert_eq!(shown, "User { name: \"alice\", .. }");
    }
}
