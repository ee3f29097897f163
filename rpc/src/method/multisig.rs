//! Owns the method that makes an address of several keys, without any wallet.

use bitcoin::hex::FromHex;
use bitcoin::opcodes::all::OP_CHECKMULTISIG;
use bitcoin::script::{Builder, PushBytesBuf};
use bitcoin::{Address, Network, ScriptBuf, secp256k1};
use serde::Serialize;

use crate::arguments::{self, Arguments};
use crate::descriptor::written;
use crate::error::RpcError;
use crate::json::{Value, answer};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::parameter::{Kind, Parameter};
use crate::script::{COMPRESSED_KEY, multi_text};

pub(super) const METHODS: &[Method] = &[Method {
    name: "createmultisig",
    category: Category::Util,
    parameters: &[
        Parameter::required("nrequired", Kind::Number, "How many of the keys must sign"),
        Parameter::required("keys", Kind::Array, "The hex-encoded public keys"),
        Parameter::optional("address_type", Kind::Text, "legacy, p2sh-segwit or bech32"),
    ],
    about: "Creates a multi-signature address with n signatures of m keys required.",
    standing: Standing::Same,
    run: Run::Pure(create),
}];

/// How the script is wrapped into an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrapping {
    Legacy,
    Nested,
    Witness,
}

fn create(network: Network, arguments: &Arguments) -> Outcome {
    let required = arguments.integer(0)?.unwrap_or_default();
    let keys = arguments::array(arguments.required(1))?;
    let keys: Vec<Vec<u8>> = keys.iter().map(key).collect::<Result<_, _>>()?;
    let wanted = wrapping(arguments.text(2)?)?;
    let script = script(required, &keys)?;
    // Witnesses take compressed keys only.
    let is_compressed = keys.iter().all(|key| key.len() == COMPRESSED_KEY);
    let taken = if is_compressed { wanted } else { Wrapping::Legacy };
    if taken == Wrapping::Legacy && script.len() > LONGEST_PUSH {
        let message = format!("redeemScript exceeds size limit: {} > {LONGEST_PUSH}", script.len());
        return Err(RpcError::parameter(message));
    }
    let address = match taken {
        Wrapping::Legacy => Address::p2sh(&script, network).map_err(|_| RpcError::bug())?,
        Wrapping::Nested => Address::p2shwsh(&script, network),
        Wrapping::Witness => Address::p2wsh(&script, network),
    };
    let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
    let inner = multi_text(usize::try_from(required).unwrap_or_default(), &keys);
    let descriptor = match (taken, inner) {
        (_, None) => format!("addr({address})"),
        (Wrapping::Legacy, Some(inner)) => format!("sh({inner})"),
        (Wrapping::Nested, Some(inner)) => format!("sh(wsh({inner}))"),
        (Wrapping::Witness, Some(inner)) => format!("wsh({inner})"),
    };
    answer(&MultisigForm {
        address: address.to_string(),
        redeem_script: script.to_hex_string(),
        descriptor: written(&descriptor),
        warnings: (taken != wanted).then_some([UNCOMPRESSED]),
    })
}

fn wrapping(name: Option<&str>) -> Result<Wrapping, RpcError> {
    match name {
        None | Some("legacy") => Ok(Wrapping::Legacy),
        Some("p2sh-segwit") => Ok(Wrapping::Nested),
        Some("bech32") => Ok(Wrapping::Witness),
        Some("bech32m") => {
            Err(RpcError::address_or_key("createmultisig cannot create bech32m multisig addresses"))
        }
        Some(name) => Err(RpcError::address_or_key(format!("Unknown address type '{name}'"))),
    }
}

/// A public key.
///
/// # Errors
/// -5, in Core's words.
pub(super) fn key(value: &Value) -> Result<Vec<u8>, RpcError> {
    let text = arguments::text(value)?;
    let refused = |why: &str| RpcError::address_or_key(format!("Pubkey \"{text}\" must {why}"));
    let bytes = Vec::from_hex(text).ok().filter(|bytes| !bytes.is_empty());
    let bytes = bytes.ok_or_else(|| refused("be a hex string"))?;
    if bytes.len() != COMPRESSED_KEY && bytes.len() != UNCOMPRESSED_KEY {
        return Err(refused("have a length of either 33 or 65 bytes"));
    }
    match secp256k1::PublicKey::from_slice(&bytes) {
        Ok(_) => Ok(bytes),
        Err(_) => Err(refused("be cryptographically valid.")),
    }
}

fn script(required: i64, keys: &[Vec<u8>]) -> Result<ScriptBuf, RpcError> {
    if required < 1 {
        let message = "a multisignature address must require at least one key to redeem";
        return Err(RpcError::parameter(message));
    }
    if usize::try_from(required).is_ok_and(|required| keys.len() < required) {
        return Err(RpcError::parameter(format!(
            "not enough keys supplied (got {} keys, but need at least {required} to redeem)",
            keys.len()
        )));
    }
    if keys.len() > MOST_KEYS {
        return Err(RpcError::parameter(format!(
            "Number of keys involved in the multisignature address creation > {MOST_KEYS}\n\
             Reduce the number"
        )));
    }
    let count = i64::try_from(keys.len()).map_err(|_| RpcError::bug())?;
    let mut script = Builder::new().push_int(required);
    for key in keys {
        script =
            script.push_slice(PushBytesBuf::try_from(key.clone()).map_err(|_| RpcError::bug())?);
    }
    Ok(script.push_int(count).push_opcode(OP_CHECKMULTISIG).into_script())
}

