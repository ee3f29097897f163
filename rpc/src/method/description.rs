//! Owns the methods about addresses and descriptors by themselves, without a wallet.

use std::sync::atomic::AtomicBool;

use bitcoin::Network;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::address_flaw::AddressFlaw;
use crate::apart::{apart_while_awaited, check_awaited};
use crate::arguments::{self, Arguments};
use crate::descriptor::checked;
use crate::descriptor_text::Read;
use crate::error::RpcError;
use crate::json::{Value, answer};
use crate::limits::RANGE_LENGTH;
use crate::method::address::Shape;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};
use crate::provider::check_places;

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "deriveaddresses",
        category: Category::Util,
        parameters: &[
            Parameter::required("descriptor", Kind::Text, "The descriptor, with its checksum"),
            Parameter::optional("range", Kind::Range, "The end or the range [begin,end]"),
        ],
        about: "Derives one or more addresses corresponding to an output descriptor.",
        standing: Standing::Differs(
            "-8 for more than 1000000 places, over all paths; the rest as of getdescriptorinfo",
        ),
        run: Run::Node(|node, arguments| Box::pin(derive(node, arguments))),
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

const DESCRIPTORS: &str = "-5 also for musig, more than 16 KiB with keys, 16 branches or 510 steps, and the texts of what is wrong with a descriptor are \
                           mostly our own";

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
        shape: Shape::of(&spk),
    })
}

fn analyse(network: Network, arguments: &Arguments) -> Outcome {
    let read = Read::parse(arguments.required_text(0)?, network, false)?;
    let canonical: Vec<_> = read.texts().iter().map(|text| checked(text)).collect();
    let several = (canonical.len() > 1).then(|| canonical.clone());
    answer(&DescriptorForm {
        descriptor: canonical.into_iter().next().unwrap_or_default(),
        multipath_expansion: several,
        isrange: read.is_ranged(),
        issolvable: read.is_solvable(),
        hasprivatekeys: read.has_private_keys(),
        checksum: read.checksum,
    })
}

async fn derive(node: &Node, arguments: &Arguments) -> Outcome {
    let range = arguments.value(1).map(range).transpose()?;
    let text = Zeroizing::new(arguments.required_text(0)?.to_owned());
    let network = node.params.network;
    apart_while_awaited(move |left| derived(&text, network, range, left)).await?
}

