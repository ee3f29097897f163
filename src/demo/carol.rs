//! Owns Carol: a wallet whose keys are on a signer, and the person who sits at both.
//!
//! Refuses to let the wallet's machine answer for the person: what is agreed to is read on the
//! signer first.

use std::collections::BTreeSet;
use std::future::Future;

use billfold_wallet_core::command::{IssuedAddress, Payment, WalletDescription};
use billfold_wallet_core::keychain::{Account, AccountDescriptor, DerivationIndex, ScriptType};
use billfold_wallet_core::signer_host::place::Place;
use billfold_wallet_core::signer_host::problem::DeviceError;
use billfold_wallet_core::signer_host::watch::Unwatched;
use billfold_wallet_core::signers::device::{self, DeviceSigningError};
use bitcoin::{Address, Amount, Denomination, Network, Psbt};

use crate::demo::actor::{Actor, check, expected, within};
use crate::demo::cast::{Stage, cast_to_watch};
use crate::demo::emulator::Emulator;
use crate::demo::person::Person;
use crate::demo::step::Step;
use crate::failure::Failure;

/// Carol's wallet and her signer.
pub(super) struct Carol {
    /// Her wallet.
    pub(super) wallet: Actor,
    signer: Emulator,
    description: WalletDescription,
}

impl Carol {
    /// Makes keys on a new signer, and pairs a wallet with it.
    pub(super) async fn cast(stage: &Stage<'_>) -> Result<(Self, [Step; 2]), Failure> {
        let signer = Emulator::switch_on()?;
        Person(&signer).makes_keys().await?;
        let text =
            "Signer     Carol makes keys on a signer: rolls of a die, words typed back, a PIN";
        let made = Step::new("signer", text.to_owned());
        let read = |place: Place| {
            let mut device =
                device::open(&place, Network::Regtest, &BTreeSet::new(), &mut Unwatched)?;
            let first = (ScriptType::Taproot, DerivationIndex::ZERO);
            let accounts = device::accounts(device.as_mut(), first.0, first.1)?;
            Ok::<_, DeviceError>((device.fingerprint().to_string(), accounts))
        };
        let (fingerprint, accounts) = talk(&signer, read).await??;
        let (wallet, description) = cast_to_watch("Carol", accounts, stage)?;
        let text = format!("Pair       Carol has a wallet whose keys stay there, {fingerprint}");
        let paired = Step::new("pair", text).with("name", "Carol").with("fingerprint", fingerprint);
        Ok((Self { wallet, signer, description }, [made, paired]))
    }

    /// An address of hers, which is the same on both screens.
    pub(super) async fn compare(&mut self) -> Result<Address, Failure> {
        let issued = self.wallet.address().await?;
        let account = self.account(&issued)?;
        let (branch, index) = (issued.keychain.branch, issued.index);
        let show = move |place: Place| {
            let keys = account.descriptor().signers().into_iter().collect();
            let mut device = device::open(&place, Network::Regtest, &keys, &mut Unwatched)?;
            device::display(device.as_mut(), &account, branch, index, &mut Unwatched)
        };
        let line = [issued.address.to_string()];
        let agrees = async { Person(&self.signer).agrees(&line).await };
        let shown = self.at_both(show, agrees).await??;
        check("whether the signer said which", &true, &shown.compared)?;
        Ok(shown.address)
    }

    /// Drafts a payment, reads it on the signer, and refuses it there.
    pub(super) async fn refuse(&mut self, to: &Address, amount: Amount) -> Result<(), Failure> {
        let drafted = self.wallet.hand_out(to.clone(), amount).await?;
        let lines = [to.to_string(), on_the_signer(amount)];
        let refuses = async { Person(&self.signer).refuses(&lines).await };
        match self.at_both(signed(drafted), refuses).await? {
            Err(DeviceSigningError::Device(DeviceError::Cancelled)) => {}
            Ok(_) => return Err(expected("a refused payment", "a signed one")),
            Err(other) => return Err(other.into()),
        }
        check("payments that Carol gives up", &1, &self.wallet.give_up().await?)
    }

    /// Drafts a payment, reads it on the signer, agrees there, and announces it.
    pub(super) async fn pay(&mut self, to: &Address, amount: Amount) -> Result<Payment, Failure> {
        let drafted = self.wallet.hand_out(to.clone(), amount).await?;
        let lines = [to.to_string(), on_the_signer(amount)];
        let agrees = async { Person(&self.signer).agrees(&lines).await };
        let signed = self.at_both(signed(drafted), agrees).await??;
        self.wallet.announce(signed).await
    }

    /// Asks the signer while the person answers there.
    async fn at_both<T: Send + 'static>(
        &self,
        ask: impl FnOnce(Place) -> T + Send + 'static,
        person: impl Future<Output = Result<(), Failure>>,
    ) -> Result<T, Failure> {
        let (answer, ()) = tokio::try_join!(talk(&self.signer, ask), person)?;
        Ok(answer)
    }

    /// The account of an address.
    fn account(&self, issued: &IssuedAddress) -> Result<Account, Failure> {
        let mut accounts = self.description.accounts.iter();
        let found = accounts.find(|account| account.name == issued.account);
        let found = found.ok_or_else(|| expected("an account of Carol's", "none"))?;
        let network = Network::Regtest;
        let descriptor = AccountDescriptor::parse(&found.descriptor, network)?;
        Ok(Account::new(found.id, found.name.clone(), network, descriptor, &[]))
    }
}

/// Has a signer sign a payment.
fn signed(drafted: Psbt) -> impl FnOnce(Place) -> Result<Psbt, DeviceSigningError> {
    move |place| {
        let keys = device::signers_of(&drafted);
        let mut device = device::open(&place, Network::Regtest, &keys, &mut Unwatched)?;
        device::sign(device.as_mut(), &drafted, &mut Unwatched)
    }
}

/// Lets `ask` talk with a signer on a thread of its own.
async fn talk<T: Send + 'static>(
    signer: &Emulator,
    ask: impl FnOnce(Place) -> T + Send + 'static,
) -> Result<T, Failure> {
    let place = signer.place();
    let answer = tokio::task::spawn_blocking(move || ask(place));
    within("an answer of the signer", answer).await?.map_err(|_panicked| Failure::bug())
}

/// An amount as the signer writes it.
fn on_the_signer(amount: Amount) -> String {
    format!("{:.8} tBTC", amount.display_in(Denomination::Bitcoin))
}
