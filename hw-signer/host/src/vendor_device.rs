//! Owns `VendorDevice`: a signer of another maker, driven by the library `async-hwi` (ADR 0331).
//!
//! Refuses what the library can't do with a device, and says so; never reports what a device did not
//! do. A question can't be taken back here: it ends when the person answers it on the device.

use std::time::Duration;

use async_hwi::{AddressScript, HWI};
use bitcoin::Network;
use bitcoin::bip32::{DerivationPath, Fingerprint, Xpub};
use bitcoin::psbt::Psbt;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use crate::device::{About, Device, Networks, Shown, State, xpub_at};
use crate::limits::{AT_ONCE, PERSON};
use crate::place::Place;
use crate::policy::Policy;
use crate::problem::{DeviceError, cleaned};
use crate::vendor::Vendor;
use crate::watch::{Progress, Watch};

use account::OneKey;
use driver::Driver;

mod account;
mod driver;
mod open;

/// A signer of another maker, for one network.
pub struct VendorDevice {
    vendor: Vendor,
    about: About,
    network: Network,
    fingerprint: Fingerprint,
    driver: Box<dyn Driver>,
    /// The library waits on it; it is this device's own.
    runtime: Runtime,
}

impl VendorDevice {
    /// Opens the first one of this maker that is plugged in. A `BitBox02` asks its person to compare a
    /// code.
    ///
    /// # Errors
    /// See [`DeviceError`].
    pub fn open(
        vendor: Vendor,
        network: Network,
        watch: &mut dyn Watch,
    ) -> Result<Self, DeviceError> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| {
            DeviceError::Io { place: Place::Vendor(vendor), what: error.to_string() }
        })?;
        let driver = open::open(vendor, network, &runtime, watch)?;
        Self::with(driver, vendor, network, runtime)
    }

    fn with(
        driver: Box<dyn Driver>,
        vendor: Vendor,
        network: Network,
        runtime: Runtime,
    ) -> Result<Self, DeviceError> {
        let about = About {
            place: Place::Vendor(vendor),
            model: vendor.name().to_owned(),
            version: String::new(),
            state: State::Ready,
            networks: Networks::All,
        };
        let fingerprint = Fingerprint::default();
        let mut device = Self { vendor, about, network, fingerprint, driver, runtime };
        device.fingerprint = device.at_once(device.hwi()?.get_master_fingerprint())?;
        let version = device.at_once(device.hwi()?.get_version());
        // Specter does not say it, and nothing here depends on it.
        device.about.version = version.map_or_else(|_| "?".to_owned(), |told| told.to_string());
        Ok(device)
    }

    fn at_once<T>(&self, answer: impl Answer<T>) -> Result<T, DeviceError> {
        self.answered(AT_ONCE, answer)
    }

    /// Waits for an answer of the person at the device.
    fn by_person<T>(
        &self,
        watch: &mut dyn Watch,
        answer: impl Answer<T>,
    ) -> Result<T, DeviceError> {
        if watch.is_over() {
            return Err(DeviceError::Stopped);
        }
        watch.progress(Progress::Waiting);
        self.answered(PERSON, answer)
    }

    fn answered<T>(&self, most: Duration, answer: impl Answer<T>) -> Result<T, DeviceError> {
        let answered = self.runtime.block_on(async { timeout(most, answer).await });
        let answered = answered.map_err(|_| DeviceError::TimedOut)?;
        answered.map_err(|error| told(error, self.vendor, self.network))
    }

    fn hwi(&self) -> Result<&dyn HWI, DeviceError> {
        self.driver.hwi().map_err(|error| told(error, self.vendor, self.network))
    }

    /// Loads the policy that the next question is about.
    fn load(&mut self, name: &str, descriptor: &str) -> Result<(), DeviceError> {
        let loaded = self.driver.load(name, descriptor);
        loaded.map_err(|error| told(error, self.vendor, self.network))
    }

    /// Loads the account of an address or a coin of one key.
    fn load_one_key(&mut self, account: &OneKey) -> Result<(), DeviceError> {
        let xpub = self.xpub(account.path())?;
        self.load("", &account.descriptor(self.fingerprint, &xpub))
    }
}

impl Device for VendorDevice {
    fn about(&self) -> &About {
        &self.about
    }

    fn network(&self) -> Network {
        self.network
    }

    fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    fn xpub(&mut self, path: &DerivationPath) -> Result<Xpub, DeviceError> {
        let xpub = self.at_once(self.hwi()?.get_extended_pubkey(path))?;
        xpub_at(xpub, path, self.network)
    }

