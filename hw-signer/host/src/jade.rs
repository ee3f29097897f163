//! Owns `Jade`: a device that speaks Jade's RPC, which billfold's own signer does too.
//!
//! Refuses to unlock a device through a server: one that asks for it is to be unlocked by itself
//! first. Never sets up, wipes or updates a device.

use std::time::{SystemTime, UNIX_EPOCH};

use bitcoin::Network;
use bitcoin::bip32::{DerivationPath, Fingerprint, Xpub};
use bitcoin::psbt::Psbt;

use crate::device::{About, Device, Networks, Shown, SingleKeyScript, State, xpub_at};
use crate::limits::{PARTS, POLICIES, SIGNED_BYTES};
use crate::link::{Link, open_serial, open_tcp};
use crate::place::Place;
use crate::policy::Policy;
use crate::problem::{DeviceError, cleaned};
use crate::rpc::{Answer, By, NETWORK_MISMATCH, Question, Rpc};
use crate::value::{self, Value};
use crate::watch::{Progress, Unwatched, Watch};

/// A device whose name and state are known, and which nothing was asked of yet.
pub struct Greeted {
    rpc: Rpc,
    about: About,
}

/// A device that is unlocked, for one network.
pub struct Jade {
    rpc: Rpc,
    about: About,
    network: Network,
    fingerprint: Fingerprint,
}

impl Greeted {
    /// Opens a serial port or an emulator, and asks what is there. No person is disturbed.
    ///
    /// # Errors
    /// [`DeviceError::NoDevice`] for a place that is none before it was searched; why
    /// the place can't be opened; [`DeviceError::Silent`] or [`DeviceError::WrongApp`] if it does
    /// not answer as a signer does.
    pub fn at(place: &Place) -> Result<Self, DeviceError> {
        let link = match place {
            Place::Usb | Place::Vendor(_) => return Err(DeviceError::NoDevice),
            Place::Serial(path) => open_serial(path)?,
            Place::Tcp(address) => open_tcp(*address)?,
        };
        Self::over(link, place.clone(), entropy::<4>().map(u32::from_be_bytes)?)
    }

    /// Asks over a link that is open.
    pub(crate) fn over(
        link: Box<dyn Link>,
        place: Place,
        session: u32,
    ) -> Result<Self, DeviceError> {
        let mut rpc = Rpc::new(link, place.clone(), session);
        let mut greeted = greet(&mut rpc);
        let torn = matches!(greeted, Err(DeviceError::TimedOut | DeviceError::Protocol(_)));
        // A host that is gone may have left the rest of an answer, in which ours was lost.
        if torn && rpc.has_heard() {
            rpc.forget();
            greeted = greet(&mut rpc);
        }
        let about = match greeted {
            Ok(answer) => about(&answer.result, place).ok_or_else(|| wrong_app(&rpc))?,
            Err(DeviceError::TimedOut) if !rpc.has_heard() => {
                return Err(DeviceError::Silent(place));
            }
            Err(DeviceError::Gone(place)) => return Err(DeviceError::Gone(place)),
            Err(_) => return Err(wrong_app(&rpc)),
        };
        Ok(Self { rpc, about })
    }

    /// What it is, as it says.
    #[must_use]
    pub const fn about(&self) -> &About {
        &self.about
    }

    /// Whether it is in the middle of something for somebody else.
    ///
    /// # Errors
    /// See [`DeviceError`].
    pub fn is_busy(&mut self) -> Result<bool, DeviceError> {
        let question = Question { method: "ping", params: None, by: By::Greeting };
        let answer = self.rpc.ask(&question, &mut Unwatched)?;
        Ok(value::number(&answer.result)? == BUSY)
    }

    /// Unlocks it for a network; the person at the device may have to enter a PIN.
    ///
    /// # Errors
    /// [`DeviceError::NotSetUp`], [`DeviceError::WrongNetwork`], [`DeviceError::Locked`],
    /// [`DeviceError::Cancelled`], and what else [`DeviceError`] tells.
    pub fn unlock(mut self, network: Network, watch: &mut dyn Watch) -> Result<Jade, DeviceError> {
        if self.about.state == State::NotSetUp {
            return Err(DeviceError::NotSetUp);
        }
        if !self.about.networks.hold(network) {
            return Err(DeviceError::WrongNetwork { asked: network });
        }
        let random = entropy::<32>()?;
        let params = Value::Map(vec![("entropy", Value::Bytes(&random))]);
        let question = Question { method: "add_entropy", params: Some(params), by: By::Device };
        self.rpc.ask(&question, &mut Unwatched)?;
        let params = Value::Map(vec![
            ("network", Value::Text(network_name(network))),
            ("epoch", Value::Uint(epoch())),
        ]);
        let question = Question { method: "auth_user", params: Some(params), by: By::Person };
        let answer = self.rpc.ask(&question, watch).map_err(of_network(network))?;
        // What is neither yes nor no asks us to call a server that guards the PIN.
        if value::yes_or_no(&answer.result) != Some(true) {
            return Err(DeviceError::Locked);
        }
        let (rpc, about) = (self.rpc, self.about);
        let mut jade = Jade { rpc, about, network, fingerprint: Fingerprint::default() };
        jade.fingerprint = jade.xpub(&DerivationPath::master())?.fingerprint();
        Ok(jade)
    }
}

