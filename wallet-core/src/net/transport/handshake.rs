//! Owns the handshake of version 2 (BIP324) on the side that dials.
//!
//! Refuses garbage above its limit and packets that are too long. What authenticates before the
//! version packet is a decoy; what the version packet holds is for versions to come.

use bip324::{
    GarbageResult, Handshake, NUM_LENGTH_BYTES, ReceivedKey, Role, SentVersion, VersionResult,
};
use bitcoin::Network;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::entropy;
use crate::light_client::codec::v2::MAX_CONTENTS;
use crate::limits::{V2_GARBAGE_BYTES, V2_OWN_GARBAGE_BYTES};
use crate::net::transport::packets::{AROUND_CONTENTS, Opener, Sealer};

/// Why there will be no packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    /// The other side ended the connection, or sent what is no part of a key exchange.
    NotSpoken,
    /// It exchanged keys, and what came then was wrong.
    Broken,
}

/// Dials in version 2. `heard` is set with the first byte from the other side. Dropping the future
/// leaves the stream in no usable state.
pub(super) async fn initiate(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    network: Network,
    heard: &mut bool,
) -> Result<(Opener, Sealer), Problem> {
    let handshake = exchange_keys(stream, network, heard).await?;
    await_version(stream, handshake).await
}

async fn exchange_keys(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    network: Network,
    heard: &mut bool,
) -> Result<Handshake<SentVersion>, Problem> {
    let garbage = random_garbage()?;
    let mut hello = vec![0; Handshake::send_key_len(Some(&garbage))];
    let handshake = Handshake::new(network, Role::Initiator)
        .and_then(|handshake| handshake.send_key(Some(&garbage), &mut hello))
        .map_err(|_| Problem::Broken)?;
    write(stream, &hello).await?;

    let mut key = [0; KEY_BYTES];
    let first = stream.read(&mut key).await.map_err(|_| Problem::NotSpoken)?;
    *heard = first > 0;
    stream.read_exact(&mut key[first..]).await.map_err(|_| Problem::NotSpoken)?;
    // A key that begins like a message of version 1 is one.
    let handshake = handshake.receive_key(key).map_err(|_| Problem::NotSpoken)?;

    let mut version = vec![0; Handshake::<ReceivedKey<'_>>::send_version_len(None)];
    let handshake = handshake.send_version(&mut version, None).map_err(|_| Problem::Broken)?;
    write(stream, &version).await?;
    Ok(handshake)
}

async fn await_version(
    stream: &mut (impl AsyncRead + Unpin),
    mut handshake: Handshake<SentVersion>,
) -> Result<(Opener, Sealer), Problem> {
    let mut read = Vec::with_capacity(V2_GARBAGE_BYTES + GARBAGE_END_BYTES);
    let (mut handshake, used) = loop {
        if stream.read_buf(&mut read).await.map_err(|_| Problem::NotSpoken)? == 0 {
            return Err(Problem::NotSpoken);
        }
        match handshake.receive_garbage(&read) {
            Ok(GarbageResult::NeedMoreData(same)) => handshake = same,
            Ok(GarbageResult::FoundGarbage { handshake, consumed_bytes }) => {
                break (handshake, consumed_bytes);
            }
            Err(_) => return Err(Problem::NotSpoken),
        }
    };
    // The garbage stays where it is: the first packet authenticates it.
    let mut rest = read[used..].to_vec();
    loop {
        let length = take(stream, &mut rest, NUM_LENGTH_BYTES).await?;
        let length = length.try_into().expect("as many as were asked for");
        let length = handshake.decrypt_packet_len(length).map_err(|_| Problem::Broken)?;
        if length > MAX_CONTENTS + AROUND_CONTENTS {
            return Err(Problem::Broken);
        }
        let mut packet = take(stream, &mut rest, length).await?;
        handshake = match handshake.receive_version(&mut packet) {
            Ok(VersionResult::Decoy(handshake)) => handshake,
            Ok(VersionResult::Complete { cipher }) => {
                let (inbound, outbound) = cipher.into_split();
                return Ok((Opener::new(inbound, rest), Sealer::new(outbound)));
            }
            Err(_) => return Err(Problem::Broken),
        };
    }
}

/// The next `count` bytes: of `rest`, then of the stream. Memory grows with what comes.
async fn take(
    stream: &mut (impl AsyncRead + Unpin),
    rest: &mut Vec<u8>,
    count: usize,
) -> Result<Vec<u8>, Problem> {
    while rest.len() < count {
        if stream.read_buf(rest).await.map_err(|_| Problem::Broken)? == 0 {
            return Err(Problem::Broken);
        }
    }
    let after = rest.split_off(count);
    Ok(std::mem::replace(rest, after))
}

async fn write(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> Result<(), Problem> {
    stream.write_all(bytes).await.map_err(|_| Problem::NotSpoken)
}

/// So many bytes that nobody knows how many, so that the beginning has no shape.
fn random_garbage() -> Result<Vec<u8>, Problem> {
    let mut length = [0; 2];
    entropy::fill(&mut length).map_err(|_| Problem::Broken)?;
    let mut garbage = vec![0; garbage_bytes(u16::from_le_bytes(length))];
    entropy::fill(&mut garbage).map_err(|_| Problem::Broken)?;
    Ok(garbage)
}

/// How much garbage to send, for a number that was drawn.
pub(super) fn garbage_bytes(drawn: u16) -> usize {
    usize::from(drawn) % (V2_OWN_GARBAGE_BYTES + 1)
}

/// Bytes of a public key in its random-looking form (`ElligatorSwift`).
const KEY_BYTES: usize = 64;

/// Bytes that end the garbage.
const GARBAGE_END_BYTES: usize = 16;
