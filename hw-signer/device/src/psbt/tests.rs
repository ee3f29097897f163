//! What is read of a PSBT in either version, and what is no PSBT.

use alloc::vec;

use super::*;
use crate::path::Variant;
use crate::sample::{Draft, keys, others, single};

fn draft() -> Draft {
    Draft::new()
        .input(&single(&keys(), Variant::Wpkh, 0, 3), 100_000)
        .input(&single(&keys(), Variant::Tr, 0, 4), 50_000)
        .output(&single(&others(), Variant::Wpkh, 0, 0), 60_000)
        .own_output(&single(&keys(), Variant::Wpkh, 1, 7), 39_000)
}

/// Fields of one map.
pub(crate) type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// Of the whole PSBT, of its inputs, of its outputs.
pub(crate) type AllMaps = (Fields, Vec<Fields>, Vec<Fields>);

/// The maps of a PSBT that has a transaction.
pub(crate) fn maps_of(bytes: &[u8]) -> AllMaps {
    let maps = Maps::split(bytes).unwrap();
    let all = |maps: &[KeyMap<'_>]| maps.iter().map(fields).collect();
    (fields(&maps.global), all(&maps.inputs), all(&maps.outputs))
}

fn fields(map: &KeyMap<'_>) -> Fields {
    map.pairs().map(|(key, value)| (key.to_vec(), value.to_vec())).collect()
}

/// The maps of a PSBT of version 0 as those of version 2, by the BIP's list of fields.
pub(crate) fn version_2(bytes: &[u8]) -> AllMaps {
    let maps = Maps::split(bytes).unwrap();
    let transaction = maps.transaction().unwrap();
    let mut global = fields(&maps.global);
    global.retain(|(key, _)| key != &[0]);
    global.push((vec![0xfb], vec![2, 0, 0, 0]));
    global.push((vec![0x02], transaction.version.0.to_le_bytes().to_vec()));
    global.push((vec![0x04], vec![u8::try_from(transaction.input.len()).unwrap()]));
    global.push((vec![0x05], vec![u8::try_from(transaction.output.len()).unwrap()]));
    let mut inputs: Vec<_> = maps.inputs.iter().map(fields).collect();
    for (map, input) in inputs.iter_mut().zip(&transaction.input) {
        let txid: &[u8] = input.previous_output.txid.as_ref();
        map.push((vec![0x0e], txid.to_vec()));
        map.push((vec![0x0f], input.previous_output.vout.to_le_bytes().to_vec()));
        map.push((vec![0x10], input.sequence.0.to_le_bytes().to_vec()));
    }
    let mut outputs: Vec<_> = maps.outputs.iter().map(fields).collect();
    for (map, output) in outputs.iter_mut().zip(&transaction.output) {
        map.push((vec![0x03], output.value.to_sat().to_le_bytes().to_vec()));
        map.push((vec![0x04], output.script_pubkey.to_bytes()));
    }
    (global, inputs, outputs)
}

pub(crate) fn written(maps: &AllMaps) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    for map in [&maps.0].into_iter().chain(&maps.1).chain(&maps.2) {
        for (key, value) in map {
            put(&mut bytes, key, value);
        }
        bytes.push(0);
    }
    bytes
}

#[test]
fn both_versions_are_the_same_transaction() {
    let bytes = draft().bytes();
    let old = Psbt::parse(&bytes).unwrap();
    assert_eq!(old.transaction, draft().0.unsigned_tx);
    let new = Psbt::parse(&written(&version_2(&bytes))).unwrap();
    assert_eq!(new.transaction, old.transaction);
    assert_eq!(new.outputs, old.outputs);
    for (new, old) in new.inputs.iter().zip(&old.inputs) {
        assert_eq!((&new.origins, &new.claimed), (&old.origins, &old.claimed));
    }
}

#[test]
fn a_version_stays_what_it_was() {
    for bytes in [draft().bytes(), written(&version_2(&draft().bytes()))] {
        let signature = Added::key_path(vec![7; 64]);
        let twice = [vec![], vec![signature.clone()]];
        let once = with_fields(&bytes, &twice).unwrap();
        assert_eq!(once.len(), bytes.len() + 1 + 1 + 1 + 64);
        assert_eq!(with_fields(&once, &twice).unwrap(), once, "in place of itself");
        assert_eq!(with_fields(&bytes, &[vec![], vec![]]).unwrap(), bytes);
    }
}

