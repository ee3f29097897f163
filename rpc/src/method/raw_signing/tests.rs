//! The examples of BIP143, signed with its keys and put together from several hands.

use bitcoin::hex::FromHex as _;
use bitcoin::{PrivateKey, ScriptBuf};

use super::*;

/// Somebody waits for all of these.
static AWAITED: AtomicBool = AtomicBool::new(false);

fn transaction(hex: &str) -> Transaction {
    transaction_hex::read(hex, None).expect("a transaction")
}

fn output(script: &str, sats: u64) -> TxOut {
    let script_pubkey = ScriptBuf::from_bytes(Vec::from_hex(script).expect("hexadecimal"));
    TxOut { value: Amount::from_sat(sats), script_pubkey }
}

fn key(secret: &str) -> PrivateKey {
    let bytes = Vec::<u8>::from_hex(secret).expect("hexadecimal");
    PrivateKey::from_slice(&bytes, Network::Regtest).expect("a key")
}

fn keys(secrets: &[&str]) -> GivenKeys {
    let mut keys = GivenKeys::default();
    for secret in secrets {
        keys.push(key(secret));
    }
    keys
}

/// Of the first input of a transaction, with all scripts that its output commits to.
fn told(transaction: &Transaction, script: &str, witness: &str, sats: u64) -> Vec<Previous> {
    let OutPoint { txid, vout } = transaction.input[0].previous_output;
    let amount = Amount::from_sat(sats).to_btc();
    let told = format!(
        r#"[{{"txid": "{txid}", "vout": {vout}, "scriptPubKey": "{script}", "amount": {amount},
            "witnessScript": "{witness}"}}]"#
    );
    let told: Value = serde_json::from_str(&told).expect("JSON");
    Previous::read_all_with_scripts(&told).expect("outputs")
}

/// The transaction in hexadecimal, and what is wrong with it.
fn signing(
    transaction: &Transaction,
    keys: &GivenKeys,
    told: &[Previous],
    spent: &[Option<TxOut>],
    coverage: &str,
) -> (String, Vec<String>) {
    let coverage = Coverage::named(coverage).expect("a name");
    let form = signed(transaction, keys, told, spent, coverage, &AWAITED).expect("signed");
    let form = serde_json::to_value(&form).expect("JSON");
    let errors = form.get("errors").and_then(|errors| errors.as_array().cloned());
    let errors = errors.unwrap_or_default().iter().map(|e| e["error"].to_string()).collect();
    (form["hex"].as_str().expect("text").to_owned(), errors)
}

/// The second of these has a low R by itself, as this wallet makes them, so it is the same.
#[test]
fn single_keys_sign_as_bip143_does() {
    let spent = [Some(output(P2PK, 625_000_000)), Some(output(P2WPKH, 600_000_000))];
    let both = keys(&[P2PK_KEY, P2WPKH_KEY]);
    let (hex, errors) = signing(&transaction(TWO), &both, &[], &spent, "ALL");
    assert_eq!(errors, [""; 0]);
    let (made, expected) = (transaction(&hex), transaction(TWO_SIGNED));
    assert_eq!(made.input[1], expected.input[1]);

    let one = keys(&[P2WPKH_KEY]);
    let (hex, errors) = signing(&transaction(TWO), &one, &[], &spent, "DEFAULT");
    assert_eq!(errors, [quoted(UNABLE)]);
    assert_eq!(transaction(&hex).input[1], expected.input[1]);
    // What others signed stays, whatever the keys are.
    let (hex, errors) = signing(&transaction(TWO_SIGNED), &keys(&[]), &[], &spent, "ALL");
    assert_eq!((hex.as_str(), errors), (TWO_SIGNED, Vec::new()));
    let (_, errors) = signing(&transaction(TWO), &keys(&[]), &[], &spent, "ALL");
    assert_eq!(errors, [quoted(UNABLE), quoted("Witness program hash mismatch")]);
    let (hex, errors) = signing(&transaction(TWO), &one, &[], &[None, None], "ALL");
    assert_eq!((hex.as_str(), errors), (TWO, vec![quoted(NOT_FOUND); 2]));
}

