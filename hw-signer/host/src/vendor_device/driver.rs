//! Owns `Driver`: what differs between the library's devices, one implementation for each.
//!
//! Refuses to decide: `VendorDevice` asks for what a device can do.

use std::pin::Pin;

use async_hwi::bitbox::api::btc::make_script_config_simple;
use async_hwi::bitbox::api::pb::BtcCoin;
use async_hwi::bitbox::api::pb::btc_script_config::SimpleType;
use async_hwi::bitbox::api::{Keypath, runtime::TokioRuntime};
use async_hwi::bitbox::{BitBox02, extract_script_config_policy};
use async_hwi::coldcard::Coldcard;
use async_hwi::ledger::{Ledger, TransportHID};
use async_hwi::specter::{SerialTransport, Specter};
use async_hwi::{Error, HWI};
use bitcoin::Network;
use bitcoin::bip32::DerivationPath;

use crate::device::SingleKeyScript;

/// An address that a device promises to show.
pub(super) type Showing<'a> = Pin<Box<dyn Future<Output = Result<String, Error>> + 'a>>;

/// A device of the library.
pub(super) trait Driver: Send {
    /// What all of them can be asked; an error after a policy could not be loaded.
    fn hwi(&self) -> Result<&dyn HWI, Error>;

    /// Loads the policy that the next question is about. A device that finds it by itself needs none.
    fn load(&mut self, name: &str, descriptor: &str) -> Result<(), Error>;

    /// Shows the address of one key, and gives it.
    fn show(&self, _: SingleKeyScript, _: &DerivationPath, _: Network) -> Showing<'_> {
        Box::pin(async { Err(Error::UnimplementedMethod) })
    }
}

/// A device that the library takes, and gives back with a policy; nothing, once that has failed.
pub(super) struct Loadable<T>(Option<T>);

impl<T: HWI> Loadable<T> {
    pub(super) const fn new(device: T) -> Self {
        Self(Some(device))
    }

    fn hwi(&self) -> Result<&dyn HWI, Error> {
        Ok(self.0.as_ref().ok_or(Error::DeviceDisconnected)?)
    }

    fn load(&mut self, with_policy: impl FnOnce(T) -> Result<T, Error>) -> Result<(), Error> {
        let device = self.0.take().ok_or(Error::DeviceDisconnected)?;
        self.0 = Some(with_policy(device)?);
        Ok(())
    }
}

impl Driver for Loadable<Ledger<TransportHID>> {
    fn hwi(&self) -> Result<&dyn HWI, Error> {
        self.hwi()
    }

    fn load(&mut self, name: &str, descriptor: &str) -> Result<(), Error> {
        self.load(|device| device.with_wallet(name, descriptor, None))
    }
}

impl Driver for Loadable<Coldcard> {
    fn hwi(&self) -> Result<&dyn HWI, Error> {
        self.hwi()
    }

    fn load(&mut self, name: &str, _: &str) -> Result<(), Error> {
        self.load(|device| Ok(device.with_wallet_name(name.to_owned())))
    }
}

impl Driver for BitBox02<TokioRuntime> {
    fn hwi(&self) -> Result<&dyn HWI, Error> {
        Ok(self)
    }

    fn load(&mut self, _: &str, descriptor: &str) -> Result<(), Error> {
        self.policy = Some(extract_script_config_policy(descriptor)?);
        Ok(())
    }

    fn show(
        &self,
        script: SingleKeyScript,
        path: &DerivationPath,
        network: Network,
    ) -> Showing<'_> {
        let path = Keypath::from(path);
        Box::pin(async move {
            let simple = match script {
                SingleKeyScript::Legacy => return Err(Error::UnimplementedMethod),
                SingleKeyScript::Nested => SimpleType::P2wpkhP2sh,
                SingleKeyScript::Segwit => SimpleType::P2wpkh,
                SingleKeyScript::Taproot => SimpleType::P2tr,
            };
            let coin = match network {
                Network::Bitcoin => BtcCoin::Btc,
                Network::Regtest => BtcCoin::Rbtc,
                _ => BtcCoin::Tbtc,
            };
            let config = make_script_config_simple(simple);
            Ok(self.client.btc_address(coin, &path, &config, true).await?)
        })
    }
}

impl Driver for Specter<SerialTransport> {
    fn hwi(&self) -> Result<&dyn HWI, Error> {
        Ok(self)
    }

    fn load(&mut self, _: &str, _: &str) -> Result<(), Error> {
        Ok(())
    }
}
