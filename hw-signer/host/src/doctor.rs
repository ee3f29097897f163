//! Owns the search for what keeps a signer from being used.
//!
//! Refuses to disturb a person: nothing is asked that the device would show.

use bitcoin::Network;

use crate::device::{About, State};
use crate::place::Place;
use crate::problem::DeviceError;
use crate::search::greet;
use crate::usb::{self, Port};
use crate::vendor::Vendor;

/// What is known of a signer, and the first thing that keeps it from being used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// Where it was looked for.
    pub place: Place,
    /// What it says that it is, if it answers.
    pub about: Option<About>,
    /// What is wrong, if anything is; its message says what to do.
    pub problem: Option<DeviceError>,
}

/// Looks at everything that is plugged in and may be a signer, and at a place that is named.
#[must_use]
pub fn list(named: Option<&Place>, network: Network) -> Vec<Diagnosis> {
    let ports = usb::ports().into_iter().filter(Port::may_be_a_signer);
    let mut places: Vec<Place> = ports.map(|port| Place::Serial(port.path)).collect();
    places.extend(usb::vendors().into_iter().map(Place::Vendor));
    places.extend(named.filter(|named| **named != Place::Usb && !places.contains(named)).cloned());
    places.iter().map(|place| diagnose(place, network)).collect()
}

/// Looks at the signer of a place, for a network.
#[must_use]
pub fn diagnose(place: &Place, network: Network) -> Diagnosis {
    if let Place::Vendor(vendor) = place {
        let problem = problem_of(*vendor, &usb::vendors());
        return Diagnosis { place: place.clone(), about: None, problem };
    }
    match greet(place) {
        Err(problem) => Diagnosis { place: place.clone(), about: None, problem: Some(problem) },
        Ok(mut device) => {
            let about = device.about().clone();
            let problem = wrong(&about, network).or_else(|| match device.is_busy() {
                Ok(false) => None,
                Ok(true) => Some(DeviceError::Busy(about.place.clone())),
                Err(problem) => Some(problem),
            });
            Diagnosis { place: about.place.clone(), about: Some(about), problem }
        }
    }
}

/// More of them can't be known without asking for a code or a PIN on the device.
fn problem_of(vendor: Vendor, plugged_in: &[Vendor]) -> Option<DeviceError> {
    if !cfg!(feature = "async-hwi") {
        Some(DeviceError::NotBuiltIn(vendor))
    } else if plugged_in.contains(&vendor) {
        None
    } else {
        Some(DeviceError::NotThere(Place::Vendor(vendor)))
    }
}

fn wrong(about: &About, network: Network) -> Option<DeviceError> {
    if about.state == State::NotSetUp {
        Some(DeviceError::NotSetUp)
    } else if !about.networks.hold(network) {
        Some(DeviceError::WrongNetwork { asked: network })
    } else if about.state == State::Locked {
        Some(DeviceError::Locked)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signer_of_another_maker_takes_another_build_or_is_missing() {
        let missing = DeviceError::NotThere(Place::Vendor(Vendor::Ledger));
        let without = (!cfg!(feature = "async-hwi")).then_some(Vendor::Ledger);
        let problem = without.map(DeviceError::NotBuiltIn);
        // Whoever plugs it in would be told no more.
        let unplugged = problem.clone().or(Some(missing));
        assert_eq!(problem_of(Vendor::Ledger, &[Vendor::Coldcard]), unplugged);
        assert_eq!(problem_of(Vendor::Ledger, &[Vendor::Ledger]), problem);
    }
}