#[test]
fn a_nested_key_signs_once_its_script_is_told() {
    let spent = [Some(output(NESTED, 1_000_000_000))];
    let key = keys(&[NESTED_KEY]);
    let (hex, errors) = signing(&transaction(ONE), &key, &[], &spent, "ALL");
    assert_eq!((hex.as_str(), errors), (ONE, vec![quoted(UNABLE)]));
    let told = told(&transaction(ONE), NESTED, NESTED_SCRIPT, 1_000_000_000);
    let (hex, errors) = signing(&transaction(ONE), &key, &told, &spent, "ALL");
    assert_eq!((hex.as_str(), errors), (ONE_SIGNED, Vec::new()));
    let (_, errors) = signing(&transaction(ONE), &keys(&[]), &told, &spent, "ALL");
    assert_eq!(errors, [quoted("Witness program hash mismatch")]);
}

/// Each of six keys covers something else; each hand starts from the bare transaction.
#[test]
fn six_hands_are_put_together() {
    let spent = [Some(output(SHARED, 987_654_321))];
    let told = told(&transaction(SIX), SHARED, SIX_SCRIPT, 987_654_321);
    let hand = |(key, coverage): (&str, &str)| {
        let (hex, errors) = signing(&transaction(SIX), &keys(&[key]), &told, &spent, coverage);
        assert_eq!(errors, [quoted(MORE)]);
        transaction(&hex)
    };
    let coverages =
        ["ALL", "NONE", "SINGLE", "ALL|ANYONECANPAY", "NONE|ANYONECANPAY", "SINGLE|ANYONECANPAY"];
    let mut hands: Vec<_> = SIX_KEYS.into_iter().zip(coverages).map(hand).collect();
    // Those of BIP143 that have a low R by themselves are the same.
    let expected = transaction(SIX_SIGNED);
    let alike =
        |at: &usize| hands[*at].input[0].witness.nth(1) == expected.input[0].witness.nth(at + 1);
    assert_eq!((0..6).filter(alike).collect::<Vec<_>>(), [0, 1, 2, 5]);
    let some = combined(hands[5].clone(), &hands[3..], &spent, &AWAITED).expect("put together");
    let witness = &some.input[0].witness;
    assert_eq!((witness.len(), witness.nth(4).map(<[u8]>::len)), (8, Some(0)), "three are missing");
    hands.reverse();
    let whole = combined(hands[0].clone(), &hands, &spent, &AWAITED).expect("put together");
    assert!(crate::psbt::holds_as_known(&whole, 0, &spent));
    assert_eq!(whole.input[0].script_sig, expected.input[0].script_sig);
    // One after the other comes to the same.
    let mut passed = transaction(SIX);
    for (key, coverage) in SIX_KEYS.into_iter().zip(coverages) {
        passed = transaction(&signing(&passed, &keys(&[key]), &told, &spent, coverage).0);
    }
    assert_eq!(passed, whole);
    let refused = combined(whole.clone(), &[whole], &[None], &AWAITED).expect_err("refused");
    assert_eq!((refused.code, refused.message.as_str()), (-25, NOT_FOUND));
}

#[test]
fn a_shared_output_that_nobody_signed_is_false() {
    let spent = [Some(output(SHARED, 987_654_321))];
    let told = told(&transaction(SIX), SHARED, SIX_SCRIPT, 987_654_321);
    let (_, errors) = signing(&transaction(SIX), &keys(&[P2PK_KEY]), &told, &spent, "ALL");
    let ends = "Script evaluated without error but finished with a false/empty top stack element";
    assert_eq!(errors, [quoted(ends)]);
}

/// The key of the output itself, as in `rawtr`.
#[test]
fn taproot_is_signed_by_the_key_of_the_output() {
    let own = keys(&[NESTED_KEY]);
    let key = key(NESTED_KEY).inner.x_only_public_key(&crate::descriptor::SECP).0;
    let spent = [Some(output(&format!("5120{key}"), 1_000_000_000))];
    for coverage in ["DEFAULT", "ALL", "SINGLE|ANYONECANPAY"] {
        let (hex, errors) = signing(&transaction(ONE), &own, &[], &spent, coverage);
        assert_eq!(errors, [""; 0], "{coverage}");
        let length = transaction(&hex).input[0].witness.nth(0).map(<[u8]>::len);
        assert_eq!(length, Some(if coverage == "DEFAULT" { 64 } else { 65 }));
    }
    let (_, errors) = signing(&transaction(ONE), &keys(&[P2PK_KEY]), &[], &spent, "ALL");
    assert_eq!(errors, [quoted("Witness program was passed an empty witness")]);
}

