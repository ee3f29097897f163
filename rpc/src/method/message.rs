//! Owns the methods about signed messages, of the older form that Bitcoin Core knows (BIP137).
//!
//! Refuses addresses that do not stand for one key by its hash.

use billfold_wallet_core::command::{Command, CommandError, Reply};
use bitcoin::base64::Engine as _;
use bitcoin::base64::engine::general_purpose::STANDARD;
use bitcoin::hashes::Hash as _;
use bitcoin::secp256k1::Message;
use bitcoin::sign_message::{MessageSignature, signed_msg_hash};
use bitcoin::{Address, AddressType, Network};

use crate::arguments::{self, Arguments};
use crate::descriptor::SECP;
use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::json::answer;
use crate::ledger;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "signmessage",
        category: Category::Wallet,
        parameters: &[
            Parameter::required("address", Kind::Text, "The bitcoin address"),
            Parameter::required("message", Kind::Text, "The message"),
        ],
        about: "Sign a message with the private key of an address.",
        standing: Standing::Same,
        run: Run::Wallet(|node, desk, arguments| Box::pin(sign(node, desk, arguments))),
    },
    Method {
        name: "signmessagewithprivkey",
        category: Category::Util,
        parameters: &[
            Parameter::required("privkey", Kind::Text, "The private key"),
            Parameter::required("message", Kind::Text, "The message"),
        ],
        about: "Sign a message with the private key of an address.",
        standing: Standing::Same,
        run: Run::Pure(sign_with_key),
    },
    Method {
        name: "verifymessage",
        category: Category::Util,
        parameters: &[
            Parameter::required("address", Kind::Text, "The bitcoin address"),
            Parameter::required("signature", Kind::Text, "The signature, in base 64"),
            Parameter::required("message", Kind::Text, "The message"),
        ],
        about: "Verify a signed message.",
        standing: Standing::Same,
        run: Run::Pure(verify),
    },
];

async fn sign(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    ledger::require_unlocked(desk).await?;
    let address = address(arguments.required_text(0)?, node.params.network)?;
    let message = arguments.required_text(1)?.to_owned();
    match desk.ask(Command::SignMessage { address, message, newer: false }).await {
        Ok(Reply::Message(signed)) => answer(&signed.signature),
        Ok(_) => Err(RpcError::bug()),
        Err(
            CommandError::NotOurAddress(_) | CommandError::WatchOnly | CommandError::NothingToSign,
        ) => Err(RpcError::new(Code::Wallet, "Private key not available")),
        Err(error) => Err(error.into()),
    }
}

fn sign_with_key(network: Network, arguments: &Arguments) -> Outcome {
    let key = arguments::private_key(arguments.required_text(0)?, network)?;
    let digest = signed_msg_hash(arguments.required_text(1)?).to_byte_array();
    let digest = Message::from_digest(digest);
    let signature = SECP.sign_ecdsa_recoverable(&digest, &key.inner);
    answer(&MessageSignature::new(signature, key.compressed).to_base64())
}

fn verify(network: Network, arguments: &Arguments) -> Outcome {
    let address = address(arguments.required_text(0)?, network)?;
    let bytes = STANDARD
        .decode(arguments.required_text(1)?)
        .map_err(|_| RpcError::wrong_type("Malformed base64 encoding"))?;
    let digest = signed_msg_hash(arguments.required_text(2)?);
    let key = MessageSignature::from_slice(&bytes)
        .ok()
        .and_then(|signature| signature.recover_pubkey(&SECP, digest).ok());
    answer(&key.is_some_and(|key| Some(key.pubkey_hash()) == address.pubkey_hash()))
}

/// An address that stands for one key by its hash.
fn address(text: &str, network: Network) -> Result<Address, RpcError> {
    let address = arguments::address(text, network, "")
        .map_err(|_| RpcError::address_or_key("Invalid address"))?;
    match address.address_type() {
        Some(AddressType::P2pkh) => Ok(address),
        _ => Err(RpcError::new(Code::Type, "Address does not refer to key")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::method::tests::pure;

    /// From Bitcoin Core's `test/functional/rpc_signmessagewithprivkey.py` (MIT).
    #[test]
    fn messages_are_signed_and_verified_as_core_does() {
        let message = "This is just a test message";
        let key = "cUeKHd5orzT3mz8P9pxyREHfsWtVfgsfDjiZZBcjUBAaGk1BTj7N";
        let address = "mpLQjfK79b7CCV4VMJWEWAj5Mpx8Up5zxB";
        let signature = "INbVnW4e6PeRmsv2Qgu8NuopvrVjkcxob+sX8OcZG0SALhWybUjzMLPdAsXI46YZGb0KQTRii+\
                         wWIQzRpG/U+S0=";
        let signed = pure("signmessagewithprivkey", &json!([key, message]).to_string());
        assert_eq!(signed, Ok(json!(signature)));
        let verified = |address: &str, signature: &str, message: &str| {
            pure("verifymessage", &json!([address, signature, message]).to_string())
        };
        assert_eq!(verified(address, signature, message), Ok(json!(true)));
        assert_eq!(verified(address, signature, "another"), Ok(json!(false)));
        assert_eq!(verified(address, "AAAA", message), Ok(json!(false)));
        let segwit = "bcrt1qmpwzkuwsqc9snjvgdt4czhjsnywa5yjdqpxskv";
        let cases = [
            (verified("invalid_addr", signature, message), -5, "Invalid address"),
            (verified(segwit, signature, message), -3, "Address does not refer to key"),
            (verified(address, "invalid_sig", message), -3, "Malformed base64 encoding"),
            (
                pure("signmessagewithprivkey", &json!(["invalid_key", message]).to_string()),
                -5,
                "Invalid private key",
            ),
        ];
        for (refused, code, text) in cases {
            assert_eq!(refused, Err((code, text.to_owned())));
        }
    }
}
