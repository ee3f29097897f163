//! Owns that a call with a key is carried out once: whoever repeats it is told what was told before,
//! word for word, and whoever does so too early waits.
//!
//! The wallet binds what is drafted and signed to the key, in one commit with the payment; so a
//! call that was cut short is taken up where it was. Refuses keys that nobody could tell apart.

use std::future::Future;

use billfold_wallet_core::command::{Command, KeyedRequest, Reply};
use bitcoin::hashes::{Hash, HashEngine, sha256};
use serde_json::value::RawValue;

use crate::arguments::Arguments;
use crate::desk::Desk;
use crate::error::RpcError;
use crate::json::Answer;
use crate::limits::KEY_BYTES;

/// What most calls stand for: the method with its arguments, as they were written.
#[must_use]
pub fn call(method: &str, arguments: &Arguments) -> [u8; 32] {
    let mut engine = sha256::Hash::engine();
    for part in [method, &arguments.to_text()] {
        engine.input(&(part.len() as u64).to_le_bytes());
        engine.input(part.as_bytes());
    }
    sha256::Hash::from_engine(engine).to_byte_array()
}

/// A key with the hash of what it stands for.
///
/// # Errors
/// -8 if the key is empty, too long, or has other than printable ASCII characters.
pub fn request(key: &str, hash: [u8; 32]) -> Result<KeyedRequest, RpcError> {
    let printable = key.bytes().all(|byte| byte.is_ascii_graphic());
    if key.is_empty() || key.len() > KEY_BYTES || !printable {
        let message = format!(
            "A key has 1 to {KEY_BYTES} printable ASCII characters, no spaces, and is given once"
        );
        return Err(RpcError::parameter(message));
    }
    Ok(KeyedRequest { key: key.to_owned(), hash })
}

/// Carries out a call, unless it was answered before: then that is the answer.
///
/// # Errors
/// -1001 if the key was used for something else, and what the call itself is refused with: that is
/// not kept, so it can be tried again.
pub async fn once(
    desk: &Desk,
    request: KeyedRequest,
    work: impl Future<Output = Result<Answer, RpcError>> + Send,
) -> Result<Answer, RpcError> {
    let _turn = desk.turns().take(&request.key).await;
    match desk.ask(Command::Recall(request.clone())).await? {
        Reply::Recalled(None) => {}
        Reply::Recalled(Some(answer)) => {
            return RawValue::from_string(answer).map_err(|_| RpcError::bug());
        }
        _ => return Err(RpcError::bug()),
    }
    let answer = work.await?;
    let kept = Command::Remember { request, answer: answer.get().to_owned() };
    desk.ask(kept).await?;
    Ok(answer)
}
