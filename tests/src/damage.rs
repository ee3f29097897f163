//! Owns what may befall a file that lies on a disk: bent bytes, zeros, a cut, nothing left.
//!
//! Refuses to know files: what a program says of a damaged one, its tests say.

use crate::draw::Draw;

/// Three bytes bent, the second half gone, a page of zeros in the middle, nothing left.
#[must_use]
pub fn damages(whole: &[u8]) -> Vec<Vec<u8>> {
    let places = [3, whole.len() / 3, whole.len().saturating_sub(5)];
    let middle = whole.len() / 2;
    let mut all: Vec<_> = places.map(|place| bent(whole, place, 0x24)).to_vec();
    all.extend([whole[..middle].to_vec(), overwritten(whole, middle, PAGE, 0), Vec::new()]);
    all
}

/// Something at a place that is drawn: one byte bent, some overwritten, a page of zeros, the rest
/// gone.
///
/// # Panics
/// If there is nothing to damage.
#[must_use]
pub fn drawn(draw: &mut Draw, whole: &[u8]) -> Vec<u8> {
    let place = draw.place(whole.len());
    match draw.below(4) {
        0 => bent(whole, place, 1 << draw.below(8)),
        1 => {
            let (length, byte) = (1 + draw.place(64), draw.any().to_le_bytes()[0]);
            overwritten(whole, place, length, byte)
        }
        2 => overwritten(whole, place - place % PAGE, PAGE, 0),
        _ => whole[..place].to_vec(),
    }
}

fn bent(whole: &[u8], place: usize, mask: u8) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    if let Some(byte) = bytes.get_mut(place) {
        *byte ^= mask;
    }
    bytes
}

fn overwritten(whole: &[u8], place: usize, length: usize, byte: u8) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    bytes.iter_mut().skip(place).take(length).for_each(|old| *old = byte);
    bytes
}

/// Of a database, and of most disks.
const PAGE: usize = 4_096;
