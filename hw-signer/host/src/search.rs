//! Owns the way from a place, or none, to a device that answers.
//!
//! Refuses to guess: of several signers a person names one.

use bitcoin::Network;

use crate::device::Device;
use crate::jade::Greeted;
use crate::place::Place;
use crate::problem::DeviceError;
use crate::usb::{self, Port};
use crate::vendor::Vendor;
#[cfg(feature = "async-hwi")]
use crate::vendor_device::VendorDevice;
use crate::watch::Watch;

/// Opens the signer at a place, and unlocks it for a network.
///
/// # Errors
/// See [`DeviceError`].
pub fn connect(
    place: &Place,
    network: Network,
    watch: &mut dyn Watch,
) -> Result<Box<dyn Device>, DeviceError> {
    match place {
        Place::Vendor(vendor) => of_vendor(*vendor, network, watch),
        place => Ok(Box::new(greet(place)?.unlock(network, watch)?)),
    }
}

#[cfg(feature = "async-hwi")]
fn of_vendor(
    vendor: Vendor,
    network: Network,
    watch: &mut dyn Watch,
) -> Result<Box<dyn Device>, DeviceError> {
    Ok(Box::new(VendorDevice::open(vendor, network, watch)?))
}

#[cfg(not(feature = "async-hwi"))]
fn of_vendor(
    vendor: Vendor,
    _network: Network,
    _watch: &mut dyn Watch,
) -> Result<Box<dyn Device>, DeviceError> {
    Err(DeviceError::NotBuiltIn(vendor))
}

/// Opens the signer at a place. No person is disturbed.
///
/// # Errors
/// See [`DeviceError`]; [`DeviceError::WrongApp`] for one of another maker, which is not greeted in
/// this way.
pub fn greet(place: &Place) -> Result<Greeted, DeviceError> {
    match place {
        Place::Usb => Greeted::at(&only(&usb::ports(), answers)?),
        Place::Vendor(_) => Err(DeviceError::WrongApp(place.clone())),
        place => Greeted::at(place),
    }
}

/// The only signer among these ports. What calls itself ours is believed; behind a number that
/// others have too, it must answer.
fn only(
    ports: &[Port],
    answers: impl Fn(&Port) -> Result<(), DeviceError>,
) -> Result<Place, DeviceError> {
    let mut ours: Vec<&Port> = ports.iter().filter(|port| port.is_ours()).collect();
    let mut silent = None;
    if ours.is_empty() {
        for port in ports.iter().filter(|port| port.may_be_a_signer()) {
            match answers(port) {
                Ok(()) => ours.push(port),
                Err(error) => silent = silent.or(Some(error)),
            }
        }
    }
    match ours.as_slice() {
        [] => Err(silent.unwrap_or(DeviceError::NoDevice)),
        [port] => Ok(place(port)),
        several => Err(DeviceError::Several(several.iter().map(|port| place(port)).collect())),
    }
}

fn answers(port: &Port) -> Result<(), DeviceError> {
    Greeted::at(&place(port)).map(drop)
}

fn place(port: &Port) -> Place {
    Place::Serial(port.path.clone())
}

#[cfg(test)]
mod tests {
    use std::slice;

    use super::*;

    fn port(path: &str, product: &str) -> Port {
        Port { path: path.into(), ids: (0x0403, 0x6001), product: product.to_owned() }
    }

    #[test]
    fn of_several_signers_none_is_chosen_for_the_person() {
        let silent = |port: &Port| Err(DeviceError::Silent(place(port)));
        let all = |_: &Port| Ok(());
        let (ours, other) = (port("/dev/a", usb::PRODUCT), port("/dev/b", "FT232R"));
        assert_eq!(only(&[], all), Err(DeviceError::NoDevice));
        assert_eq!(only(&[ours.clone(), other.clone()], all), Ok(place(&ours)));
        assert_eq!(only(slice::from_ref(&other), all), Ok(place(&other)));
        assert_eq!(only(slice::from_ref(&other), silent), Err(DeviceError::Silent(place(&other))));
        let two = [ours.clone(), port("/dev/c", usb::PRODUCT)];
        let expected = DeviceError::Several(vec![place(&two[0]), place(&two[1])]);
        assert_eq!(only(&two, all), Err(expected));
    }
}