/// A signature of taproot covers all that is spent; a script may be none that is understood here.
#[test]
fn what_can_not_be_judged_stays_as_it_is() {
    let spent = [Some(output(P2PK_OTHER, 156_250_000)), Some(output(SEPARATED, 4_900_000_000))];
    let (hex, errors) = signing(&transaction(SEPARATED_SIGNED), &keys(&[]), &[], &spent, "ALL");
    assert_eq!((hex.as_str(), errors.len()), (SEPARATED_SIGNED, 1));
    let all = [transaction(SEPARATED_SIGNED)];
    assert_eq!(combined(all[0].clone(), &all, &spent, &AWAITED).expect("put together"), all[0]);

    let mut taproot = transaction(TWO);
    taproot.input[1].witness.push([1; 64]);
    let unknown = [None, Some(output(&format!("5120{}", "11".repeat(32)), 5))];
    let (hex, errors) = signing(&taproot, &keys(&[]), &[], &unknown, "ALL");
    assert_eq!(transaction(&hex), taproot);
    assert_eq!(errors, [quoted(NOT_FOUND), quoted("Invalid Schnorr signature")]);
}

#[test]
fn an_amount_that_a_signature_needs_must_be_told() {
    let spent = [Some(output(P2PK, 1)), Some(output(P2WPKH, Amount::MAX_MONEY.to_sat()))];
    let both = keys(&[P2PK_KEY, P2WPKH_KEY]);
    let refused = signed(&transaction(TWO), &both, &[], &spent, Coverage::USUAL, &AWAITED);
    let refused = refused.expect_err("no amount");
    let message = "Missing amount for CTxOut(nValue=21000000.00000000, \
                   scriptPubKey=00141d0f172a0ecb48aee1be1f2687)";
    assert_eq!((refused.code, refused.message.as_str()), (-3, message));
    let older = [Some(output(P2PK, Amount::MAX_MONEY.to_sat())), None];
    let (_, errors) = signing(&transaction(TWO), &both, &[], &older, "ALL");
    assert_eq!(errors, [quoted(NOT_FOUND)], "the older form covers no amount");
}

fn quoted(text: &str) -> String {
    format!("{text:?}")
}

const UNABLE: &str = "Unable to sign input, invalid stack size (possibly missing key)";
const MORE: &str =
    "CHECK(MULTI)SIG failing with non-zero signature (possibly need more signatures)";