#[derive(Debug, Serialize)]
struct MultisigForm {
    address: String,
    #[serde(rename = "redeemScript")]
    redeem_script: String,
    descriptor: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    warnings: Option<[&'static str; 1]>,
}

const UNCOMPRESSED: &str = "Unable to make chosen address type, please ensure no uncompressed \
                            public keys are present.";

/// Bytes of an uncompressed public key.
const UNCOMPRESSED_KEY: usize = 65;

/// Bytes that a script may push at once (consensus).
const LONGEST_PUSH: usize = 520;

/// Keys of one multisig (consensus).
const MOST_KEYS: usize = 20;

#[cfg(test)]
mod tests {
    use crate::envelope::Params;
    use bitcoin::hex::DisplayHex as _;

    use super::*;
    use crate::method::Method;
    use crate::method::tests::pure;

    /// The keys of BIP67's first vector, in its order, and the address that it gives on mainnet.
    const KEYS: [&str; 2] = [
        "02fe6f0a5a297eb38c391581c4413e084773ea23954d93f7753db7dc0adc188b2f",
        "02ff12471208c14bd580709cb2358d98975247d8765f92bc25eab3b2763ed605f8",
    ];

    fn multisig(params: &str) -> Result<serde_json::Value, (i32, String)> {
        pure("createmultisig", params)
    }

    #[test]
    fn the_address_of_bip67_is_made() {
        let method = Method::named("createmultisig").expect("it is there");
        let params = Params::read(&format!(r#"[2, ["{}", "{}"]]"#, KEYS[0], KEYS[1]));
        let params = params.expect("an array");
        let arguments = Arguments::read(method.parameters, params, || method.help()).expect("well");
        let told = create(Network::Bitcoin, &arguments).expect("made");
        let told: serde_json::Value = serde_json::from_str(told.get()).expect("JSON");
        assert_eq!(told["address"], "39bgKC7RFbpoCRbtD5KEdkYKtNyhpsNa3Z");
        assert_eq!(told["redeemScript"], format!("5221{}21{}52ae", KEYS[0], KEYS[1]));
        let inner = format!("sh(multi(2,{},{}))#", KEYS[0], KEYS[1]);
        assert!(told["descriptor"].as_str().is_some_and(|d| d.starts_with(&inner)), "{told}");
        assert_eq!(told.get("warnings"), None);
    }

    #[test]
    fn every_wrapping_is_derived_from_its_descriptor_again() {
        for kind in ["legacy", "p2sh-segwit", "bech32"] {
            let params = format!(r#"[1, ["{}", "{}"], "{kind}"]"#, KEYS[0], KEYS[1]);
            let told = multisig(&params).expect(kind);
            let derived = pure("deriveaddresses", &format!("[{}]", told["descriptor"]));
            assert_eq!(derived.expect(kind)[0], told["address"], "{kind}");
        }
        let uncompressed = "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798\
                            483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";
        let told = multisig(&format!(r#"[1, ["{uncompressed}"], "bech32"]"#)).expect("made");
        assert_eq!(told["warnings"][0], UNCOMPRESSED);
        assert!(told["descriptor"].as_str().is_some_and(|d| d.starts_with("sh(multi(1,04")));
    }

    #[test]
    fn wrong_input_is_told_in_the_words_of_core() {
        let key = KEYS[0];
        let many = vec![format!("\"{key}\""); 21].join(",");
        let sixteen = vec![format!("\"{key}\""); 16].join(",");
        let cases = [
            (format!(r#"[0, ["{key}"]]"#), -8, "a multisignature address must require at least"),
            (format!(r#"[2, ["{key}"]]"#), -8, "not enough keys supplied (got 1 keys, but need at"),
            (format!("[1, [{many}]]"), -8, "Number of keys involved in the multisignature address"),
            (format!("[1, [{sixteen}]]"), -8, "redeemScript exceeds size limit: 547 > 520"),
            ("[1, [\"zz\"]]".to_owned(), -5, "Pubkey \"zz\" must be a hex string"),
            ("[1, [\"\"]]".to_owned(), -5, "Pubkey \"\" must be a hex string"),
            ("[1, [\"02\"]]".to_owned(), -5, "Pubkey \"02\" must have a length of either 33 or 65"),
            (format!("[1, [\"05{}\"]]", &key[2..]), -5, "must be cryptographically valid."),
            (format!(r#"[1, ["{key}"], "bech32m"]"#), -5, "createmultisig cannot create bech32m"),
            (format!(r#"[1, ["{key}"], "other"]"#), -5, "Unknown address type 'other'"),
            ("[1, [1]]".to_owned(), -3, "JSON value of type number is not of expected type string"),
            ("[4294967296, []]".to_owned(), -1, "JSON integer out of range"),
        ];
        for (params, code, text) in cases {
            let told = multisig(&params).expect_err(&params);
            assert!(told.0 == code && told.1.contains(text), "{params}: {told:?}");
        }
    }

    #[test]
    fn twenty_keys_fit_into_a_witness() {
        let keys = vec![format!("\"{}\"", KEYS[0]); 20].join(",");
        let told = multisig(&format!("[1, [{keys}], \"bech32\"]")).expect("made");
        let script = told["redeemScript"].as_str().expect("hex");
        assert!(script.starts_with("5121") && script.ends_with("0114ae"), "{script}");
        let bytes = Vec::<u8>::from_hex(script).expect("hex");
        assert_eq!(bytes.to_lower_hex_string(), script);
    }
}