impl Jade {
    fn ask(
        &mut self,
        method: &'static str,
        mut params: Vec<(&str, Value<'_>)>,
        watch: Option<&mut dyn Watch>,
    ) -> Result<Answer, DeviceError> {
        params.insert(0, ("network", Value::Text(network_name(self.network))));
        let by = if watch.is_some() { By::Person } else { By::Device };
        let question = Question { method, params: Some(Value::Map(params)), by };
        let answer = match watch {
            Some(watch) => self.rpc.ask(&question, watch),
            None => self.rpc.ask(&question, &mut Unwatched),
        };
        answer.map_err(of_network(self.network))
    }

    /// The further parts of a long answer, after the first.
    fn rest(
        &mut self,
        first: &Answer,
        method: &'static str,
        watch: &mut dyn Watch,
    ) -> Result<Vec<u8>, DeviceError> {
        let mut whole = value::bytes(&first.result)?;
        let (start, of) = first.part.unwrap_or((1, 1));
        if start != 1 || of > PARTS {
            return Err(DeviceError::Protocol("parts are counted wrongly"));
        }
        for part in 2..=of {
            watch.progress(Progress::Received { part: part - 1, of });
            if watch.is_over() {
                return Err(DeviceError::Stopped);
            }
            let params = Value::Map(vec![
                ("origid", Value::Text(&first.id)),
                ("orig", Value::Text(method)),
                ("seqnum", Value::Uint(part.into())),
                ("seqlen", Value::Uint(of.into())),
            ]);
            let question =
                Question { method: "get_extended_data", params: Some(params), by: By::Device };
            let answer = self.rpc.ask(&question, &mut Unwatched)?;
            if answer.part != Some((part, of)) {
                return Err(DeviceError::Protocol("parts are counted wrongly"));
            }
            whole.extend(value::bytes(&answer.result)?);
            if whole.len() > SIGNED_BYTES {
                return Err(DeviceError::Protocol("it sends more than it was asked for"));
            }
        }
        Ok(whole)
    }
}

impl Device for Jade {
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
        let answer = self.ask("get_xpub", vec![("path", steps(path))], None)?;
        let xpub: Xpub = value::text(&answer.result)?
            .parse()
            .map_err(|_| DeviceError::Protocol("a key is malformed"))?;
        xpub_at(xpub, path, self.network)
    }

    fn is_registered(&mut self, policy: &Policy) -> Result<bool, DeviceError> {
        let answer = self.ask("get_registered_descriptors", Vec::new(), None)?;
        let name = policy.name().as_str();
        if !value::map(&answer.result, POLICIES)?.iter().any(|(known, _)| known == name) {
            return Ok(false);
        }
        let params = vec![("descriptor_name", Value::Text(name))];
        let answer = self.ask("get_registered_descriptor", params, None)?;
        let fields = value::map(&answer.result, POLICIES)?;
        let field = |name| {
            let found = fields.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value).ok_or(DeviceError::Protocol("a policy lacks a field"))
        };
        let template = value::text(field("descriptor")?)?;
        let mut keys = Vec::new();
        for (number, key) in value::map(field("datavalues")?, POLICIES)? {
            keys.push((number, same_path_marks(&value::text(&key)?)));
        }
        keys.sort();
        let mut expected = numbered(policy);
        expected.sort();
        let template = template.replace("/**", "/<0;1>/*");
        Ok(template == policy.template() && keys == expected)
    }

    fn register(&mut self, policy: &Policy, watch: &mut dyn Watch) -> Result<(), DeviceError> {
        let keys = numbered(policy);
        let keys = keys.iter().map(|(number, key)| (number.as_str(), Value::Text(key)));
        let params = vec![
            ("descriptor_name", Value::Text(policy.name().as_str())),
            ("descriptor", Value::Text(policy.template())),
            ("datavalues", Value::Map(keys.collect())),
        ];
        let answer = self.ask("register_descriptor", params, Some(watch))?;
        match value::yes_or_no(&answer.result) {
            Some(true) => Ok(()),
            Some(false) => Err(DeviceError::Cancelled),
            None => Err(DeviceError::Protocol("a yes or a no was expected")),
        }
    }

    fn display(
        &mut self,
        what: &Shown,
        watch: &mut dyn Watch,
    ) -> Result<Option<String>, DeviceError> {
        let params = match what {
            Shown::SingleKey { script, path } => {
                vec![("variant", Value::Text(variant(*script))), ("path", steps(path))]
            }
            Shown::Policy { policy, branch, index } => vec![
                ("descriptor_name", Value::Text(policy.name().as_str())),
                ("branch", Value::Uint((*branch).into())),
                ("pointer", Value::Uint((*index).into())),
            ],
        };
        let answer = self.ask("get_receive_address", params, Some(watch))?;
        Ok(Some(cleaned(&value::text(&answer.result)?)))
    }

    fn sign(&mut self, psbt: &Psbt, watch: &mut dyn Watch) -> Result<Psbt, DeviceError> {
        let bytes = psbt.serialize();
        let first = self.ask("sign_psbt", vec![("psbt", Value::Bytes(&bytes))], Some(watch))?;
        let signed = self.rest(&first, "sign_psbt", watch)?;
        Psbt::deserialize(&signed).map_err(|_| DeviceError::Protocol("the PSBT is malformed"))
    }

    fn sign_message(
        &mut self,
        path: &DerivationPath,
        message: &str,
        watch: &mut dyn Watch,
    ) -> Result<String, DeviceError> {
        let params = vec![("path", steps(path)), ("message", Value::Text(message))];
        let answer = self.ask("sign_message", params, Some(watch))?;
        value::text(&answer.result)
    }
}

