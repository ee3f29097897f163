//! PSBTs of every kind of descriptor, told and signed, with keys of Bitcoin Core's own tests.

use bitcoin::absolute::LockTime;
use bitcoin::transaction::Version;
use bitcoin::{Amount, Network, Sequence, Transaction, TxIn, Witness};

use super::*;
use crate::json::Value;

/// From Bitcoin Core's `test/functional/rpc_deriveaddresses.py` (MIT).
const SECRET: &str = "tprv8ZgxMBicQKsPd7Uf69XL1XwhmjHopUGep8GuEiJDZmbQz6o58LninorQAfcKZWARbtRtfnLcJ5MQ2AtHcQJCCRUcMRvmDUjyEmNUWwx8UbK";
/// Another key, the generator's.
const OTHER: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
/// Its private key.
const OTHER_SECRET: &str = "cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN87JcbXMTcA";

/// Somebody waits for what comes of it.
static AWAITED: AtomicBool = AtomicBool::new(false);

fn provider(descriptors: &str) -> Result<Provider, RpcError> {
    let values: Value = serde_json::from_str(descriptors).expect("JSON");
    let values = arguments::array(&values).expect("an array");
    Provider::of(values, Network::Regtest, range, &AWAITED)
}

/// Pays the scripts back to where they are from; `proven`: with the transaction before it.
fn spending(spks: &[ScriptBuf], proven: bool) -> Psbt {
    let pays =
        |spk: &ScriptBuf| TxOut { value: Amount::from_sat(7_000), script_pubkey: spk.clone() };
    let mut parent = Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input: vec![TxIn::default()],
        output: spks.iter().map(pays).collect(),
    };
    let txid = parent.compute_txid();
    let spends = |vout| TxIn {
        previous_output: OutPoint::new(txid, vout),
        sequence: Sequence::MAX,
        witness: Witness::new(),
        ..TxIn::default()
    };
    let inputs = (0_u32..).zip(spks).map(|(vout, _)| spends(vout)).collect();
    let mut psbt = psbt::blank(Transaction { input: inputs, ..parent.clone() });
    parent.input[0].witness = Witness::new();
    for (input, output) in psbt.inputs.iter_mut().zip(&parent.output) {
        if proven {
            input.non_witness_utxo = Some(parent.clone());
        } else {
            input.witness_utxo = Some(output.clone());
        }
    }
    psbt
}

fn spk(descriptor: &str) -> ScriptBuf {
    let source = provider(&format!("[\"{descriptor}\"]")).expect("a descriptor");
    source.first_script().expect("it pays")
}

fn processed(psbt: Psbt, descriptors: &str) -> Psbt {
    let provider = provider(descriptors).expect("descriptors");
    let known = vec![None; psbt.inputs.len()];
    let (mut psbt, described) = told(psbt, &known, &provider, None, &AWAITED).expect("told");
    sign(&mut psbt, &described, &provider, None, &AWAITED).expect("signed");
    psbt
}

#[test]
fn every_kind_of_descriptor_signs_what_it_pays() {
    let path = format!("{SECRET}/1/1/0");
    for (descriptor, needs_proof) in [
        (format!("pkh({path})"), true),
        (format!("wpkh({path})"), false),
        (format!("sh(wpkh({path}))"), false),
        (format!("tr({path})"), false),
        (format!("wsh(multi(1,{OTHER},{path}))"), false),
        (format!("sh(wsh(sortedmulti(2,{OTHER_SECRET},{path})))"), false),
        (format!("wsh(and_v(v:pk({path}),pk({OTHER_SECRET})))"), false),
        (format!("combo({OTHER_SECRET})"), false),
    ] {
        let spk = spk(&descriptor);
        let list = format!("[\"{descriptor}\"]");
        for proven in [true, false] {
            let mut psbt = processed(spending(std::slice::from_ref(&spk), proven), &list);
            let is_whole = finish(&mut psbt) && psbt::whole(&psbt).is_some();
            assert_eq!(is_whole, proven || !needs_proof, "{descriptor} {proven}");
        }
    }
}

