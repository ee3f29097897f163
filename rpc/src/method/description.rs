//! Owns the methods about addresses and descriptors by themselves, without a wallet.

use bitcoin::Network;
use miniscript::Descriptor;
use miniscript::descriptor::DescriptorPublicKey;
use miniscript::descriptor::checksum::desc_checksum;
use serde::Serialize;

use crate::address_flaw::AddressFlaw;
use crate::arguments::{self, Arguments};
use crate::descriptor::{SECP, written};
use crate::error::RpcError;
use crate::json::{Value, answer};
use crate::limits::RANGE_LENGTH;
use crate::method::address::Shape;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::parameter::{Kind, Parameter};

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "deriveaddresses",
        category: Category::Util,
        parameters: &[
            Parameter::required("descriptor", Kind::Text, "The descriptor, with its checksum"),
            Parameter::optional("range", Kind::Range, "The end or the range [begin,end]"),
        ],
        about: "Derives one or more addresses corresponding to an output descriptor.",
        standing: Standing::Differs(DESCRIPTORS),
        run: Run::Pure(derive),
    },
    Method {
        name: "getdescriptorinfo",
        category: Category::Util,
        parameters: &[Parameter::required("descriptor", Kind::Text, "The descriptor")],
        about: "Analyses a descriptor.",
        standing: Standing::Differs(DESCRIPTORS),
        run: Run::Pure(analyse),
    },
    Method {
        name: "validateaddress",
        category: Category::Util,
        parameters: &[Parameter::required("address", Kind::Text, "The bitcoin address")],
        about: "Return information about the given bitcoin address.",
        standing: Standing::Same,
        run: Run::Pure(validate),
    },
];

const DESCRIPTORS: &str = "-5 also for addr, raw, combo, rawtr and musig, and the texts of what is \
                           wrong with a descriptor are our own";

fn validate(network: Network, arguments: &Arguments) -> Outcome {
    let text = arguments.required_text(0)?;
    let Ok(address) = arguments::address(text, network, "") else {
        let AddressFlaw { error, locations } = AddressFlaw::of(text, network);
        return answer(&InvalidForm { isvalid: false, error_locations: locations, error });
    };
    let spk = address.script_pubkey();
    answer(&AddressForm {
        isvalid: true,
        address: address.to_string(),
        script_pubkey: spk.to_hex_string(),
        shape: Shape::of(&address, &spk),
    })
}

fn analyse(_: Network, arguments: &Arguments) -> Outcome {
    let read = Read::parse(arguments.required_text(0)?, false)?;
    let descriptors = read.branches()?;
    let canonical: Vec<_> =
        descriptors.iter().map(|branch| written(&read.spelled(&branch.to_string()))).collect();
    let several = (canonical.len() > 1).then(|| canonical.clone());
    answer(&DescriptorForm {
        descriptor: canonical.into_iter().next().unwrap_or_default(),
        multipath_expansion: several,
        checksum: read.checksum,
        isrange: read.descriptor.has_wildcard(),
        issolvable: true,
        hasprivatekeys: read.has_private_keys,
    })
}

fn derive(network: Network, arguments: &Arguments) -> Outcome {
    let read = Read::parse(arguments.required_text(0)?, true)?;
    let range = arguments.value(1).map(range).transpose()?;
    let (first, last) = match (read.descriptor.has_wildcard(), range) {
        (false, Some(_)) => {
            let message = "Range should not be specified for an un-ranged descriptor";
            return Err(RpcError::parameter(message));
        }
        (true, None) => {
            let message = "Range must be specified for a ranged descriptor";
            return Err(RpcError::parameter(message));
        }
        (_, range) => range.unwrap_or((0, 0)),
    };
    let mut branches = Vec::new();
    for branch in read.branches()? {
        let addresses = (first..=last).map(|index| {
            let refused =
                || RpcError::address_or_key("Descriptor does not have a corresponding address");
            let definite = branch.at_derivation_index(index).map_err(|_| refused())?;
            definite.address(network).map(|address| address.to_string()).map_err(|_| refused())
        });
        branches.push(addresses.collect::<Result<Vec<_>, RpcError>>()?);
    }
    if branches.len() > 1 { answer(&branches) } else { answer(&branches.pop()) }
}

/// A descriptor that was read.
pub(super) struct Read {
    descriptor: Descriptor<DescriptorPublicKey>,
    checksum: String,
    has_private_keys: bool,
    /// Whether hardened steps are spelled with an apostrophe.
    apostrophes: bool,
}

