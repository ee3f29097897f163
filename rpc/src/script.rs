//! Owns scripts as Bitcoin Core tells of them: in words, by their type, as descriptors of their own
//! (`src/core_io.cpp`, `src/script/solver.cpp`).

use bitcoin::opcodes::all::{OP_CHECKMULTISIG, OP_CHECKSIG, OP_RETURN};
use bitcoin::script::{Instruction, Script};
use bitcoin::{Address, Network, WitnessVersion, XOnlyPublicKey, ecdsa};
use serde::Serialize;

use crate::descriptor::written;

/// A script of an output as Core tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScriptForm {
    asm: String,
    desc: String,
    hex: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl ScriptForm {
    /// What is told of a script.
    #[must_use]
    pub fn new(spk: &Script, network: Network) -> Self {
        let kind = kind(spk);
        // An output to a bare key has none, though one could be made of it.
        let address = if kind == "pubkey" { None } else { Address::from_script(spk, network).ok() };
        Self {
            asm: asm(spk, false),
            desc: described(spk, network),
            hex: spk.to_hex_string(),
            address: address.map(|address| address.to_string()),
            kind,
        }
    }

    /// The same, where more is known of the script than it tells itself.
    #[must_use]
    pub fn with_descriptor(self, desc: String) -> Self {
        Self { desc, ..self }
    }
}

/// The type of a script, by Core's name.
#[must_use]
pub fn kind(spk: &Script) -> &'static str {
    if spk.is_p2pkh() {
        "pubkeyhash"
    } else if spk.is_p2sh() {
        "scripthash"
    } else if spk.is_p2wpkh() {
        "witness_v0_keyhash"
    } else if spk.is_p2wsh() {
        "witness_v0_scripthash"
    } else if spk.is_p2tr() {
        "witness_v1_taproot"
    } else if spk.as_bytes() == PAY_TO_ANCHOR {
        "anchor"
    } else if spk.witness_version().is_some_and(|version| version != WitnessVersion::V0) {
        "witness_unknown"
    } else if is_null_data(spk) {
        "nulldata"
    } else if bare_key(spk).is_some() {
        "pubkey"
    } else if multisig(spk).is_some() {
        "multisig"
    } else {
        "nonstandard"
    }
}

/// A descriptor that makes the script, known from the script alone, with its checksum.
#[must_use]
pub fn described(spk: &Script, network: Network) -> String {
    if let Some(key) = bare_key(spk).and_then(key_text) {
        return written(&format!("pk({key})"));
    }
    let multi = multisig(spk).and_then(|(required, keys)| multi_text(required, &keys));
    if let Some(multi) = multi {
        return written(&multi);
    }
    // What is no point of the curve is no key, and nobody can spend it.
    if spk.is_p2tr() && XOnlyPublicKey::from_slice(&spk.as_bytes()[2..]).is_ok() {
        return written(&format!("rawtr({})", &spk.to_hex_string()[4..]));
    }
    match Address::from_script(spk, network) {
        Ok(address) => written(&format!("addr({address})")),
        Err(_) => written(&format!("raw({})", spk.to_hex_string())),
    }
}

/// A script in words; `signatures`: their hash types by name, as in inputs.
#[must_use]
pub fn asm(script: &Script, signatures: bool) -> String {
    let mut words = Vec::new();
    // What only looks like a signature is not one in an output that can't be spent.
    let signatures = signatures && !script.is_op_return();
    for instruction in script.instructions() {
        match instruction {
            Ok(Instruction::PushBytes(bytes)) => words.push(pushed(bytes.as_bytes(), signatures)),
            Ok(Instruction::Op(opcode)) => words.push(opcode_name(opcode.to_u8())),
            Err(_) => {
                words.push("[error]".to_owned());
                break;
            }
        }
    }
    words.join(" ")
}

fn pushed(bytes: &[u8], signatures: bool) -> String {
    use bitcoin::hex::DisplayHex as _;
    if bytes.len() <= 4 {
        return number(bytes).to_string();
    }
    if signatures
        && let Ok(signature) = ecdsa::Signature::from_slice(bytes)
        && let Some(name) = hash_type(signature.sighash_type.to_u32())
    {
        let body = &bytes[..bytes.len() - 1];
        return format!("{}[{name}]", body.to_lower_hex_string());
    }
    bytes.to_lower_hex_string()
}

/// Little-endian, with the sign in the highest bit.
fn number(bytes: &[u8]) -> i64 {
    let magnitude = bytes.iter().rev().fold(0_i64, |sum, byte| (sum << 8) | i64::from(*byte));
    match bytes.last() {
        Some(last) if last & 0x80 != 0 => -(magnitude & !(0x80 << (8 * (bytes.len() - 1)))),
        _ => magnitude,
    }
}

