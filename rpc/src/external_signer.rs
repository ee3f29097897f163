//! Owns the program that `--signer` names: asked which signing devices there are, for the descriptors of
//! one, to show addresses on it and to sign, by Bitcoin Core's protocol (`doc/external-signer.md`, `src/external_signer.cpp`), and
//! to keep a policy, which `billfold signer core` adds to it.
//!
//! Refuses a shell, more than one device where one is meant, and an address that the device did not
//! echo. Whoever stops waiting ends the program.

use std::collections::BTreeSet;
use std::process::Stdio;

use bitcoin::bip32::Fingerprint;
use bitcoin::psbt::Psbt;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
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
    /// None of those that are connected is meant.
    #[error("No connected signer has a key of this: connect the one that has")]
    OtherKeys,
    /// It did not say whether it keeps the policy.
    #[error("'{0}' does not register policies: billfold signer core does")]
    NotRegistered(String),
    /// It told no descriptors.
    #[error("'{0}' received invalid response, expected arrays of descriptors")]
    NoDescriptors(String),
    /// It gave no PSBT back.
    #[error("'{0}' received invalid response, expected a PSBT")]
    NoPsbt(String),
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
        let told = self.ask(&["enumerate"], "").await?;
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

    /// The one device that is connected, of these if any are named.
    ///
    /// # Errors
    /// See [`SignerError`].
    pub async fn one_of(&self, named: &BTreeSet<Fingerprint>) -> Result<Fingerprint, SignerError> {
        let found = self.enumerate().await?;
        let is_named = |one: &&FoundSigner| named.is_empty() || named.contains(&one.fingerprint);
        match found.iter().filter(is_named).collect::<Vec<_>>()[..] {
            [one] => Ok(one.fingerprint),
            [] if found.is_empty() => Err(SignerError::None),
            [] => Err(SignerError::OtherKeys),
            _ => Err(SignerError::Several),
        }
    }

    /// The descriptors of a device's first accounts: those of addresses to be paid at, and then those of change.
    ///
    /// # Errors
    /// See [`SignerError`].
    pub async fn descriptors(
        &self,
        device: (Fingerprint, &str),
    ) -> Result<Vec<String>, SignerError> {
        let told = self.ask_device(device, &["getdescriptors", "--account", "0"]).await?;
        let list = |name: &str| {
            let texts = told[name].as_array()?.iter().map(|one| one.as_str().map(str::to_owned));
            texts.collect::<Option<Vec<_>>>()
        };
        let both = list("receive").zip(list("internal"));
        let (receive, internal) =
            both.ok_or_else(|| SignerError::NoDescriptors(self.program.clone()))?;
        Ok([receive, internal].concat())
    }

    /// Has a device show the address of a descriptor, and compares what it showed.
    ///
    /// # Errors
    /// See [`SignerError`].
    pub async fn display(
        &self,
        device: (Fingerprint, &str),
        descriptor: &str,
        address: &str,
    ) -> Result<(), SignerError> {
        let told = self.ask_device(device, &["displayaddress", "--desc", descriptor]).await?;
        match told["address"].as_str() {
            None => Err(SignerError::NoEcho),
            Some(shown) if shown != address => Err(SignerError::OtherAddress(shown.to_owned())),
            Some(_) => Ok(()),
        }
    }

    /// Has a device keep the policy of an account, so that it knows its addresses and change; whether it
    /// did not keep it before.
    ///
    /// # Errors
    /// See [`SignerError`].
    pub async fn register(
        &self,
        device: (Fingerprint, &str),
        name: &str,
        descriptor: &str,
    ) -> Result<bool, SignerError> {
        let asked = ["register", "--name", name, "--desc", descriptor];
        let told = self.ask_device(device, &asked).await?;
        told["new"].as_bool().ok_or_else(|| SignerError::NotRegistered(self.program.clone()))
    }

    /// Has a device sign a PSBT; what it gave back, of which nothing is believed here.
    ///
    /// # Errors
    /// See [`SignerError`].
    pub async fn sign(
        &self,
        device: (Fingerprint, &str),
        psbt: &Psbt,
    ) -> Result<Psbt, SignerError> {
        let (fingerprint, chain) = device;
        let fingerprint = fingerprint.to_string();
        // A PSBT is too long for an argument, so Core gives it by standard input.
        let asked = ["--stdin", "--fingerprint", &fingerprint, "--chain", chain];
        let told = refused(self.ask(&asked, &format!("signtx {psbt}\n")).await?)?;
        let signed = told["psbt"].as_str().and_then(|text| text.parse().ok());
        signed.ok_or_else(|| SignerError::NoPsbt(self.program.clone()))
    }

    /// What a device of a chain says to an action.
    async fn ask_device(
        &self,
        (fingerprint, chain): (Fingerprint, &str),
        action: &[&str],
    ) -> Result<Value, SignerError> {
        let fingerprint = fingerprint.to_string();
        let device = ["--fingerprint", &fingerprint, "--chain", chain];
        refused(self.ask(&[&device[..], action].concat(), "").await?)
    }

    /// What the program says to further arguments, and to what it may read.
    async fn ask(&self, more: &[&str], input: &str) -> Result<Value, SignerError> {
        let name = || self.program.clone();
        let not_run = |error| SignerError::NotRun(name(), error);
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).args(more).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(not_run)?;
        let (out, err, ()) = tokio::join!(
            read(child.stdout.take()),
            read(child.stderr.take()),
            write(child.stdin.take(), input),
        );
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

