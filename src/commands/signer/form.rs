//! Owns how signing devices and what they did are told.

use billfold_wallet_core::keychain::{AccountKey, AccountName, Branch};
use billfold_wallet_core::signer_host::device::About;
use billfold_wallet_core::signer_host::doctor::Diagnosis;
use billfold_wallet_core::signer_host::problem::DeviceError;
use billfold_wallet_core::signers::device::Registration;
use serde::Serialize;

use crate::commands::owned::AddressPlace;
use crate::output::{Canvas, Report};

/// An array of devices.
#[derive(Debug, Serialize)]
pub(super) struct ListReport(Vec<DoctorReport>);

/// A device, and what is wrong with it.
#[derive(Debug, Serialize)]
pub(super) struct DoctorReport {
    place: String,
    model: Option<String>,
    version: Option<String>,
    state: Option<&'static str>,
    problem: Option<ProblemForm>,
}

#[derive(Debug, Serialize)]
struct ProblemForm {
    name: &'static str,
    message: String,
}

impl DoctorReport {
    pub(super) fn new(found: &Diagnosis) -> Self {
        let about = |field: fn(&About) -> String| found.about.as_ref().map(field);
        Self {
            place: found.place.to_string(),
            model: about(|about| about.model.clone()),
            version: about(|about| about.version.clone()),
            state: found.about.as_ref().map(|about| about.state.name()),
            problem: found.problem.as_ref().map(ProblemForm::new),
        }
    }
}

impl ProblemForm {
    fn new(problem: &DeviceError) -> Self {
        Self { name: problem.name(), message: problem.to_string() }
    }
}

impl Report for DoctorReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        let (model, version) = (self.model.as_deref(), self.version.as_deref());
        let what = model.zip(version).map(|(model, version)| format!("  {model} {version}"));
        let told = match &self.problem {
            None if model.is_none() => "plugged in; what else it lacks shows in its use".to_owned(),
            None => "nothing keeps it from being used".to_owned(),
            Some(problem) => problem.message.clone(),
        };
        format!("{}{}\n  {told}", self.place, what.unwrap_or_default())
    }
}

impl ListReport {
    pub(super) fn new(found: &[Diagnosis]) -> Self {
        Self(found.iter().map(DoctorReport::new).collect())
    }
}

impl Report for ListReport {
    fn for_people(&self, canvas: Canvas) -> String {
        if self.0.is_empty() {
            return "No signer is plugged in.".to_owned();
        }
        let devices: Vec<_> = self.0.iter().map(|device| device.for_people(canvas)).collect();
        devices.join("\n")
    }
}

/// A key of the device.
#[derive(Debug, Serialize)]
pub(super) struct KeyReport {
    key: String,
}

impl KeyReport {
    pub(super) fn new(key: &AccountKey) -> Self {
        Self { key: key.to_string() }
    }
}

impl Report for KeyReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        self.key.clone()
    }
}

/// A policy that the device keeps.
#[derive(Debug, Serialize)]
pub(super) struct RegisterReport {
    account: String,
    name: String,
    new: bool,
}

impl RegisterReport {
    pub(super) fn new(account: &AccountName, registered: Registration) -> Self {
        let Registration { name, new } = registered;
        Self { account: account.to_string(), name, new }
    }
}

impl Report for RegisterReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        let Self { account, name, new } = self;
        if *new {
            format!("The signer keeps {account} as {name}.")
        } else {
            format!("The signer kept {account} already, as {name}.")
        }
    }
}

/// An address that both have.
#[derive(Debug, Serialize)]
pub(super) struct DisplayReport {
    address: String,
    account: String,
    branch: &'static str,
    index: u32,
    /// Whether the device said what it shows; if not, only the person has compared.
    compared: bool,
}

impl DisplayReport {
    pub(super) fn new(shown: &AddressPlace, compared: bool) -> Self {
        Self {
            address: shown.address.to_string(),
            account: shown.account.to_string(),
            branch: match shown.keychain.branch {
                Branch::Receive => "receive",
                Branch::Change => "change",
            },
            index: shown.index.to_u32(),
            compared,
        }
    }
}

impl Report for DisplayReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        let told = if self.compared {
            "The signer has the same address."
        } else {
            "This signer does not say what it shows: trust the address only if you saw the same there."
        };
        format!("{}\n{told}", self.address)
    }
}