/// The name of a hash type of signatures.
#[must_use]
pub const fn hash_type(byte: u32) -> Option<&'static str> {
    Some(match byte {
        0x01 => "ALL",
        0x02 => "NONE",
        0x03 => "SINGLE",
        0x81 => "ALL|ANYONECANPAY",
        0x82 => "NONE|ANYONECANPAY",
        0x83 => "SINGLE|ANYONECANPAY",
        _ => return None,
    })
}

fn opcode_name(opcode: u8) -> String {
    match opcode {
        0x00 => "0".to_owned(),
        0x4f => "-1".to_owned(),
        0x50 => "OP_RESERVED".to_owned(),
        0x51..=0x60 => (opcode - 0x50).to_string(),
        0xff => "OP_INVALIDOPCODE".to_owned(),
        _ => {
            let named = opcode.checked_sub(0x61).and_then(|at| OPCODES.get(usize::from(at)));
            named.map_or("OP_UNKNOWN".to_owned(), |name| format!("OP_{name}"))
        }
    }
}

/// `OP_RETURN`, then pushes only.
fn is_null_data(spk: &Script) -> bool {
    let mut instructions = spk.instructions();
    let Some(Ok(Instruction::Op(OP_RETURN))) = instructions.next() else { return false };
    instructions.all(|instruction| match instruction {
        Ok(Instruction::PushBytes(_)) => true,
        Ok(Instruction::Op(opcode)) => opcode.to_u8() <= 0x60,
        Err(_) => false,
    })
}

/// The key of an output that pays to one without hashing it. Whether it is a point of the curve is
/// not looked at, as in Core.
#[must_use]
pub fn bare_key(spk: &Script) -> Option<&[u8]> {
    let mut instructions = spk.instructions();
    let key = key(&instructions.next()?.ok()?)?;
    let ends = matches!(instructions.next()?, Ok(Instruction::Op(OP_CHECKSIG)));
    (ends && instructions.next().is_none()).then_some(key)
}

/// How many of which keys must sign an output to a bare multisig.
#[must_use]
pub fn multisig(spk: &Script) -> Option<(usize, Vec<&[u8]>)> {
    let instructions: Vec<_> = spk.instructions().collect::<Result<_, _>>().ok()?;
    let [Instruction::Op(required), keys @ .., Instruction::Op(count), Instruction::Op(last)] =
        &instructions[..]
    else {
        return None;
    };
    let small = |opcode: u8| (0x51..=0x60).contains(&opcode).then(|| usize::from(opcode - 0x50));
    let (required, count) = (small(required.to_u8())?, small(count.to_u8())?);
    if *last != OP_CHECKMULTISIG || keys.len() != count || required > count {
        return None;
    }
    Some((required, keys.iter().map(key).collect::<Option<_>>()?))
}

/// What is pushed, if it has the length that its first byte asks of a key.
fn key<'a>(instruction: &Instruction<'a>) -> Option<&'a [u8]> {
    let Instruction::PushBytes(bytes) = instruction else { return None };
    let bytes = bytes.as_bytes();
    let length = match bytes.first()? {
        2 | 3 => COMPRESSED_KEY,
        4 | 6 | 7 => UNCOMPRESSED_KEY,
        _ => return None,
    };
    (bytes.len() == length).then_some(bytes)
}

/// A key as descriptors have it; not of the hybrid form that they refuse.
fn key_text(key: &[u8]) -> Option<String> {
    use bitcoin::hex::DisplayHex as _;
    (key.first()? < &6).then(|| key.to_lower_hex_string())
}

/// `multi(…)` of these keys.
#[must_use]
pub fn multi_text(required: usize, keys: &[&[u8]]) -> Option<String> {
    let keys: Vec<_> = keys.iter().map(|key| key_text(key)).collect::<Option<_>>()?;
    Some(format!("multi({required},{})", keys.join(",")))
}

/// Bytes of a compressed public key.
pub const COMPRESSED_KEY: usize = 33;

/// Bytes of an uncompressed public key.
const UNCOMPRESSED_KEY: usize = 65;

/// An output that anybody can spend, to add a fee.
const PAY_TO_ANCHOR: &[u8] = &[0x51, 0x02, 0x4e, 0x73];