/// Says all of it; a program that does not read it says by its answer what it made of it.
async fn write(to: Option<impl tokio::io::AsyncWrite + Unpin>, text: &str) {
    let Some(mut to) = to else { return };
    let _ = to.write_all(text.as_bytes()).await;
    let _ = to.shutdown().await;
}

/// What a device told, unless that is an error.
fn refused(told: Value) -> Result<Value, SignerError> {
    match &told["error"] {
        Value::Null => Ok(told),
        error => Err(SignerError::Refused(text(error))),
    }
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
    async fn the_one_that_is_meant_is_asked() {
        let both = r#"[{"fingerprint":"73c5da0a"},{"fingerprint":"d34db33f"}]"#;
        let of = |texts: &[&str]| texts.iter().map(|text| text.parse().expect("one")).collect();
        let found = saying(both).one_of(&of(&["d34db33f", "00000000"])).await.expect("one");
        assert_eq!(found.to_string(), "d34db33f");
        assert!(matches!(saying(both).one_of(&of(&[])).await, Err(SignerError::Several)));
        let other = saying(both).one_of(&of(&["00000000"])).await;
        assert!(matches!(other, Err(SignerError::OtherKeys)));
        assert!(matches!(saying("[]").one_of(&of(&[])).await, Err(SignerError::None)));
    }

    #[tokio::test]
    async fn descriptors_are_two_arrays_of_texts() {
        let device = ("73c5da0a".parse().expect("a fingerprint"), "regtest");
        let told = saying(r#"{"receive":["a","b"],"internal":["c"]}"#).descriptors(device).await;
        assert_eq!(told.expect("descriptors"), ["a", "b", "c"]);
        for (answer, wrong) in [
            ("{}", "expected arrays of descriptors"),
            (r#"{"receive":["a"]}"#, "expected arrays of descriptors"),
            (r#"{"receive":["a"],"internal":[1]}"#, "expected arrays of descriptors"),
            (r#"{"error":"it is locked"}"#, "Signer returned error: it is locked"),
        ] {
            let told = saying(answer).descriptors(device).await.expect_err(answer).to_string();
            assert!(told.contains(wrong), "{answer}: {told}");
        }
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
        let device = ("73c5da0a".parse().expect("a fingerprint"), "regtest");
        let good = showing(r#"{"address":"a"}"#).display(device, "wpkh()", "a").await;
        assert!(good.is_ok(), "{good:?}");
        for (answer, wrong) in [
            (r#"{"address":"b"}"#, "unexpected address b"),
            ("{}", "did not echo"),
            (r#"{"error":"refused"}"#, "Signer returned error: refused"),
        ] {
            let told = showing(answer).display(device, "wpkh()", "a").await;
            assert!(told.expect_err(answer).to_string().contains(wrong), "{answer}");
        }
    }
}