/// The addresses of a descriptor, unless `left` says meanwhile that nobody waits for them.
fn derived(text: &str, network: Network, range: Option<(u32, u32)>, left: &AtomicBool) -> Outcome {
    let read = Read::parse(text, network, true)?;
    let (first, last) = match (read.is_ranged(), range) {
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
    check_places(read.places(first, last))?;
    let mut branches = Vec::new();
    for branch in 0..read.branch_count() {
        let mut addresses = Vec::new();
        for index in first..=last {
            check_awaited(left)?;
            let found = read.addresses(branch, index)?;
            addresses.extend(found.iter().map(ToString::to_string));
        }
        branches.push(addresses);
    }
    if branches.len() > 1 { answer(&branches) } else { answer(&branches.pop()) }
}

/// A range of indices, both ends in it (`ParseDescriptorRange`).
pub(super) fn range(value: &Value) -> Result<(u32, u32), RpcError> {
    let (first, last) = match value {
        Value::Number(_) => (0, arguments::long(value)?),
        Value::Array(ends) => match &ends[..] {
            [first, last] => pair(arguments::long(first)?, arguments::long(last)?)?,
            _ => return Err(RpcError::parameter(RANGE_SHAPE)),
        },
        _ => return Err(RpcError::parameter(RANGE_SHAPE)),
    };
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

/// Two ends in their order.
fn pair(first: i64, last: i64) -> Result<(i64, i64), RpcError> {
    if first > last {
        let message = "Range specified as [begin,end] must not have begin after end";
        return Err(RpcError::parameter(message));
    }
    Ok((first, last))
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
    use billfold_wallet_core::command::CommandError;
    use bitcoin::bip32::{Xpriv, Xpub};
    use miniscript::descriptor::checksum::desc_checksum;
    use serde_json::{Value, json};

    use super::*;
    use crate::method::tests::pure;

    fn call(name: &str, params: &Value) -> Result<Value, (i32, String)> {
        pure(name, &params.to_string())
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
        for hardened in ["/1h/0", "/1/*h"] {
            let taken = with_sum(format!("wpkh({key}{hardened})"));
            let range = hardened.contains('*').then_some(0);
            let params = range.map_or(json!([taken]), |range| json!([taken, range]));
            let without = "Cannot derive script without private keys".to_owned();
            assert_eq!(call("deriveaddresses", &params), Err((-5, without)));
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

    /// The library panics where a public key can't be derived further.
    #[test]
    fn descriptors_below_the_last_level_are_refused() {
        let key = "tpubD6NzVbkrYhZ4WaWSyoBvQwbpLkojyoTZPRsgXELWz3Popb3qkjcJyJUGLnL4qHHoQvao8ESaAstxYSnhyswJ76uZPStJRJCTKvosUCJZL5B";
        let key = Xpub { depth: 255, ..key.parse().expect("a key") };
        let secret = "tprv8ZgxMBicQKsPd7Uf69XL1XwhmjHopUGep8GuEiJDZmbQz6o58LninorQAfcKZWARbtRtfnLcJ5MQ2AtHcQJCCRUcMRvmDUjyEmNUWwx8UbK";
        let secret = Xpriv { depth: 255, ..secret.parse().expect("a key") };
        let with_sum = |body: &str| format!("{body}#{}", desc_checksum(body).expect("letters"));
        for form in ["wpkh(@)", "combo(@)", "rawtr(@)", "tr(@)", "wsh(multi(1,@))"] {
            let body = form.replace('@', &format!("{key}/0"));
            let without = "Cannot derive script without private keys".to_owned();
            assert_eq!(call("deriveaddresses", &json!([with_sum(&body)])), Err((-5, without)));
            let body = form.replace('@', &format!("{secret}/0h"));
            let refused = call("getdescriptorinfo", &json!([body])).expect_err(form);
            assert_eq!(refused.0, -5, "{refused:?}");
        }
    }

    /// No text takes more stack than there is.
    #[test]
    fn brackets_without_an_end_are_refused() {
        for part in ["(", "wsh(", "tr(", "{", "tr(x,{", "sh(", "and_v(", "n:", "nnnnnnnnnn"] {
            for body in [part.repeat(100_000), format!("wsh({}", part.repeat(100_000))] {
                let refused = call("getdescriptorinfo", &json!([body])).expect_err(part);
                assert_eq!(refused.0, -5, "{part}");
            }
        }
    }

    /// They would keep a thread for hours.
    #[test]
    fn no_more_addresses_are_derived_than_are_worth_it_and_none_for_nobody() {
        let key = "tpubD6NzVbkrYhZ4WaWSyoBvQwbpLkojyoTZPRsgXELWz3Popb3qkjcJyJUGLnL4qHHoQvao8ESaAstxYSnhyswJ76uZPStJRJCTKvosUCJZL5B";
        let body = format!("wpkh({key}/<0;1;2>/*)");
        let text = format!("{body}#{}", desc_checksum(&body).expect("letters"));
        let told = call("deriveaddresses", &json!([text, [0, 499_999]]));
        let many = "More than 1000000 scripts at once: name shorter ranges";
        assert_eq!(told, Err((-8, many.to_owned())));
        let left = AtomicBool::new(true);
        let told = derived(&text, Network::Regtest, Some((0, 1)), &left).expect_err("nobody waits");
        assert_eq!(told, CommandError::Closing.into());
        let told = call("deriveaddresses", &json!([text, [7, 8]])).expect("addresses");
        let alone = format!("wpkh({key}/2/8)");
        let alone = format!("{alone}#{}", desc_checksum(&alone).expect("letters"));
        assert_eq!(call("deriveaddresses", &json!([alone])), Ok(json!([told[2][1]])));
    }

    /// Base58 takes the square of its length: a call would last for hours.
    #[test]
    fn words_without_an_end_are_refused() {
        for word in ["1", "z", "tprv8", "tpubD"] {
            for form in ["@", "wpkh(@)", "pkh([00000000/1h]@/*)", "wsh(multi(1,@))", "tr(@:x)"] {
                for letters in [131, 16_000, 1_000_000] {
                    let body = form.replace('@', &word.repeat(letters / word.len() + 1));
                    let refused = call("getdescriptorinfo", &json!([body])).expect_err(form);
                    assert_eq!(refused.0, -5, "{form}");
                }
            }
        }
        let key = "tpubD6NzVbkrYhZ4WaWSyoBvQwbpLkojyoTZPRsgXELWz3Popb3qkjcJyJUGLnL4qHHoQvao8ESaAstxYSnhyswJ76uZPStJRJCTKvosUCJZL5B";
        let branches: Vec<String> = (0..1_700).map(|step| step.to_string()).collect();
        let bomb = format!("wpkh({key}/<{}>{}/*)", branches.join(";"), "/0".repeat(4_000));
        let refused = call("getdescriptorinfo", &json!([bomb])).expect_err("it takes 90 GB");
        assert_eq!(refused.0, -5, "{refused:?}");
        let long = format!("raw({})", "6a".repeat(10_000));
        assert!(call("getdescriptorinfo", &json!([long])).is_ok(), "it has no keys");
    }

    /// The generator's key, whose addresses BIP173 shows.
    #[test]
    fn what_is_no_miniscript_is_read_too() {
        let key = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
        let wif = "cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN87JcbXMTcA";
        let segwit = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
        let with_sum = |body: &str| format!("{body}#{}", desc_checksum(body).expect("letters"));
        let derived = |body: &str| call("deriveaddresses", &json!([with_sum(body)]));
        assert_eq!(derived(&format!("addr({segwit})")), Ok(json!([segwit])));
        assert_eq!(
            derived("raw(0014751e76e8199196d454941c45d1b3a323f1433bd6)"),
            Ok(json!([segwit]))
        );
        let legacy = "mrCDrCybB6J1vRfbwM5hemdJz73FwDBC8r";
        let nested = "2NAUYAHhujozruyzpsFRP63mbrdaU5wnEpN";
        let combo = Ok(json!([legacy, segwit, nested]));
        assert_eq!(derived(&format!("combo({key})")), combo);
        assert_eq!(derived(&format!("combo({wif})")), combo, "a private key is as good");
        // BIP341: the output's key is this one, and no tweak of it.
        let x_only = &key[2..];
        let taproot = "bcrt1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqc8gma6";
        assert_eq!(derived(&format!("rawtr({x_only})")), Ok(json!([taproot])));

        for (body, solvable, private, text) in [
            (format!("addr({segwit})"), false, false, format!("addr({segwit})")),
            ("raw(6A00)".to_owned(), false, false, "raw(6a00)".to_owned()),
            (format!("combo({wif})"), true, true, format!("combo({key})")),
            (format!("rawtr({x_only})"), true, false, format!("rawtr({x_only})")),
        ] {
            let told = call("getdescriptorinfo", &json!([body])).expect("a descriptor");
            let facts = (&told["issolvable"], &told["hasprivatekeys"], &told["isrange"]);
            assert_eq!(facts, (&json!(solvable), &json!(private), &json!(false)), "{body}");
            assert_eq!(told["descriptor"], json!(with_sum(&text)), "{body}");
        }
        let none = "Descriptor does not have a corresponding address";
        assert_eq!(derived("raw(6a00)"), Err((-5, none.to_owned())));
        for (wrong, message) in [
            ("addr(bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4)", "Address is not valid"),
            ("raw(xyz)", "Raw script is not hex"),
            ("raw()", none),
        ] {
            assert_eq!(derived(wrong), Err((-5, message.to_owned())), "{wrong}");
        }
        for wrong in ["combo()", "combo(x)", "rawtr()", "addr()", "combo(", "rawtr(combo(x))"] {
            let told = derived(wrong).expect_err(wrong);
            assert_eq!(told.0, -5, "{wrong}: {told:?}");
        }
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