    fn is_registered(&mut self, policy: &Policy) -> Result<bool, DeviceError> {
        match self.vendor {
            // Neither tells: a Ledger keeps nothing, Specter answers nothing.
            Vendor::Ledger | Vendor::Specter => Ok(false),
            Vendor::Coldcard | Vendor::BitBox02 => {
                let (name, descriptor) = (policy.name().as_str(), policy.descriptor());
                self.at_once(self.hwi()?.is_wallet_registered(name, &descriptor))
            }
        }
    }

    fn register(&mut self, policy: &Policy, watch: &mut dyn Watch) -> Result<(), DeviceError> {
        if self.vendor == Vendor::Ledger {
            return Err(DeviceError::Unsupported("accounts of several keys on a Ledger"));
        }
        let (name, descriptor) = (policy.name().as_str(), policy.descriptor());
        self.by_person(watch, self.hwi()?.register_wallet(name, &descriptor)).map(drop)
    }

    fn display(
        &mut self,
        what: &Shown,
        watch: &mut dyn Watch,
    ) -> Result<Option<String>, DeviceError> {
        let (index, change) = match (self.vendor, what) {
            (Vendor::BitBox02, Shown::SingleKey { script, path }) => {
                let shown = self.driver.show(*script, path, self.network);
                return self.by_person(watch, shown).map(|shown| Some(cleaned(&shown)));
            }
            (Vendor::Ledger, Shown::SingleKey { script, path }) => {
                let at = OneKey::of_address(*script, path);
                let Some((account, change, index)) = at else {
                    return Err(DeviceError::Unsupported("this address on a Ledger"));
                };
                self.load_one_key(&account)?;
                (index, change)
            }
            (Vendor::Coldcard | Vendor::BitBox02, Shown::Policy { policy, branch, index }) => {
                self.load(policy.name().as_str(), &policy.descriptor())?;
                (*index, *branch == 1)
            }
            (Vendor::Coldcard | Vendor::Specter, Shown::SingleKey { .. })
            | (Vendor::Ledger | Vendor::Specter, Shown::Policy { .. }) => {
                return Err(DeviceError::Unsupported(
                    "show this address: look for it in its own menu",
                ));
            }
        };
        let script = AddressScript::Miniscript { index, change };
        self.by_person(watch, self.hwi()?.display_address(&script)).map(|()| None)
    }

    fn sign(&mut self, psbt: &Psbt, watch: &mut dyn Watch) -> Result<Psbt, DeviceError> {
        let mut signed = psbt.clone();
        let accounts = OneKey::of_coins(psbt, self.fingerprint);
        match (self.vendor, accounts) {
            (Vendor::Ledger | Vendor::BitBox02, None) => {
                return Err(DeviceError::Unsupported(
                    "coins of several keys with a Ledger or a BitBox02",
                ));
            }
            // It signs for one account at a time.
            (Vendor::Ledger, Some(accounts)) => {
                for account in accounts {
                    self.load_one_key(&account)?;
                    self.by_person(watch, self.hwi()?.sign_tx(&mut signed))?;
                }
            }
            (Vendor::BitBox02, Some(_)) | (Vendor::Coldcard | Vendor::Specter, _) => {
                self.by_person(watch, self.hwi()?.sign_tx(&mut signed))?;
            }
        }
        Ok(signed)
    }

    fn sign_message(
        &mut self,
        _path: &DerivationPath,
        _message: &str,
        _watch: &mut dyn Watch,
    ) -> Result<String, DeviceError> {
        Err(DeviceError::Unsupported("sign messages for billfold"))
    }
}

/// What the library promises an answer by.
trait Answer<T>: Future<Output = Result<T, async_hwi::Error>> {}

impl<T, F: Future<Output = Result<T, async_hwi::Error>>> Answer<T> for F {}

/// What an error of the library means.
fn told(error: async_hwi::Error, vendor: Vendor, asked: Network) -> DeviceError {
    use async_hwi::Error;

    let place = Place::Vendor(vendor);
    match error {
        Error::UserRefused => DeviceError::Cancelled,
        Error::NetworkMismatch => DeviceError::WrongNetwork { asked },
        Error::DeviceDisconnected => DeviceError::Gone(place),
        Error::DeviceNotFound => DeviceError::NotThere(place),
        Error::UnimplementedMethod => DeviceError::Unsupported("its library has no such function"),
        Error::UnsupportedVersion => DeviceError::Unsupported("its version is too old"),
        other => DeviceError::Vendor { vendor, what: cleaned(&other.to_string()) },
    }
}

#[cfg(test)]
mod tests;
