//! Owns the transports that a peer may speak, told apart by its first bytes: version 1 in the
//! clear, or version 2 in packets (BIP324, on the side that was dialled).
//!
//! Refuses packets above the limit before it reads them, garbage that does not end, and what does
//! not authenticate.

use std::io::{self, Cursor};

use bip324::{
    GarbageResult, Handshake, InboundCipher, NUM_LENGTH_BYTES, OutboundCipher, PacketType,
    ReceivedKey, Role, SentVersion, VersionResult, serde,
};
use bitcoin::Network;
use bitcoin::p2p::Magic;
use bitcoin::p2p::message::NetworkMessage;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Chain};

use crate::fault::Fault;
use crate::frame::{read_message, write_message};
use crate::limits::{MAX_GARBAGE, MAX_PAYLOAD};

/// The side that is read.
pub(crate) struct Incoming<R> {
    /// What was read ahead comes first.
    reader: Chain<Cursor<Vec<u8>>, R>,
    /// `None` for version 1.
    cipher: Option<InboundCipher>,
}

/// How messages are written.
pub(crate) enum Outgoing {
    /// In frames of version 1.
    Clear,
    /// In packets of version 2.
    Sealed(Box<OutboundCipher>),
}

/// Learns from the first bytes which transport the peer speaks, and answers its handshake.
pub(crate) async fn accept<R: AsyncRead + Unpin>(
    mut reader: R,
    writer: &mut (impl AsyncWrite + Unpin),
) -> Result<(Incoming<R>, Outgoing), Fault> {
    // BIP324 compares sixteen; one key in four billion begins like these four.
    let mut first = [0; 4];
    reader.read_exact(&mut first).await?;
    if first == Magic::REGTEST.to_bytes() {
        let reader = Cursor::new(first.to_vec()).chain(reader);
        return Ok((Incoming { reader, cipher: None }, Outgoing::Clear));
    }
    let mut key = [0; KEY_LEN];
    key[..4].copy_from_slice(&first);
    reader.read_exact(&mut key[4..]).await?;
    if key[4..16] == *b"version\0\0\0\0\0" {
        return Err(Fault::Magic);
    }
    let handshake = answer_key(key, writer).await?;
    await_version(reader, handshake).await
}

async fn answer_key(
    key: [u8; KEY_LEN],
    writer: &mut (impl AsyncWrite + Unpin),
) -> Result<Handshake<SentVersion>, Fault> {
    // As much as may be, so that nobody who is tested here forgets it.
    let garbage = vec![key[63]; MAX_GARBAGE - usize::from(key[62])];
    let mut hello = vec![0; Handshake::send_key_len(Some(&garbage))];
    let handshake = Handshake::new(Network::Regtest, Role::Responder)?;
    let handshake = handshake.send_key(Some(&garbage), &mut hello)?.receive_key(key)?;
    let decoys: [&[u8]; 2] = [b"", b"a decoy"];
    let mut version = vec![0; Handshake::<ReceivedKey<'_>>::send_version_len(Some(&decoys))];
    let handshake = handshake.send_version(&mut version, Some(&decoys))?;
    writer.write_all(&hello).await?;
    writer.write_all(&version).await?;
    writer.flush().await?;
    Ok(handshake)
}

async fn await_version<R: AsyncRead + Unpin>(
    mut reader: R,
    mut handshake: Handshake<SentVersion>,
) -> Result<(Incoming<R>, Outgoing), Fault> {
    let mut read = Vec::new();
    let (mut handshake, used) = loop {
        if reader.read_buf(&mut read).await? == 0 {
            return Err(Fault::Ended(io::ErrorKind::UnexpectedEof.into()));
        }
        match handshake.receive_garbage(&read)? {
            GarbageResult::NeedMoreData(same) => handshake = same,
            GarbageResult::FoundGarbage { handshake, consumed_bytes } => {
                break (handshake, consumed_bytes);
            }
        }
    };
    let mut reader = Cursor::new(read[used..].to_vec()).chain(reader);
    loop {
        let length = handshake.decrypt_packet_len(read_length(&mut reader).await?)?;
        let mut packet = read_packet(&mut reader, length).await?;
        match handshake.receive_version(&mut packet)? {
            VersionResult::Decoy(same) => handshake = same,
            VersionResult::Complete { cipher } => {
                let (inbound, outbound) = cipher.into_split();
                let incoming = Incoming { reader, cipher: Some(inbound) };
                return Ok((incoming, Outgoing::Sealed(Box::new(outbound))));
            }
        }
    }
}

impl<R: AsyncRead + Unpin> Incoming<R> {
    /// Reads one message.
    pub(crate) async fn next(&mut self) -> Result<NetworkMessage, Fault> {
        let Some(cipher) = &mut self.cipher else { return read_message(&mut self.reader).await };
        loop {
            let length = cipher.decrypt_packet_len(read_length(&mut self.reader).await?);
            let packet = read_packet(&mut self.reader, length).await?;
            let (kind, plain) = cipher.decrypt_to_vec(&packet, None)?;
            if kind == PacketType::Genuine {
                return parse(&plain[1..]);
            }
        }
    }
}

impl Outgoing {
    /// The bytes of one message.
    pub(crate) fn write(&mut self, message: NetworkMessage) -> Vec<u8> {
        match self {
            Self::Clear => write_message(message),
            Self::Sealed(cipher) => {
                cipher.encrypt_to_vec(&serde::serialize(message), PacketType::Genuine, None)
            }
        }
    }
}

/// A type that is written out must be there whole: the library takes that for granted.
fn parse(contents: &[u8]) -> Result<NetworkMessage, Fault> {
    let is_whole = match contents.first() {
        None => false,
        Some(0) => contents.len() >= LONG_TYPE_LEN,
        Some(_) => true,
    };
    if !is_whole {
        return Err(Fault::Malformed);
    }
    serde::deserialize(contents).map_err(|_| Fault::Malformed)
}

async fn read_length(
    reader: &mut (impl AsyncRead + Unpin),
) -> Result<[u8; NUM_LENGTH_BYTES], Fault> {
    let mut length = [0; NUM_LENGTH_BYTES];
    reader.read_exact(&mut length).await?;
    Ok(length)
}

/// The buffer grows with what arrives, not with what the length promises.
async fn read_packet(
    reader: &mut (impl AsyncRead + Unpin),
    length: usize,
) -> Result<Vec<u8>, Fault> {
    let length = u32::try_from(length).expect("it is written in three bytes");
    if length > MAX_PAYLOAD + AROUND_PAYLOAD {
        return Err(Fault::TooLarge(length));
    }
    let mut packet = Vec::new();
    let read = reader.take(u64::from(length)).read_to_end(&mut packet).await?;
    if u32::try_from(read) != Ok(length) {
        return Err(Fault::Ended(io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(packet)
}

/// Bytes of a public key as it is sent.
const KEY_LEN: usize = 64;

/// Bytes of a message's type when it is written out.
const LONG_TYPE_LEN: usize = 1 + 12;

/// Bytes of a packet around a message's payload: header, type and tag.
const AROUND_PAYLOAD: u32 = 1 + 13 + 16;
