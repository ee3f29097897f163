//! Owns the program that `--signer` names: asked which signing devices there are, and to show
//! addresses on one, by Bitcoin Core's protocol (`doc/external-signer.md`, `src/external_signer.cpp`).
//!
//! Refuses a shell, more than one device where one is meant, and an address that the device did not
//! echo. Whoever stops waiting ends the program.

use std::process::Stdio;

use bitcoin::bip32::Fingerprint;
use serde_json::Value;
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use crate::error::{Code, RpcError};
use crate::limits::SIGNER_ANSWER_BYTES;

/// The program, with its first arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalSigner {
    program: String,
    arguments: Vec<String>,
}

/// A device that the program knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundSigner {
    /// The fingerprint of its master key.
    pub fingerprint: Fingerprint,
    /// Its model; empty if it is not told.
    pub name: String,
}

/// Why the program was of no use.
#[derive(Debug, thiserror::Error)]
pub enum SignerError {
    /// It could not be started, or broke off.
    #[error("'{0}' does not run: {1}")]
    NotRun(String, std::io::Error),
    /// It ended with a code, and said something.
    #[error("'{0}' ended with an error: {1}")]
    Failed(String, String),
    /// It said what is no JSON, or too much.
    #[error("'{0}' received invalid response, expected JSON")]
    NoJson(String),
    /// It named no devices.
    #[error("'{0}' received invalid response, expected array of signers")]
    NoList(String),
    /// A device without the fingerprint of its master key.
    #[error("'{0}' received invalid response, missing signer fingerprint")]
    NoFingerprint(String),
    /// It told an error.
    #[error("'{0}' error: {1}")]
    Told(String, String),
    /// No device is connected.
    #[error("No external signers found")]
    None,
    /// Nobody knows which one is meant.
    #[error("More than one external signer found. Please connect only one at a time.")]
    Several,
    /// The device refused.
    #[error("Signer returned error: {0}")]
    Refused(String),
    /// It did not say which address it showed.
    #[error("Signer did not echo address")]
    NoEcho,
    /// It showed another address.
    #[error("Signer echoed unexpected address {0}")]
    OtherAddress(String),
}

impl ExternalSigner {
    /// A program with its first arguments; `None` for no words.
    #[must_use]
    pub fn new(words: impl IntoIterator<Item = String>) -> Option<Self> {
        let mut words = words.into_iter();
        Some(Self { program: words.next()?, arguments: words.collect() })
    }

    /// The devices that are connected.
    ///
    /// # Errors
    /// See [`SignerError`].
    pub async fn enumerate(&self) -> Result<Vec<FoundSigner>, SignerError> {
        let told = self.ask(&["enumerate"]).await?;
        let list = told.as_array().ok_or_else(|| SignerError::NoList(self.program.clone()))?;
        let mut found: Vec<FoundSigner> = Vec::new();
        for one in list {
            if !one["error"].is_null() {
                return Err(SignerError::Told(self.program.clone(), text(&one["error"])));
            }
            let fingerprint = one["fingerprint"].as_str().and_then(|text| text.parse().ok());
            let fingerprint =
                fingerprint.ok_or_else(|| SignerError::NoFingerprint(self.program.clone()))?;
            // One device may be found in two ways.
            if found.iter().all(|other| other.fingerprint != fingerprint) {
                let name = one["model"].as_str().unwrap_or_default().to_owned();
                found.push(FoundSigner { fingerprint, name });
            }
        }
        Ok(found)
    }

    /// Has the only device show the address of a descriptor, and compares what it showed.
    ///
    /// # Errors
    /// See [`SignerError`].
    pub async fn display(
        &self,
        chain: &str,
        descriptor: &str,
        address: &str,
    ) -> Result<(), SignerError> {
        let fingerprint = match &self.enumerate().await?[..] {
            [] => return Err(SignerError::None),
            [one] => one.fingerprint.to_string(),
            _ => return Err(SignerError::Several),
        };
        let device = ["--fingerprint", &fingerprint, "--chain", chain];
        let asked = [&device[..], &["displayaddress", "--desc", descriptor]].concat();
        let told = self.ask(&asked).await?;
        if !told["error"].is_null() {
            return Err(SignerError::Refused(text(&told["error"])));
        }
        match told["address"].as_str() {
            None => Err(SignerError::NoEcho),
            Some(shown) if shown != address => Err(SignerError::OtherAddress(shown.to_owned())),
            Some(_) => Ok(()),
        }
    }