#[test]
fn who_has_one_of_two_keys_signs_for_it_alone() {
    let shared = format!("wsh(multi(2,{OTHER},{SECRET}/*))");
    let spk = spk(&format!("wsh(multi(2,{OTHER},{SECRET}/0))"));
    let psbt = processed(
        spending(&[spk.clone(), ScriptBuf::from_bytes(vec![0; 3])], false),
        &format!("[\"{shared}\"]"),
    );
    assert_eq!(psbt.inputs[0].partial_sigs.len(), 1);
    assert_eq!(psbt.inputs[0].bip32_derivation.len(), 2);
    assert!(psbt.outputs[0].witness_script.is_some(), "it pays what is described");
    assert_eq!(psbt.inputs[1].partial_sigs.len(), 0, "it is not described");
    assert_eq!(psbt.outputs[1], bitcoin::psbt::Output::default());
    let other = format!("[\"wsh(multi(2,{OTHER_SECRET},{SECRET}/0))\"]");
    let mut psbt = processed(psbt, &other);
    assert_eq!(psbt.inputs[0].partial_sigs.len(), 2);
    assert!(!finish(&mut psbt) && psbt::is_finished(&psbt.inputs[0]));
    // A range that ends before is none of it.
    let short = format!("[{{\"desc\": \"wpkh({SECRET}/*)\", \"range\": 4}}]");
    let fifth = self::spk(&format!("wpkh({SECRET}/5)"));
    let untold = spending(&[fifth], false);
    assert_eq!(processed(untold.clone(), &short), untold);
}

#[test]
fn what_a_signature_covers_is_what_was_said() {
    let descriptor = format!("wpkh({OTHER_SECRET})");
    let provider = provider(&format!("[\"{descriptor}\"]")).expect("a descriptor");
    let single = Coverage::named("SINGLE|ANYONECANPAY");
    let given = spending(&[spk(&descriptor)], false);
    let (mut psbt, described) =
        told(given.clone(), &[None], &provider, single, &AWAITED).expect("told");
    sign(&mut psbt, &described, &provider, single, &AWAITED).expect("signed");
    let signature = psbt.inputs[0].partial_sigs.values().next().expect("signed");
    assert_eq!(
        (signature.sighash_type.to_u32(), psbt.inputs[0].sighash_type.map(PsbtSighashType::to_u32)),
        (0x83, Some(0x83))
    );
    let message = "Specified sighash value does not match value stored in PSBT";
    for other in [None, Coverage::named("ALL"), Coverage::named("DEFAULT")] {
        let refused = told(psbt.clone(), &[None], &provider, other, &AWAITED).expect_err("another");
        assert_eq!((refused.code, refused.message.as_str()), (-22, message));
    }
}

#[test]
fn what_describes_nothing_is_told_in_the_words_of_core() {
    let hardened = format!("[\"wpkh({SECRET}/*h)\"]");
    let cases = [
        ("[1]", -8, "Scan object needs to be either a string or an object"),
        ("[{}]", -8, "Descriptor needs to be provided in scan object"),
        ("[{\"desc\": 1}]", -3, "JSON value of type number is not of expected type string"),
        ("[{\"desc\": \"x\", \"range\": [2, 1]}]", -8, "must not have begin after end"),
        ("[\"wpkh(x)\"]", -5, ""),
    ];
    for (descriptors, code, text) in cases {
        let refused = provider(descriptors).err().expect(descriptors);
        assert!(refused.code == code && refused.message.contains(text), "{refused:?}");
        assert!(!refused.message.contains("tprv"), "{refused:?}");
    }
    let refused = provider(&hardened).expect("read").described(&BTreeSet::new(), &AWAITED);
    let refused = refused.expect_err("it takes the private key");
    assert!(refused.message.starts_with("Cannot derive script without private keys: 'wpkh("));
    assert!(!refused.message.contains("tprv"), "{refused:?}");
}