/// Asks who is there.
fn greet(rpc: &mut Rpc) -> Result<Answer, DeviceError> {
    let params = Value::Map(vec![("nonblocking", Value::Bool(true))]);
    let question = Question { method: "get_version_info", params: Some(params), by: By::Greeting };
    rpc.ask(&question, &mut Unwatched)
}

/// What a device says of itself; `None` if it is not a signer of this protocol.
fn about(result: &[u8], place: Place) -> Option<About> {
    let fields = value::map(result, VERSION_FIELDS).ok()?;
    let text = |name| {
        let (_, value) = fields.iter().find(|(known, _)| known == name)?;
        value::text(value).ok().map(|text| cleaned(&text))
    };
    let state = match text("JADE_STATE")?.as_str() {
        "UNINIT" | "UNSAVED" => State::NotSetUp,
        "LOCKED" => State::Locked,
        "READY" | "TEMP" => State::Ready,
        _ => return None,
    };
    let networks = match text("JADE_NETWORKS")?.as_str() {
        "MAIN" => Networks::Main,
        "TEST" => Networks::Test,
        "ALL" => Networks::All,
        _ => return None,
    };
    let model = text("BOARD_TYPE").unwrap_or_else(|| "unknown".to_owned());
    Some(About { place, model, version: text("JADE_VERSION")?, state, networks })
}

fn wrong_app(rpc: &Rpc) -> DeviceError {
    DeviceError::WrongApp(rpc.place().clone())
}

fn of_network(asked: Network) -> impl Fn(DeviceError) -> DeviceError {
    move |error| match error {
        DeviceError::Refused { code: NETWORK_MISMATCH, .. } => DeviceError::WrongNetwork { asked },
        error => error,
    }
}

/// The keys of a policy with the names that its template has for them.
fn numbered(policy: &Policy) -> Vec<(String, String)> {
    let keys = policy.keys().iter().enumerate();
    keys.map(|(number, key)| (format!("@{number}"), same_path_marks(key))).collect()
}

/// Hardened steps marked in one way.
fn same_path_marks(text: &str) -> String {
    // Only within an origin: a key has these letters too.
    let (mut marked, mut inside) = (String::with_capacity(text.len()), false);
    for c in text.chars() {
        inside = (inside || c == '[') && c != ']';
        marked.push(if inside && c == 'h' { '\'' } else { c });
    }
    marked
}

fn steps(path: &DerivationPath) -> Value<'static> {
    Value::Path(path.to_u32_vec())
}

const fn variant(script: SingleKeyScript) -> &'static str {
    match script {
        SingleKeyScript::Legacy => "pkh(k)",
        SingleKeyScript::Nested => "sh(wpkh(k))",
        SingleKeyScript::Segwit => "wpkh(k)",
        SingleKeyScript::Taproot => "tr(k)",
    }
}

/// The protocol knows three networks; addresses and keys of all the public test networks look
/// alike.
const fn network_name(network: Network) -> &'static str {
    match network {
        Network::Bitcoin => "mainnet",
        Network::Regtest => "localtest",
        _ => "testnet",
    }
}

fn epoch() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn entropy<const N: usize>() -> Result<[u8; N], DeviceError> {
    let mut bytes = [0; N];
    let filled = getrandom::fill(&mut bytes);
    filled.map_err(|_| DeviceError::Protocol("this machine gives no randomness"))?;
    Ok(bytes)
}

/// The answer to `ping` of a device that handles somebody's message.
const BUSY: u64 = 1;

/// Fields that a device may tell of its version.
const VERSION_FIELDS: u64 = 64;

#[cfg(test)]
mod tests;
