//! Owns finding and opening the library's devices.
//!
//! Refuses to choose among several of one maker: the first is taken, and the wallet compares its keys.

use async_hwi::bitbox::api::runtime::TokioRuntime;
use async_hwi::bitbox::{BitBox02, PairingBitbox02, is_bitbox02};
use async_hwi::coldcard::{Coldcard, api};
use async_hwi::ledger::{HidApi, Ledger, TransportHID};
use async_hwi::specter::{SerialTransport, Specter};
use bitcoin::Network;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::limits::PERSON;
use crate::place::Place;
use crate::problem::{DeviceError, cleaned};
use crate::usb;
use crate::vendor::Vendor;
use crate::watch::{Progress, Watch};

use super::driver::{Driver, Loadable};

/// Opens the first device of a maker.
pub(super) fn open(
    vendor: Vendor,
    network: Network,
    runtime: &Runtime,
    watch: &mut dyn Watch,
) -> Result<Box<dyn Driver>, DeviceError> {
    match vendor {
        Vendor::Ledger => ledger(),
        Vendor::Coldcard => coldcard(),
        Vendor::BitBox02 => bitbox02(network, runtime, watch),
        Vendor::Specter => specter(runtime),
    }
}

fn ledger() -> Result<Box<dyn Driver>, DeviceError> {
    let hid = hid(Vendor::Ledger)?;
    let first = Ledger::<TransportHID>::enumerate(&hid).next();
    let first = first.ok_or(DeviceError::NotThere(Place::Vendor(Vendor::Ledger)))?;
    let device = Ledger::<TransportHID>::connect(&hid, first);
    let device = device.map_err(|_| not_opened(Vendor::Ledger, MAY_NOT))?;
    Ok(Box::new(Loadable::new(device)))
}

fn coldcard() -> Result<Box<dyn Driver>, DeviceError> {
    let failed = |error: api::Error| not_opened(Vendor::Coldcard, &error.to_string());
    let mut hid = api::Api::new().map_err(failed)?;
    let first = hid.detect().map_err(failed)?.into_iter().next();
    let first = first.ok_or(DeviceError::NotThere(Place::Vendor(Vendor::Coldcard)))?;
    let (device, keys) = hid.open(&first, None).map_err(failed)?;
    if keys.is_none() {
        return Err(DeviceError::NotSetUp);
    }
    Ok(Box::new(Loadable::new(Coldcard::from(device))))
}

/// The pairing is not kept: each time a person compares a code.
fn bitbox02(
    network: Network,
    runtime: &Runtime,
    watch: &mut dyn Watch,
) -> Result<Box<dyn Driver>, DeviceError> {
    let failed = |error: &dyn ToString| not_opened(Vendor::BitBox02, &error.to_string());
    let hid = hid(Vendor::BitBox02)?;
    let first = hid.device_list().find(|device| is_bitbox02(device));
    let first = first.ok_or(DeviceError::NotThere(Place::Vendor(Vendor::BitBox02)))?;
    let opened = first.open_device(&hid).map_err(|error| failed(&error))?;
    watch.progress(Progress::Waiting);
    runtime.block_on(async {
        let paired = timeout(PERSON, async {
            let pairing = PairingBitbox02::<TokioRuntime>::connect(opened, None).await;
            let pairing = pairing.map_err(|error| failed(&error))?;
            if let Some(code) = pairing.pairing_code() {
                watch.progress(Progress::Compare(cleaned(&code)));
            }
            pairing.wait_confirm().await.map_err(|error| failed(&error))
        });
        let paired = paired.await.map_err(|_| DeviceError::TimedOut)??;
        let device: Box<dyn Driver> = Box::new(BitBox02::from(paired).with_network(network));
        Ok(device)
    })
}

fn specter(runtime: &Runtime) -> Result<Box<dyn Driver>, DeviceError> {
    let port = usb::ports().into_iter().find(|port| Vendor::Specter.has(port.ids));
    let port = port.ok_or(DeviceError::NotThere(Place::Vendor(Vendor::Specter)))?;
    // The port is watched by the runtime that is entered.
    let _entered = runtime.enter();
    let device = Specter::<SerialTransport>::new(port.path.to_string_lossy().into_owned());
    let device = device.map_err(|error| not_opened(Vendor::Specter, &error.to_string()))?;
    Ok(Box::new(device))
}

fn hid(vendor: Vendor) -> Result<HidApi, DeviceError> {
    HidApi::new().map_err(|error| not_opened(vendor, &error.to_string()))
}

fn not_opened(vendor: Vendor, what: &str) -> DeviceError {
    DeviceError::Io { place: Place::Vendor(vendor), what: cleaned(what) }
}

const MAY_NOT: &str = "it can't be opened: close other programs that use it, and install billfold's \
                       udev rules";
