//! Owns the reading of bytes from the front: values, lists, bytes with their number.
//!
//! Refuses more than its limit before it allocates.

use bitcoin::consensus::Decodable;
use bitcoin::consensus::encode::VarInt;

use crate::fault::Fault;

/// Reads one value from the front.
pub(super) fn take<T: Decodable>(rest: &mut &[u8]) -> Result<T, Fault> {
    T::consensus_decode(rest).map_err(|_| Fault::Malformed)
}

/// Reads a list with its count in front.
pub(super) fn take_list<T>(
    rest: &mut &[u8],
    limit: usize,
    item: impl Fn(&mut &[u8]) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let VarInt(count) = take(rest)?;
    let count = usize::try_from(count).map_err(|_| Fault::Oversized)?;
    if count > limit {
        return Err(Fault::Oversized);
    }
    (0..count).map(|_| item(rest)).collect()
}

/// Reads bytes with their number in front.
pub(super) fn take_bytes<'a>(rest: &mut &'a [u8], limit: usize) -> Result<&'a [u8], Fault> {
    let VarInt(length) = take(rest)?;
    let length = usize::try_from(length).map_err(|_| Fault::Oversized)?;
    if length > limit {
        return Err(Fault::Oversized);
    }
    let (bytes, after) = rest.split_at_checked(length).ok_or(Fault::Malformed)?;
    *rest = after;
    Ok(bytes)
}

/// Reads bytes whose number is fixed.
pub(super) fn take_array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Fault> {
    let (bytes, after) = rest.split_first_chunk().ok_or(Fault::Malformed)?;
    *rest = after;
    Ok(*bytes)
}