impl Read {
    /// Reads a text.
    ///
    /// # Errors
    /// -5.
    pub(super) fn parse(text: &str, needs_checksum: bool) -> Result<Self, RpcError> {
        let (body, given) = match text.split_once('#') {
            Some((body, given)) => (body, Some(given)),
            None if needs_checksum => return Err(RpcError::address_or_key("Missing checksum")),
            None => (text, None),
        };
        let wrong = |error: miniscript::Error| RpcError::address_or_key(error.to_string());
        let checksum = desc_checksum(body).map_err(wrong)?;
        match given {
            Some(given) if given.len() != checksum.len() => {
                return Err(RpcError::address_or_key(format!(
                    "Expected 8 character checksum, not {} characters",
                    given.len()
                )));
            }
            Some(given) if given != checksum => {
                return Err(RpcError::address_or_key(format!(
                    "Provided checksum '{given}' does not match computed checksum '{checksum}'"
                )));
            }
            _ => {}
        }
        let (descriptor, keys) = Descriptor::parse_descriptor(&SECP, body).map_err(wrong)?;
        descriptor.sanity_check().map_err(wrong)?;
        let (has_private_keys, apostrophes) = (!keys.is_empty(), body.contains('\''));
        Ok(Self { descriptor, checksum, has_private_keys, apostrophes })
    }

    /// Whether it makes more than one address.
    pub(super) fn is_ranged(&self) -> bool {
        self.descriptor.has_wildcard()
    }

    /// Whether there are private keys in it.
    pub(super) const fn has_private_keys(&self) -> bool {
        self.has_private_keys
    }

    /// One for each path (BIP389).
    pub(super) fn branches(&self) -> Result<Vec<Descriptor<DescriptorPublicKey>>, RpcError> {
        let branches = self.descriptor.clone().into_single_descriptors();
        branches.map_err(|error| RpcError::address_or_key(error.to_string()))
    }

    /// With hardened steps spelled as they were given.
    fn spelled(&self, text: &str) -> String {
        if self.apostrophes { text.to_owned() } else { text.replace('\'', "h") }
    }
}

/// A range of indices, both ends in it (`ParseDescriptorRange`).
pub(super) fn range(value: &Value) -> Result<(u32, u32), RpcError> {
    let (first, last) = match value {
        Value::Number(_) => (0, arguments::integer(value)?),
        Value::Array(ends) => match &ends[..] {
            [first, last] => (arguments::integer(first)?, arguments::integer(last)?),
            _ => return Err(RpcError::parameter(RANGE_SHAPE)),
        },
        _ => return Err(RpcError::parameter(RANGE_SHAPE)),
    };
    if first > last {
        let message = "Range specified as [begin,end] must not have begin after end";
        return Err(RpcError::parameter(message));
    }
    if first < 0 {
        return Err(RpcError::parameter("Range should be greater or equal than 0"));
    }
    if last >> 31 != 0 {
        return Err(RpcError::parameter("End of range is too high"));
    }
    if last >= first + RANGE_LENGTH {
        return Err(RpcError::parameter("Range is too large"));
    }
    let end = |end: i64| u32::try_from(end).map_err(|_| RpcError::parameter(RANGE_SHAPE));
    Ok((end(first)?, end(last)?))
}

#[derive(Debug, Serialize)]
struct AddressForm {
    isvalid: bool,
    address: String,
    #[serde(rename = "scriptPubKey")]
    script_pubkey: String,
    #[serde(flatten)]
    shape: Shape,
}

#[derive(Debug, Serialize)]
struct InvalidForm {
    isvalid: bool,
    error_locations: Vec<usize>,
    error: String,
}

#[derive(Debug, Serialize)]
struct DescriptorForm {
    descriptor: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    multipath_expansion: Option<Vec<String>>,
    checksum: String,
    isrange: bool,
    issolvable: bool,
    hasprivatekeys: bool,
}

