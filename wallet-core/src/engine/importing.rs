//! Owns the import of descriptors into a wallet that runs: taken in and searched for by one commit.
//!
//! Private keys are sealed by the key layer on the way. Refuses a second one while another search that
//! was asked for goes on.

use crate::command::{
    Birthday, CommandError, DescriptorText, Import, ImportProblem, Imported, Reply,
};
use crate::engine::follower::Follower;
use crate::engine::{Effect, Engine, draw};
use crate::event::Event;
use crate::keychain::{AccountDescriptor, AccountKey, Branch};
use crate::light_client::time::{Now, WallTime};
use crate::signers::{PrivateDescriptor, SoftwareSigner};
use crate::wallet::ImportedForm;
use crate::wallet_name::WalletName;

impl Engine {
    /// Takes descriptors in; those that can't be are told, and the others are taken in.
    pub(super) fn import(
        &mut self,
        now: Now,
        name: &WalletName,
        imports: &[Import],
    ) -> Result<Reply, CommandError> {
        let seed = self.entropy();
        let chain = self.chain.followed_mut().ok_or(CommandError::Offline)?;
        let not_loaded = || CommandError::NotLoaded(name.clone());
        let one = self.followers.get_mut(name).ok_or_else(not_loaded)?;
        if let Some(running) = one.wallet.running_operation()? {
            return Err(CommandError::Rescanning(running.id));
        }
        let mut problems = Vec::new();
        let mut starts = Vec::new();
        for (number, import) in (1..).zip(imports) {
            let problem = one.import(import, draw(&seed, number), now)?;
            starts.extend(problem.is_none().then_some(import.since));
            problems.push(problem);
        }
        let first = |since: &Birthday| match since {
            Birthday::Height(height) => *height,
            Birthday::Time(time) => chain.client.first_block_since(WallTime::new(*time)),
        };
        let Some(from) = starts.into_iter().min_by_key(first) else {
            return Ok(Reply::Imported(Box::new(Imported { problems, operation: None })));
        };
        let id = one.wallet.begin_import(from, now.wall)?;
        one.say(Event::Operation(id));
        one.changed = true;
        if chain.lower(&mut self.followers, None, seed, now) {
            self.effects.push(Effect::Restart);
            self.introduce(now);
        }
        Ok(Reply::Imported(Box::new(Imported { problems, operation: Some(id) })))
    }
}

impl Follower {
    /// Takes one request in, if all of it can be.
    fn import(
        &mut self,
        import: &Import,
        entropy: [u8; 32],
        now: Now,
    ) -> Result<Option<ImportProblem>, CommandError> {
        let mut forms = Vec::new();
        for (number, text) in (1..).zip(&import.descriptors) {
            match self.taken_apart(text, import, draw(&entropy, number))? {
                Ok(apart) => forms.push(apart),
                Err(problem) => return Ok(Some(problem)),
            }
        }
        Ok(self.wallet.import(import, forms, now.wall)?)
    }

    /// The descriptor of the public halves, and the private keys as they are kept.
    fn taken_apart(
        &self,
        text: &DescriptorText,
        import: &Import,
        entropy: [u8; 32],
    ) -> Result<Result<ImportedForm, ImportProblem>, CommandError> {
        let network = self.wallet.network();
        let apart = match PrivateDescriptor::parse(text.as_str(), network) {
            Ok(apart) => apart,
            Err(problem) => return Ok(Err(problem.into())),
        };
        let signs = import.derived || !apart.keys.is_empty();
        if let Err(problem) = self.wallet.admit(signs) {
            return Ok(Err(problem));
        }
        let branch = if import.internal { Branch::Change } else { Branch::Receive };
        let text = apart.public.to_string();
        let descriptor = match AccountDescriptor::import(&text, network, branch) {
            Ok(descriptor) => descriptor,
            Err(problem) => return Ok(Err(problem.into())),
        };
        let mut keys = Vec::new();
        for (number, key) in (1..).zip(&apart.keys) {
            let sealed = self.keys.seal(draw(&entropy, number), key)?;
            keys.push((key.name(), sealed));
        }
        if signs {
            let signer = self.signer_with(apart)?;
            let own = |key: &AccountKey| key.origin.as_ref().is_some_and(|key| signer.claims(key));
            if !signer.owns(&descriptor) || (import.derived && !descriptor.keys().iter().all(own)) {
                return Ok(Err(ImportProblem::ForeignKey));
            }
        }
        Ok(Ok(ImportedForm { descriptor, keys }))
    }

    /// A signer with all keys of the wallet and those that come.
    fn signer_with(&self, apart: PrivateDescriptor) -> Result<SoftwareSigner, CommandError> {
        let (sealed, network) = (self.wallet.sealed_keys()?, self.wallet.network());
        let known = match self.keys.signer(&sealed, network) {
            Err(CommandError::WatchOnly) => SoftwareSigner::holding(Vec::new()),
            known => known?,
        };
        Ok(known.and(apart.keys))
    }
}