    /// What the program says to further arguments.
    async fn ask(&self, more: &[&str]) -> Result<Value, SignerError> {
        let name = || self.program.clone();
        let not_run = |error| SignerError::NotRun(name(), error);
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).args(more).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(not_run)?;
        let (out, err) = tokio::join!(read(child.stdout.take()), read(child.stderr.take()));
        let (out, err) = (out.map_err(not_run)?, err.map_err(not_run)?);
        let status = child.wait().await.map_err(not_run)?;
        if !status.success() {
            let said = String::from_utf8_lossy(&err).trim().to_owned();
            return Err(SignerError::Failed(name(), format!("{status}: {said}")));
        }
        serde_json::from_slice(&out).map_err(|_| SignerError::NoJson(name()))
    }
}

impl From<SignerError> for RpcError {
    fn from(error: SignerError) -> Self {
        Self::new(Code::Misc, error.to_string())
    }
}

/// All that comes, up to a bound; the rest is taken and forgotten, so that nobody waits to say it.
async fn read(from: Option<impl tokio::io::AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let Some(mut from) = from else { return Ok(Vec::new()) };
    let mut bytes = Vec::new();
    (&mut from).take(SIGNER_ANSWER_BYTES).read_to_end(&mut bytes).await?;
    tokio::io::copy(&mut from, &mut tokio::io::sink()).await?;
    Ok(bytes)
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program that says this, whatever it is asked.
    fn saying(answer: &str) -> ExternalSigner {
        let words = ["sh", "-c", &format!("echo '{answer}'")].map(str::to_owned);
        ExternalSigner::new(words).expect("words")
    }

    #[tokio::test]
    async fn devices_are_listed_once_and_what_is_none_is_told() {
        let one = r#"{"fingerprint":"73c5da0a","model":"m"}"#;
        let found = saying(&format!("[{one},{one}]")).enumerate().await.expect("a list");
        assert_eq!((found.len(), found[0].name.as_str()), (1, "m"));
        assert_eq!(saying("[]").enumerate().await.expect("a list"), []);
        for (answer, wrong) in [
            ("{}", "expected array of signers"),
            ("x", "expected JSON"),
            (r#"[{"model":"m"}]"#, "missing signer fingerprint"),
            (r#"[{"error":"it is locked"}]"#, "error: it is locked"),
        ] {
            let told = saying(answer).enumerate().await.expect_err(answer).to_string();
            assert!(told.contains(wrong), "{answer}: {told}");
        }
        let words = ["sh", "-c", "echo why >&2; exit 3"].map(str::to_owned);
        let failing = ExternalSigner::new(words).expect("words");
        let told = failing.enumerate().await.expect_err("it failed").to_string();
        assert!(told.contains('3') && told.contains("why"), "{told}");
        let missing = ExternalSigner::new(["/nowhere/signer".to_owned()]).expect("a word");
        assert!(matches!(missing.enumerate().await, Err(SignerError::NotRun(..))));
        let endless = ["sh", "-c", "head -c 10000000 /dev/zero"].map(str::to_owned);
        let endless = ExternalSigner::new(endless).expect("words");
        assert!(matches!(endless.enumerate().await, Err(SignerError::NoJson(_))));
    }

    #[tokio::test]
    async fn only_the_address_that_was_meant_counts_as_shown() {
        // The first answer is to `enumerate`, the second to `displayaddress`.
        let showing = |answer: &str| {
            let script = format!(
                r#"case "$*" in *enumerate*) echo '[{{"fingerprint":"73c5da0a"}}]';; *) echo '{answer}';; esac"#
            );
            let words = ["sh", "-c", &script, "signer"].map(str::to_owned);
            ExternalSigner::new(words).expect("words")
        };
        let good = showing(r#"{"address":"a"}"#).display("regtest", "wpkh()", "a").await;
        assert!(good.is_ok(), "{good:?}");
        for (answer, wrong) in [
            (r#"{"address":"b"}"#, "unexpected address b"),
            ("{}", "did not echo"),
            (r#"{"error":"refused"}"#, "Signer returned error: refused"),
        ] {
            let told = showing(answer).display("regtest", "wpkh()", "a").await;
            assert!(told.expect_err(answer).to_string().contains(wrong), "{answer}");
        }
    }
}
