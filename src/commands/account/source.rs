//! Owns where accounts come from on the command line: text, a file, or keys and a policy.
//!
//! Refuses a file that is longer than any export.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use billfold_wallet_core::import::{Import, ImportedAccount};
use billfold_wallet_core::keychain::{
    AccountKey, ScriptType, Template, TemplatePolicy, TemplateScript,
};
use billfold_wallet_core::limits::IMPORT_BYTES;
use bitcoin::Network;

use crate::cli::accounts::{AccountSource, PolicyArgs, ScriptArg, ScriptOption};
use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::password;

/// Accounts, or what they are built from.
#[derive(Debug)]
pub(crate) enum Source {
    /// Accounts that were read.
    Read(Import),
    /// A policy; a key that is `None` is the wallet's own.
    Policy { policy: TemplatePolicy, script: TemplateScript, keys: Vec<Option<AccountKey>> },
}

impl Source {
    /// What the options name; `None` if they name nothing.
    ///
    /// # Errors
    /// What is wrong with it, or why the file can't be read.
    pub(crate) fn read(
        options: &AccountSource,
        context: &Context,
    ) -> Result<Option<Self>, Failure> {
        let network = context.run.settings.network;
        let AccountSource { text, file, script_type, policy } = options;
        if let Some(asked) = asked(policy) {
            return Self::of_policy(asked, policy, network).map(Some);
        }
        if !policy.key.is_empty() || policy.after.is_some() {
            let message = "keys need a policy: --multisig K, --heir or --expanding K";
            return Err(Failure::new(Kind::Usage, message));
        }
        match file {
            Some(path) => Self::of_file(path, *script_type, context).map(Some),
            None if text.is_empty() => Ok(None),
            None => Ok(Some(Self::Read(Import::read(&text.join("\n"), *script_type, network)?))),
        }
    }

    /// The accounts of a file.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub(crate) fn of_file(
        path: &Path,
        script_type: Option<ScriptType>,
        context: &Context,
    ) -> Result<Self, Failure> {
        let text = content(path).map_err(|error| password::unreadable(path, WHAT, &error))?;
        Ok(Self::Read(Import::read(&text, script_type, context.run.settings.network)?))
    }

    /// For which kind of script the wallet's own key is needed, if it is.
    pub(crate) fn needs_key(&self) -> Option<TemplateScript> {
        match self {
            Self::Policy { script, keys, .. } if keys.contains(&None) => Some(*script),
            _ => None,
        }
    }

    /// The accounts; `mine` is the wallet's own key.
    ///
    /// # Errors
    /// What is wrong with the policy.
    pub(crate) fn accounts(
        &self,
        mine: Option<&AccountKey>,
        network: Network,
    ) -> Result<Vec<ImportedAccount>, Failure> {
        let (policy, script, keys) = match self {
            Self::Read(import) => return Ok(import.accounts.clone()),
            Self::Policy { policy, script, keys } => (*policy, *script, keys),
        };
        let keys = keys.iter().map(|key| key.as_ref().or(mine).cloned());
        let keys = keys.collect::<Option<Vec<_>>>();
        let keys = keys.ok_or_else(|| Failure::new(Kind::Usage, NOT_MINE))?;
        let descriptor = Template { policy, script, keys }.descriptor(network)?;
        Ok(vec![ImportedAccount { name: None, descriptor }])
    }

    /// The first block in which they can have been paid, if the text says so.
    pub(crate) const fn height(&self) -> Option<u32> {
        match self {
            Self::Read(import) => import.height,
            Self::Policy { .. } => None,
        }
    }

    fn of_policy(
        policy: TemplatePolicy,
        options: &PolicyArgs,
        network: Network,
    ) -> Result<Self, Failure> {
        let mut keys = Vec::new();
        for text in &options.key {
            keys.push(match text.as_str() {
                "mine" => None,
                text => Some(AccountKey::parse(text, network)?.0),
            });
        }
        Ok(Self::Policy { policy, script: script(options.script), keys })
    }
}

/// The kind of script that an option names.
pub(crate) const fn script(option: ScriptOption) -> TemplateScript {
    match option.script {
        ScriptArg::Segwit => TemplateScript::Segwit,
        ScriptArg::Nested => TemplateScript::Nested,
        ScriptArg::Taproot => TemplateScript::Taproot,
    }
}

fn asked(options: &PolicyArgs) -> Option<TemplatePolicy> {
    let after = options.after.map_or(0, |after| after.0);
    match options {
        PolicyArgs { multisig: Some(required), .. } => {
            Some(TemplatePolicy::Multisig { required: *required })
        }
        PolicyArgs { heir: true, .. } => Some(TemplatePolicy::Heir { after }),
        PolicyArgs { expanding: Some(required), .. } => {
            Some(TemplatePolicy::Expanding { required: *required, after })
        }
        _ => None,
    }
}

fn content(path: &Path) -> io::Result<String> {
    let limit = u64::try_from(IMPORT_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin().take(limit).read_to_end(&mut bytes)?;
    } else {
        File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    }
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is not text"))
}

const WHAT: &str = "the accounts";

const NOT_MINE: &str =
    "a wallet that only watches has no key of its own: give each key, or use account add";