#[test]
fn an_origin_is_read_with_its_path() {
    let psbt = Psbt::parse(&draft().bytes()).unwrap();
    let expected = [("84'/1'/0'/0/3", 33), ("86'/1'/0'/0/4", 32)];
    for (input, (path, length)) in psbt.inputs.iter().zip(expected) {
        let [origin] = &input.origins[..] else { panic!("one key: {:?}", input.origins) };
        assert_eq!(origin.path, path.parse().unwrap());
        assert_eq!((origin.fingerprint, origin.key.len()), (keys().fingerprint(), length));
    }
}

#[test]
fn a_field_of_the_other_version_is_refused() {
    let bytes = draft().bytes();
    let mut old = Draft(draft().0);
    let key = bitcoin::psbt::raw::Key { type_value: 0x10, key: vec![] };
    old.0.inputs[0].unknown.insert(key, vec![0; 4]);
    assert_eq!(Psbt::parse(&old.bytes()).unwrap_err(), MalformedPsbt::Field(0x10));
    let mut new = version_2(&bytes);
    let unsigned = bitcoin::consensus::serialize(&draft().0.unsigned_tx);
    new.0.push((vec![0], unsigned));
    assert_eq!(Psbt::parse(&written(&new)).unwrap_err(), MalformedPsbt::Field(0));
}

#[test]
fn version_2_is_whole() {
    let whole = version_2(&draft().bytes());
    for required in [0x0e, 0x0f] {
        let mut lacks = whole.clone();
        lacks.1[1].retain(|(key, _)| key != &[required]);
        let error = Psbt::parse(&written(&lacks)).unwrap_err();
        assert_eq!(error, MalformedPsbt::Missing(required));
    }
    for required in [0x03, 0x04] {
        let mut lacks = whole.clone();
        lacks.2[0].retain(|(key, _)| key != &[required]);
        let error = Psbt::parse(&written(&lacks)).unwrap_err();
        assert_eq!(error, MalformedPsbt::Missing(required));
    }
    let mut newer = whole.clone();
    newer.0[0].1[0] = 3;
    newer.0.iter_mut().find(|(key, _)| key == &[0xfb]).unwrap().1[0] = 3;
    assert_eq!(Psbt::parse(&written(&newer)).unwrap_err(), MalformedPsbt::Version(3));
}

#[test]
fn required_lock_times_are_kept_together() {
    let lock = |fields: [&[(u8, u32)]; 2]| {
        let mut maps = version_2(&draft().bytes());
        for (map, fields) in maps.1.iter_mut().zip(fields) {
            map.extend(fields.iter().map(|(key, n)| (vec![*key], n.to_le_bytes().to_vec())));
        }
        Psbt::parse(&written(&maps)).map(|psbt| psbt.transaction.lock_time.to_consensus_u32())
    };
    let (time, height) = (0x11, 0x12);
    assert_eq!(lock([&[], &[]]), Ok(0));
    assert_eq!(lock([&[(height, 7)], &[(height, 9)]]), Ok(9));
    assert_eq!(lock([&[(time, 600_000_000)], &[]]), Ok(600_000_000));
    assert_eq!(lock([&[(time, 600_000_000), (height, 5)], &[(height, 9)]]), Ok(9));
    let both = lock([&[(time, 600_000_000)], &[(height, 9)]]);
    assert_eq!(both, Err(MalformedPsbt::LockTime));
    for wrong in [(height, 0), (height, 600_000_000), (time, 5)] {
        assert_eq!(lock([&[wrong], &[]]), Err(MalformedPsbt::LockTime));
    }
}

#[test]
fn a_field_twice_is_refused() {
    let mut maps = version_2(&draft().bytes());
    let repeated = maps.1[0][0].clone();
    maps.1[0].push(repeated);
    assert_eq!(Psbt::parse(&written(&maps)).unwrap_err(), MalformedPsbt::Repeated);
}

#[test]
fn a_signed_transaction_is_refused() {
    let mut bytes = draft();
    let transaction = &mut bytes.0.unsigned_tx;
    transaction.input[0].script_sig = ScriptBuf::from_bytes(vec![1, 1]);
    assert_eq!(Psbt::parse(&bytes.bytes()).unwrap_err(), MalformedPsbt::Transaction);
}

#[test]
fn counts_that_lie_cost_nothing() {
    for count in [vec![0xfd, 0xd1, 0x07], vec![0xff; 9]] {
        let mut maps = version_2(&draft().bytes());
        maps.0.iter_mut().find(|(key, _)| key == &[0x04]).unwrap().1 = count;
        assert_eq!(Psbt::parse(&written(&maps)).unwrap_err(), MalformedPsbt::TooManyParts);
    }
}
