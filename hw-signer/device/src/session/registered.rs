//! Owns how registered policies are told to hosts: the lists, and one of them in full.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::policy::{Multisig, Policies, Policy, Signer};
use crate::protocol::call::Call;
use crate::protocol::reply::{Reply, Value};

/// The answer to a question about policies; nothing if there is none of that name.
pub(super) fn reply(policies: &Policies, call: &Call) -> Option<Reply> {
    Some(Reply::Map(match call {
        Call::Multisigs => policies
            .iter()
            .filter_map(|policy| Some((policy.name().to_owned(), brief(policy.as_multisig()?))))
            .collect(),
        Call::Descriptors => policies
            .iter()
            .filter(|policy| policy.as_multisig().is_none())
            .map(|policy| (policy.name().to_owned(), brief_policy(policy)))
            .collect(),
        Call::MultisigNamed(name) => {
            let multisig = policies.find(name)?.as_multisig()?;
            vec![
                named("multisig_name", Value::Text(name.clone())),
                named("descriptor", whole(multisig)),
            ]
        }
        Call::DescriptorNamed(name) => {
            let policy = policies.find(name).filter(|policy| policy.as_multisig().is_none())?;
            let keys = policy.keys().iter().enumerate();
            let values = keys.map(|(n, key)| (format!("@{n}"), Value::Text(key.clone()))).collect();
            vec![
                named("descriptor_name", Value::Text(name.clone())),
                named("descriptor", Value::Text(policy.template().to_owned())),
                named("datavalues", Value::Map(values)),
            ]
        }
        _ => return None,
    }))
}

fn brief(multisig: &Multisig) -> Value {
    Value::Map(vec![
        named("variant", Value::Text(multisig.kind.name().to_owned())),
        named("sorted", Value::Flag(multisig.sorted)),
        named("threshold", Value::Number(multisig.threshold.into())),
        named("num_signers", Value::Number(multisig.signers.len() as u64)),
        named("master_blinding_key", Value::Bytes(Vec::new())),
    ])
}

fn whole(multisig: &Multisig) -> Value {
    let signer = |signer: &Signer| {
        Value::Map(vec![
            named("fingerprint", Value::Bytes(signer.fingerprint.to_vec())),
            named("derivation", Value::Numbers(signer.derivation.clone())),
            named("xpub", Value::Text(signer.xpub.clone())),
            named("path", Value::Numbers(signer.path.clone())),
        ])
    };
    Value::Map(vec![
        named("variant", Value::Text(multisig.kind.name().to_owned())),
        named("sorted", Value::Flag(multisig.sorted)),
        named("threshold", Value::Number(multisig.threshold.into())),
        named("signers", Value::List(multisig.signers.iter().map(signer).collect())),
        named("master_blinding_key", Value::Bytes(Vec::new())),
    ])
}

fn brief_policy(policy: &Policy) -> Value {
    Value::Map(vec![
        named("descriptor_len", Value::Number(policy.template().len() as u64)),
        named("num_datavalues", Value::Number(policy.keys().len() as u64)),
        named("master_blinding_key", Value::Bytes(Vec::new())),
    ])
}

fn named(name: &str, value: Value) -> (String, Value) {
    (name.to_owned(), value)
}
