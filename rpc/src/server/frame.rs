//! Owns frames, in which a face and its daemon speak: four bytes of length, then the bytes of one
//! portable thing.
//!
//! Refuses frames above [`FRAME_BYTES`]. What was read or written is wiped, since passwords cross.

use std::io;

use billfold_wallet_core::portable::Portable;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use zeroize::Zeroizing;

use crate::limits::FRAME_BYTES;

/// Reads the next thing.
///
/// # Errors
/// What the connection failed with; `InvalidData` for a frame that is too long or not understood.
pub(crate) async fn read<T: Portable>(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<T> {
    let length = length(stream.read_u32_le().await?)?;
    let mut bytes = Zeroizing::new(vec![0; length]);
    stream.read_exact(&mut bytes).await?;
    T::from_bytes(&bytes).map_err(io::Error::other)
}

/// Writes a thing.
///
/// # Errors
/// What the connection failed with; `InvalidData` for what no frame holds.
pub(crate) async fn write(
    stream: &mut (impl AsyncWrite + Unpin),
    thing: &impl Portable,
) -> io::Result<()> {
    let bytes = thing.to_bytes();
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    self::length(length)?;
    stream.write_u32_le(length).await?;
    stream.write_all(&bytes).await?;
    stream.flush().await
}

/// Takes the first whole thing out of what was received so far.
///
/// # Errors
/// As [`read`].
pub(crate) fn take<T: Portable>(received: &mut Vec<u8>) -> io::Result<Option<T>> {
    let Some((head, rest)) = received.split_first_chunk() else { return Ok(None) };
    let length = length(u32::from_le_bytes(*head))?;
    let Some(bytes) = rest.get(..length) else { return Ok(None) };
    let thing = T::from_bytes(bytes).map_err(io::Error::other)?;
    received.drain(..HEAD_BYTES + length);
    Ok(Some(thing))
}

fn length(told: u32) -> io::Result<usize> {
    let length = usize::try_from(told).ok().filter(|length| *length <= FRAME_BYTES);
    length.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
}

const HEAD_BYTES: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn things_come_out_whole_however_they_arrive() {
        let mut sent = Vec::new();
        write(&mut sent, &"first".to_owned()).await.expect("memory takes it");
        write(&mut sent, &String::new()).await.expect("memory takes it");
        let mut whole = sent.as_slice();
        assert_eq!(read::<String>(&mut whole).await.expect("a frame"), "first");
        assert_eq!(read::<String>(&mut whole).await.expect("a frame"), "");
        assert!(read::<String>(&mut whole).await.is_err(), "nothing is left");

        let (mut received, mut taken) = (Vec::new(), Vec::new());
        for byte in sent {
            received.push(byte);
            taken.extend(take::<String>(&mut received).expect("a good frame"));
        }
        assert_eq!(taken, ["first", ""]);
    }

    #[test]
    fn a_length_alone_takes_no_memory() {
        let mut received = u32::MAX.to_le_bytes().to_vec();
        assert!(take::<String>(&mut received).is_err());
    }
}