const RANGE_SHAPE: &str = "Range must be specified as end or as [begin,end]";

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::envelope::Params;

    fn call(name: &str, params: &Value) -> Result<Value, (i32, String)> {
        let method = Method::named(name).expect("it is there");
        let Run::Pure(run) = method.run else { panic!("{name} is pure") };
        let params: Params = serde_json::from_str(&params.to_string()).expect("an array");
        let arguments = Arguments::read(method.parameters, params, || method.help());
        let answer = arguments.and_then(|arguments| run(Network::Regtest, &arguments));
        let answer = answer.map_err(|error| (error.code, error.message))?;
        Ok(serde_json::from_str(answer.get()).expect("JSON"))
    }

    /// From Bitcoin Core's `test/functional/rpc_deriveaddresses.py` (MIT).
    #[test]
    fn addresses_are_those_of_core() {
        let key = "tpubD6NzVbkrYhZ4WaWSyoBvQwbpLkojyoTZPRsgXELWz3Popb3qkjcJyJUGLnL4qHHoQvao8ESaAstxYSnhyswJ76uZPStJRJCTKvosUCJZL5B";
        let with_sum = |body: String| format!("{body}#{}", desc_checksum(&body).expect("letters"));
        let one = with_sum(format!("wpkh({key}/1/1/0)"));
        assert_eq!(
            call("deriveaddresses", &json!([one])),
            Ok(json!(["bcrt1qjqmxmkpmxt80xz4y3746zgt0q3u3ferr34acd5"]))
        );
        let ranged = with_sum(format!("wpkh({key}/1/1/*)"));
        let three = json!([
            "bcrt1qjqmxmkpmxt80xz4y3746zgt0q3u3ferr34acd5",
            "bcrt1qhku5rq7jz8ulufe2y6fkcpnlvpsta7rq4442dy",
            "bcrt1qpgptk2gvshyl0s9lqshsmx932l9ccsv265tvaq"
        ]);
        assert_eq!(call("deriveaddresses", &json!([ranged, [0, 2]])), Ok(three.clone()));
        assert_eq!(call("deriveaddresses", &json!([ranged, 2])), Ok(three));
        let cases = [
            (json!([one, [0, 2]]), "Range should not be specified for an un-ranged descriptor"),
            (json!([ranged]), "Range must be specified for a ranged descriptor"),
            (json!([ranged, 10_000_000_000_i64]), "End of range is too high"),
            (json!([ranged, [1_000_000_000, 2_000_000_000]]), "Range is too large"),
            (
                json!([ranged, [2, 0]]),
                "Range specified as [begin,end] must not have begin after end",
            ),
            (json!([ranged, [-1, 0]]), "Range should be greater or equal than 0"),
            (json!([ranged, "x"]), RANGE_SHAPE),
        ];
        for (params, message) in cases {
            assert_eq!(call("deriveaddresses", &params), Err((-8, message.to_owned())));
        }
        let bare = format!("wpkh({key}/1/1/0)");
        let missing = (-5, "Missing checksum".to_owned());
        assert_eq!(call("deriveaddresses", &json!([bare])), Err(missing));
        let wrong =
            call("deriveaddresses", &json!([format!("{bare}#t6wfjs6x")])).expect_err("wrong");
        assert!(wrong.1.starts_with("Provided checksum 't6wfjs6x' does not match"), "{wrong:?}");
    }

    #[test]
    fn a_descriptor_is_told_without_its_private_keys() {
        let secret = "wpkh(tprv8ZgxMBicQKsPd7Uf69XL1XwhmjHopUGep8GuEiJDZmbQz6o58LninorQAfcKZWARbtRtfnLcJ5MQ2AtHcQJCCRUcMRvmDUjyEmNUWwx8UbK/1/*)";
        let told = call("getdescriptorinfo", &json!([secret])).expect("a descriptor");
        assert_eq!((&told["hasprivatekeys"], &told["isrange"]), (&json!(true), &json!(true)));
        assert_eq!(told.get("multipath_expansion"), None);
        let public = told["descriptor"].as_str().expect("a text");
        let again = call("getdescriptorinfo", &json!([public])).expect("a descriptor");
        assert_eq!(again["hasprivatekeys"], json!(false));
        assert!(!told.to_string().contains("tprv"), "{told}");
    }

    #[test]
    fn addresses_of_other_networks_are_none_here() {
        let told =
            call("validateaddress", &json!(["bcrt1qjqmxmkpmxt80xz4y3746zgt0q3u3ferr34acd5"]));
        let told = told.expect("told");
        assert_eq!((&told["isvalid"], &told["witness_version"]), (&json!(true), &json!(0)));
        assert_eq!(told["isscript"], json!(false));
        let short = "Invalid checksum or length of Base58 address (P2PKH or P2SH)";
        let unknown = "Invalid or unsupported Segwit (Bech32) or Base58 encoding.";
        let mainnet = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
        for (wrong, error) in [("", short), ("x", short), (mainnet, unknown)] {
            let told = call("validateaddress", &json!([wrong])).expect("told");
            assert_eq!(told, json!({"isvalid": false, "error_locations": [], "error": error}));
        }
    }
}
