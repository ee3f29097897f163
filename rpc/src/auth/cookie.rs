//! Owns the cookie: a password for the owner of the data directory, new with every start, in a file
//! that only they can read (`src/rpc/request.cpp` of Bitcoin Core).
//!
//! Refuses to leave a half-written cookie, or one after the end.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use bitcoin::hex::DisplayHex;
use zeroize::Zeroizing;

use super::User;

/// A cookie in its file, which is removed when this is dropped.
#[derive(Debug)]
pub struct Cookie {
    path: PathBuf,
    user: User,
}

/// Why there is no cookie.
#[derive(Debug, thiserror::Error)]
pub enum CookieError {
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Entropy(getrandom::Error),
    /// The file can't be written.
    #[error("{path} can't be written: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Cookie {
    /// Writes a new cookie in the place of an old one.
    ///
    /// # Errors
    /// See [`CookieError`].
    pub fn bake(path: &Path) -> Result<Self, CookieError> {
        let mut secret = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *secret).map_err(CookieError::Entropy)?;
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(CookieError::Entropy)?;
        let password = Zeroizing::new(secret.to_lower_hex_string());
        let failed = |source| CookieError::File { path: path.to_owned(), source };
        write(path, &password).map_err(failed)?;
        Ok(Self { path: path.to_owned(), user: User::new(COOKIE_USER, &password, salt) })
    }

    /// The user of this cookie.
    #[must_use]
    pub fn user(&self) -> User {
        self.user.clone()
    }
}

impl Drop for Cookie {
    fn drop(&mut self) {
        // Gone already: nothing is left to do.
        let _ = fs::remove_file(&self.path);
    }
}

fn write(path: &Path, password: &str) -> io::Result<()> {
    let whole = path.with_extension("tmp");
    match fs::remove_file(&whole) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = create(&whole)?;
    file.write_all(COOKIE_USER.as_bytes())?;
    file.write_all(b":")?;
    file.write_all(password.as_bytes())?;
    drop(file);
    fs::rename(&whole, path)
}

#[cfg(unix)]
fn create(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// The data directory is the user's own there.
#[cfg(not(unix))]
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

pub(super) const COOKIE_USER: &str = "__cookie__";

#[cfg(test)]
mod tests {
    use base64ct::{Base64, Encoding};

    use super::*;
    use crate::auth::{Access, Whitelists};

    #[test]
    fn a_cookie_lives_as_long_as_its_daemon() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join(".cookie");
        fs::write(&path, "old").expect("written");
        let cookie = Cookie::bake(&path).expect("baked");
        let text = fs::read_to_string(&path).expect("there");
        assert_eq!(text.strip_prefix("__cookie__:").map(str::len), Some(64));
        let access = Access::new(vec![cookie.user()], Whitelists::default());
        let header = format!("Basic {}", Base64::encode_string(text.as_bytes()));
        assert_eq!(access.user(&header).as_deref(), Some("__cookie__"));
        let second = Cookie::bake(&path).expect("baked again");
        let other = Access::new(vec![second.user()], Whitelists::default());
        assert_eq!(other.user(&header), None, "the old one is worth nothing");
        drop(second);
        assert!(!path.exists());
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join(".cookie");
        fs::write(path.with_extension("tmp"), "left by a crash").expect("written");
        let _cookie = Cookie::bake(&path).expect("baked");
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