/// From 0x61 on, without `OP_`.
const OPCODES: [&str; 90] = [
    "NOP",
    "VER",
    "IF",
    "NOTIF",
    "VERIF",
    "VERNOTIF",
    "ELSE",
    "ENDIF",
    "VERIFY",
    "RETURN",
    "TOALTSTACK",
    "FROMALTSTACK",
    "2DROP",
    "2DUP",
    "3DUP",
    "2OVER",
    "2ROT",
    "2SWAP",
    "IFDUP",
    "DEPTH",
    "DROP",
    "DUP",
    "NIP",
    "OVER",
    "PICK",
    "ROLL",
    "ROT",
    "SWAP",
    "TUCK",
    "CAT",
    "SUBSTR",
    "LEFT",
    "RIGHT",
    "SIZE",
    "INVERT",
    "AND",
    "OR",
    "XOR",
    "EQUAL",
    "EQUALVERIFY",
    "RESERVED1",
    "RESERVED2",
    "1ADD",
    "1SUB",
    "2MUL",
    "2DIV",
    "NEGATE",
    "ABS",
    "NOT",
    "0NOTEQUAL",
    "ADD",
    "SUB",
    "MUL",
    "DIV",
    "MOD",
    "LSHIFT",
    "RSHIFT",
    "BOOLAND",
    "BOOLOR",
    "NUMEQUAL",
    "NUMEQUALVERIFY",
    "NUMNOTEQUAL",
    "LESSTHAN",
    "GREATERTHAN",
    "LESSTHANOREQUAL",
    "GREATERTHANOREQUAL",
    "MIN",
    "MAX",
    "WITHIN",
    "RIPEMD160",
    "SHA1",
    "SHA256",
    "HASH160",
    "HASH256",
    "CODESEPARATOR",
    "CHECKSIG",
    "CHECKSIGVERIFY",
    "CHECKMULTISIG",
    "CHECKMULTISIGVERIFY",
    "NOP1",
    "CHECKLOCKTIMEVERIFY",
    "CHECKSEQUENCEVERIFY",
    "NOP4",
    "NOP5",
    "NOP6",
    "NOP7",
    "NOP8",
    "NOP9",
    "NOP10",
    "CHECKSIGADD",
];

#[cfg(test)]
mod tests {
    use bitcoin::ScriptBuf;

    use super::*;

    fn script(hex: &str) -> ScriptBuf {
        ScriptBuf::from_hex(hex).expect("hexadecimal")
    }

    /// `6a00` is from Bitcoin Core's `test/functional/data/rpc_decodescript.json` (MIT); the others
    /// follow its `src/core_io.cpp` and `src/script/solver.cpp`, and no Core was asked.
    #[test]
    fn scripts_are_told_in_the_words_of_core() {
        let cases = [
            (
                "5120eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee",
                "1 eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee",
                "witness_v1_taproot",
            ),
            ("5102eeee", "1 -28398", "witness_unknown"),
            ("51024e73", "1 29518", "anchor"),
            ("6a04deadbeef", "OP_RETURN -1874767326", "nulldata"),
            ("6a00", "OP_RETURN 0", "nulldata"),
            ("6aee", "OP_RETURN OP_UNKNOWN", "nonstandard"),
            ("6a02ee", "OP_RETURN [error]", "nonstandard"),
            ("02eeee", "-28398", "nonstandard"),
            ("ba", "OP_CHECKSIGADD", "nonstandard"),
            ("50", "OP_RESERVED", "nonstandard"),
            ("4f", "-1", "nonstandard"),
            ("b1", "OP_CHECKLOCKTIMEVERIFY", "nonstandard"),
            (
                "76a914dc863734a218bfe83ef770ee9d41a27f824a6e5688ac",
                "OP_DUP OP_HASH160 dc863734a218bfe83ef770ee9d41a27f824a6e56 OP_EQUALVERIFY OP_CHECKSIG",
                "pubkeyhash",
            ),
            (
                "00142a5da3ef5e9ac4ebe6bb1e6f0c6b1b1e1b1b1b1b",
                "0 2a5da3ef5e9ac4ebe6bb1e6f0c6b1b1e1b1b1b1b",
                "witness_v0_keyhash",
            ),
        ];
        for (hex, words, name) in cases {
            assert_eq!(asm(&script(hex), false), words, "{hex}");
            assert_eq!(kind(&script(hex)), name, "{hex}");
        }
    }

    #[test]
    fn outputs_describe_themselves() {
        let form = |hex| ScriptForm::new(&script(hex), Network::Bitcoin);
        let p2pk = "2102a5613bd857b7048924264d1e70e08fb2a7e6527d32b7ab1bb993ac59964ff397ac";
        assert!(form(p2pk).desc.starts_with("pk(02a5613bd8"), "{:?}", form(p2pk));
        assert_eq!((form(p2pk).address, form(p2pk).kind), (None, "pubkey"));
        assert!(form("6a00").desc.starts_with("raw(6a00)#"));
        let taproot = format!("5120{}", "ee".repeat(32));
        assert!(form(&taproot).desc.starts_with("rawtr(eeee"));
        let hash = format!("0014{}", "00".repeat(20));
        assert!(form(&hash).desc.starts_with("addr(bc1qqqqq"), "{:?}", form(&hash));
    }
}
