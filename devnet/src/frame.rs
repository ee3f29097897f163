//! Owns the framing of messages on the wire, version 1.
//!
//! Refuses other networks and payloads above the limit before it reads them.

use bitcoin::consensus::{deserialize, serialize};
use bitcoin::p2p::Magic;
use bitcoin::p2p::message::{NetworkMessage, RawNetworkMessage};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::fault::Fault;
use crate::limits::MAX_PAYLOAD;

/// Reads one message.
pub(crate) async fn read_message(
    reader: &mut (impl AsyncRead + Unpin),
) -> Result<NetworkMessage, Fault> {
    let mut frame = vec![0; HEADER_LEN];
    reader.read_exact(&mut frame).await?;
    let length = payload_length(&frame)?;
    // The buffer grows with what arrives, not with what the header promises.
    let read = reader.take(u64::from(length)).read_to_end(&mut frame).await?;
    if u32::try_from(read) != Ok(length) {
        return Err(Fault::Ended(std::io::ErrorKind::UnexpectedEof.into()));
    }
    let message: RawNetworkMessage = deserialize(&frame).map_err(|_| Fault::Malformed)?;
    Ok(message.into_payload())
}

/// The bytes of one message.
pub(crate) fn write_message(message: NetworkMessage) -> Vec<u8> {
    serialize(&RawNetworkMessage::new(Magic::REGTEST, message))
}

/// Magic, command, length of the payload, checksum.
const HEADER_LEN: usize = 24;

fn payload_length(header: &[u8]) -> Result<u32, Fault> {
    if header[..4] != Magic::REGTEST.to_bytes() {
        return Err(Fault::Magic);
    }
    let length = header[16..20].try_into().expect("four bytes were taken");
    match u32::from_le_bytes(length) {
        length if length > MAX_PAYLOAD => Err(Fault::TooLarge(length)),
        length => Ok(length),
    }
}