// From BIP143 (2-clause BSD).
const TWO: &str = "0100000002fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f0000000000eeffffffef51e1b804cc89d182d279655c3aa89e815b1b309fe287d9b2b55d57b90ec68a0100000000ffffffff02202cb206000000001976a9148280b37df378db99f66f85c95a783a76ac7a6d5988ac9093510d000000001976a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa815988ac11000000";
const TWO_SIGNED: &str = "01000000000102fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f00000000494830450221008b9d1dc26ba6a9cb62127b02742fa9d754cd3bebf337f7a55d114c8e5cdd30be022040529b194ba3f9281a99f2b1c0a19c0489bc22ede944ccf4ecbab4cc618ef3ed01eeffffffef51e1b804cc89d182d279655c3aa89e815b1b309fe287d9b2b55d57b90ec68a0100000000ffffffff02202cb206000000001976a9148280b37df378db99f66f85c95a783a76ac7a6d5988ac9093510d000000001976a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa815988ac000247304402203609e17b84f6a7d30c80bfa610b5b4542f32a8a0d5447a12fb1366d7f01cc44a0220573a954c4518331561406f90300e8f3358f51928d43c212a8caed02de67eebee0121025476c2e83188368da1ff3e292e7acafcdb3566bb0ad253f62fc70f07aeee635711000000";
const P2PK: &str = "2103c9f4836b9a4f77fc0d81f7bcb01b7f1b35916864b9476c241ce9fc198bd25432ac";
const P2PK_KEY: &str = "bbc27228ddcb9209d7fd6f36b02f7dfa6252af40bb2f1cbc7a557da8027ff866";
const P2WPKH: &str = "00141d0f172a0ecb48aee1be1f2687d2963ae33f71a1";
const P2WPKH_KEY: &str = "619c335025c7f4012e556c2a58b2506e30b8511b53ade95ea316fd8c3286feb9";
const ONE: &str = "0100000001db6b1b20aa0fd7b23880be2ecbd4a98130974cf4748fb66092ac4d3ceb1a54770100000000feffffff02b8b4eb0b000000001976a914a457b684d7f0d539a46a45bbc043f35b59d0d96388ac0008af2f000000001976a914fd270b1ee6abcaea97fea7ad0402e8bd8ad6d77c88ac92040000";
const ONE_SIGNED: &str = "01000000000101db6b1b20aa0fd7b23880be2ecbd4a98130974cf4748fb66092ac4d3ceb1a5477010000001716001479091972186c449eb1ded22b78e40d009bdf0089feffffff02b8b4eb0b000000001976a914a457b684d7f0d539a46a45bbc043f35b59d0d96388ac0008af2f000000001976a914fd270b1ee6abcaea97fea7ad0402e8bd8ad6d77c88ac02473044022047ac8e878352d3ebbde1c94ce3a10d057c24175747116f8288e5d794d12d482f0220217f36a485cae903c713331d877c1f64677e3622ad4010726870540656fe9dcb012103ad1d8e89212f0b92c74d23bb710c00662ad1470198ac48c43f7d6f93a2a2687392040000";
const NESTED: &str = "a9144733f37cf4db86fbc2efed2500b4f4e49f31202387";
const NESTED_SCRIPT: &str = "001479091972186c449eb1ded22b78e40d009bdf0089";
const NESTED_KEY: &str = "eb696a065ef48a2192da5b28b694f87544b30fae8327c4510137a922f32c6dcf";
const P2PK_OTHER: &str = "21036d5c20fa14fb2f635474c1dc4ef5909d4568e5569b79fc94d3448486e14685f8ac";
const SEPARATED: &str = "00205d1b56b63d714eebe542309525f484b7e9d6f686b3781b6f61ef925d66d6f6a0";
const SEPARATED_SIGNED: &str = "01000000000102fe3dc9208094f3ffd12645477b3dc56f60ec4fa8e6f5d67c565d1c6b9216b36e000000004847304402200af4e47c9b9629dbecc21f73af989bdaa911f7e6f6c2e9394588a3aa68f81e9902204f3fcf6ade7e5abb1295b6774c8e0abd94ae62217367096bc02ee5e435b67da201ffffffff0815cf020f013ed6cf91d29f4202e8a58726b1ac6c79da47c23d1bee0a6925f80000000000ffffffff0100f2052a010000001976a914a30741f8145e5acadf23f751864167f32e0963f788ac000347304402200de66acf4527789bfda55fc5459e214fa6083f936b430a762c629656216805ac0220396f550692cd347171cbc1ef1f51e15282e837bb2b30860dc77c8f78bc8501e503473044022027dc95ad6b740fe5129e7e62a75dd00f291a2aeb1200b84b09d9e3789406b6c002201a9ecd315dd6a0e632ab20bbb98948bc0c6fb204f2c286963bb48517a7058e27034721026dccc749adc2a9d0d89497ac511f760f45c47dc5ed9cf352a58ac706453880aeadab210255a9626aebf5e29c0e6538428ba0d1dcf6ca98ffdf086aa8ced5e0d0215ea465ac00000000";
const SIX: &str = "010000000136641869ca081e70f394c6948e8af409e18b619df2ed74aa106c1ca29787b96e0100000000ffffffff0200e9a435000000001976a914389ffce9cd9ae88dcc0631e88a821ffdbe9bfe2688acc0832f05000000001976a9147480a33f950689af511e6e84c138dbbd3c3ee41588ac00000000";
const SIX_SIGNED: &str = "0100000000010136641869ca081e70f394c6948e8af409e18b619df2ed74aa106c1ca29787b96e0100000023220020a16b5755f7f6f96dbd65f5f0d6ab9418b89af4b1f14a1bb8a09062c35f0dcb54ffffffff0200e9a435000000001976a914389ffce9cd9ae88dcc0631e88a821ffdbe9bfe2688acc0832f05000000001976a9147480a33f950689af511e6e84c138dbbd3c3ee41588ac080047304402206ac44d672dac41f9b00e28f4df20c52eeb087207e8d758d76d92c6fab3b73e2b0220367750dbbe19290069cba53d096f44530e4f98acaa594810388cf7409a1870ce01473044022068c7946a43232757cbdf9176f009a928e1cd9a1a8c212f15c1e11ac9f2925d9002205b75f937ff2f9f3c1246e547e54f62e027f64eefa2695578cc6432cdabce271502473044022059ebf56d98010a932cf8ecfec54c48e6139ed6adb0728c09cbe1e4fa0915302e022007cd986c8fa870ff5d2b3a89139c9fe7e499259875357e20fcbb15571c76795403483045022100fbefd94bd0a488d50b79102b5dad4ab6ced30c4069f1eaa69a4b5a763414067e02203156c6a5c9cf88f91265f5a942e96213afae16d83321c8b31bb342142a14d16381483045022100a5263ea0553ba89221984bd7f0b13613db16e7a70c549a86de0cc0444141a407022005c360ef0ae5a5d4f9f2f87a56c1546cc8268cab08c73501d6b3be2e1e1a8a08824730440220525406a1482936d5a21888260dc165497a90a15669636d8edca6b9fe490d309c022032af0c646a34a44d1f4576bf6a4a74b67940f8faa84c7df9abe12a01a11e2b4783cf56210307b8ae49ac90a048e9b53357a2354b3334e9c8bee813ecb98e99a7e07e8c3ba32103b28f0c28bfab54554ae8c658ac5c3e0ce6e79ad336331f78c428dd43eea8449b21034b8113d703413d57761b8b9781957b8c0ac1dfe69f492580ca4195f50376ba4a21033400f6afecb833092a9a21cfdf1ed1376e58c5d1f47de74683123987e967a8f42103a6d48b1131e94ba04d9737d61acdaa1322008af9602b3b14862c07a1789aac162102d8b661b0b3302ee2f162b09e07a55ad5dfbe673a9f01d9f0c19617681024306b56ae00000000";
const SHARED: &str = "a9149993a429037b5d912407a71c252019287b8d27a587";
const SIX_SCRIPT: &str = "56210307b8ae49ac90a048e9b53357a2354b3334e9c8bee813ecb98e99a7e07e8c3ba32103b28f0c28bfab54554ae8c658ac5c3e0ce6e79ad336331f78c428dd43eea8449b21034b8113d703413d57761b8b9781957b8c0ac1dfe69f492580ca4195f50376ba4a21033400f6afecb833092a9a21cfdf1ed1376e58c5d1f47de74683123987e967a8f42103a6d48b1131e94ba04d9737d61acdaa1322008af9602b3b14862c07a1789aac162102d8b661b0b3302ee2f162b09e07a55ad5dfbe673a9f01d9f0c19617681024306b56ae";
const SIX_KEYS: [&str; 6] = [
    "730fff80e1413068a05b57d6a58261f07551163369787f349438ea38ca80fac6",
    "11fa3d25a17cbc22b29c44a484ba552b5a53149d106d3d853e22fdd05a2d8bb3",
    "77bf4141a87d55bdd7f3cd0bdccf6e9e642935fec45f2f30047be7b799120661",
    "14af36970f5025ea3e8b5542c0f8ebe7763e674838d08808896b63c3351ffe49",
    "fe9a95c19eef81dde2b95c1284ef39be497d128e2aa46916fb02d552485e0323",
    "428a7aee9f0c2af0cd19af3cf1c78149951ea528726989b2e83e4778d2c3f890",
];
