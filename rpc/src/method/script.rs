//! Owns the methods about scripts by themselves.

use bitcoin::hashes::Hash as _;
use bitcoin::script::{Script, ScriptBuf};
use bitcoin::{Address, Network, PublicKey, WPubkeyHash};
use miniscript::{Miniscript, Segwitv0};
use serde::Serialize;

use crate::arguments::Arguments;
use crate::descriptor::written;
use crate::error::RpcError;
use crate::json::answer;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::parameter::{Kind, Parameter};
use crate::script::{
    COMPRESSED_KEY, ScriptForm, asm, bare_key, described, kind, multi_text, multisig,
};
use crate::transaction_hex::has_valid_opcodes;

pub(super) const METHODS: &[Method] = &[Method {
    name: "decodescript",
    category: Category::Rawtransactions,
    parameters: &[Parameter::required("hexstring", Kind::Text, "the hex-encoded script")],
    about: "Decode a hex-encoded script.",
    standing: Standing::Same,
    run: Run::Pure(decode),
}];

fn decode(network: Network, arguments: &Arguments) -> Outcome {
    let text = arguments.required_text(0)?;
    let script = ScriptBuf::from_hex(text).map_err(|_| {
        RpcError::parameter(format!("argument must be hexadecimal string (not '{text}')"))
    })?;
    let kind = kind(&script);
    let wraps = can_wrap(&script, kind);
    let address = if kind == "pubkey" { None } else { Address::from_script(&script, network).ok() };
    answer(&DecodedForm {
        asm: asm(&script, false),
        desc: described(&script, network),
        address: address.map(|address| address.to_string()),
        kind,
        p2sh: wraps.then(|| nested(&script, network)),
        segwit: (wraps && can_wrap_in_witness(&script, kind))
            .then(|| SegwitForm::new(&script, kind, network)),
    })
}

fn can_wrap(script: &Script, kind: &str) -> bool {
    let kinds = [
        "multisig",
        "nonstandard",
        "pubkey",
        "pubkeyhash",
        "witness_v0_keyhash",
        "witness_v0_scripthash",
    ];
    kinds.contains(&kind)
        && has_valid_opcodes(script)
        && !script.is_op_return()
        && !script.bytes().any(|byte| SUCCESS.contains(&byte) && has_opcode(script, byte))
}

fn has_opcode(script: &Script, wanted: u8) -> bool {
    script
        .instructions()
        .flatten()
        .any(|instruction| instruction.opcode().is_some_and(|opcode| opcode.to_u8() == wanted))
}

/// Keys in a witness are compressed.
fn can_wrap_in_witness(script: &Script, kind: &str) -> bool {
    match kind {
        "pubkey" => bare_key(script).is_some_and(|key| key.len() == COMPRESSED_KEY),
        "multisig" => {
            let all = |keys: &[&[u8]]| keys.iter().all(|key| key.len() == COMPRESSED_KEY);
            multisig(script).is_some_and(|(_, keys)| all(&keys))
        }
        "nonstandard" | "pubkeyhash" => true,
        _ => false,
    }
}

fn nested(script: &Script, network: Network) -> String {
    Address::p2sh_from_hash(script.script_hash(), network).to_string()
}

impl SegwitForm {
    fn new(script: &Script, kind: &str, network: Network) -> Self {
        let hash = match kind {
            "pubkey" => bare_key(script).map(WPubkeyHash::hash),
            "pubkeyhash" => WPubkeyHash::from_slice(&script.as_bytes()[3..23]).ok(),
            _ => None,
        };
        let (wrapped, known) = match hash {
            Some(hash) => (ScriptBuf::new_p2wpkh(&hash), None),
            None => (script.to_p2wsh(), inner(script)),
        };
        let mut form = ScriptForm::new(&wrapped, network);
        if let Some(inner) = known {
            form = form.with_descriptor(written(&format!("wsh({inner})")));
        }
        Self { form, nested: nested(&wrapped, network) }
    }
}

/// The descriptor of a script inside of a witness, if all that it takes is in the script.
fn inner(script: &Script) -> Option<String> {
    if let Some((required, keys)) = multisig(script) {
        return multi_text(required, &keys);
    }
    let sane = Miniscript::<PublicKey, Segwitv0>::parse(script).ok()?;
    Some(sane.to_string())
}

#[derive(Debug, Serialize)]
struct DecodedForm {
    asm: String,
    desc: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    p2sh: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    segwit: Option<SegwitForm>,
}

#[derive(Debug, Serialize)]
struct SegwitForm {
    #[serde(flatten)]
    form: ScriptForm,
    #[serde(rename = "p2sh-segwit")]
    nested: String,
}

/// Opcodes below the highest valid one that a tapscript with them succeeds by (BIP342).
const SUCCESS: &[u8] =
    &[80, 98, 126, 127, 128, 129, 131, 132, 133, 134, 137, 138, 141, 142, 149, 150, 151, 152, 153];

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::method::tests::pure;

    /// Every entry of Bitcoin Core's own fixture.
    #[test]
    fn scripts_are_decoded_as_core_does() {
        let fixture = include_str!("../../fixtures/core/rpc_decodescript.json");
        let entries: Vec<(String, Value)> = serde_json::from_str(fixture).expect("JSON");
        assert_eq!(entries.len(), 10);
        for (hex, expected) in entries {
            let told = pure("decodescript", &format!("[\"{hex}\"]"));
            assert_eq!(told, Ok(expected), "{hex}");
        }
    }

    /// From Bitcoin Core's `test/functional/rpc_decodescript.py` (MIT), `decodescript_miniscript`.
    #[test]
    fn miniscript_is_seen() {
        let key = "0250929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0";
        let hash = "ff".repeat(20);
        let hex = format!("82012088a914{hash}8821{key}ad51b2");
        let told = pure("decodescript", &format!("[\"{hex}\"]")).expect("decoded");
        let expected =
            format!("wsh(and_v(and_v(v:hash160({hash}),v:pk({key})),older(1)))#gm8xz4fl");
        assert_eq!(told["segwit"]["desc"], json!(expected));
        let no_key = format!("82012088a914{hash}882102{}acb2", "ff".repeat(32));
        let told = pure("decodescript", &format!("[\"{no_key}\"]")).expect("decoded");
        let expected = "addr(bcrt1q73qyfypp47hvgnkjqnav0j3k2lq3v76wg22dk8tmwuz5sfgv66xsvxg6uu)\
                        #9p3q328s";
        assert_eq!(told["segwit"]["desc"], json!(expected));
    }

    #[test]
    fn keys_that_no_witness_takes_are_not_wrapped() {
        let long = format!("04{}", "6a".repeat(64));
        let told = pure("decodescript", &format!("[\"41{long}ac\"]")).expect("decoded");
        assert_eq!(told.get("segwit"), None);
        let refused = pure("decodescript", "[\"abc\"]");
        let message = "argument must be hexadecimal string (not 'abc')";
        assert_eq!(refused, Err((-8, message.to_owned())));
    }
}
