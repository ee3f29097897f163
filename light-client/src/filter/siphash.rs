//! Owns SipHash-2-4 (BIP158's hash function) of many messages at once, all of the same length in
//! words.
//!
//! Refuses to cut messages into words and to pad them: that is done once for many keys.

#![expect(clippy::inline_always, reason = "what is dispatched by processor must be inlined whole")]

/// The key: two words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(pub(crate) u64, pub(crate) u64);

/// Hashes the messages whose words stand in `columns`, the first words of all in the first column
/// and so on, into `hashes`.
///
/// A loop without branches over equal rows: the compiler runs several in the lanes of a vector,
/// as wide as the processor has that this is inlined for.
#[inline(always)]
pub(crate) fn hash_rows<const WORDS: usize>(
    key: Key,
    columns: [&[u64]; WORDS],
    hashes: &mut [u64],
) {
    let columns = columns.map(|column| &column[..hashes.len()]);
    for (row, hash) in hashes.iter_mut().enumerate() {
        let mut state = State::new(key);
        for column in columns {
            state.take(column[row]);
        }
        *hash = state.finish();
    }
}

struct State([u64; 4]);

impl State {
    #[inline(always)]
    const fn new(Key(k0, k1): Key) -> Self {
        Self([
            k0 ^ 0x736f_6d65_7073_6575,
            k1 ^ 0x646f_7261_6e64_6f6d,
            k0 ^ 0x6c79_6765_6e65_7261,
            k1 ^ 0x7465_6462_7974_6573,
        ])
    }

    #[inline(always)]
    const fn take(&mut self, word: u64) {
        self.0[3] ^= word;
        self.round();
        self.round();
        self.0[0] ^= word;
    }

    #[inline(always)]
    const fn finish(mut self) -> u64 {
        self.0[2] ^= 0xff;
        self.round();
        self.round();
        self.round();
        self.round();
        let [v0, v1, v2, v3] = self.0;
        v0 ^ v1 ^ v2 ^ v3
    }

    #[inline(always)]
    const fn round(&mut self) {
        let [mut v0, mut v1, mut v2, mut v3] = self.0;
        v0 = v0.wrapping_add(v1);
        v2 = v2.wrapping_add(v3);
        v1 = v1.rotate_left(13) ^ v0;
        v3 = v3.rotate_left(16) ^ v2;
        v0 = v0.rotate_left(32).wrapping_add(v3);
        v2 = v2.wrapping_add(v1);
        v1 = v1.rotate_left(17) ^ v2;
        v3 = v3.rotate_left(21) ^ v0;
        v2 = v2.rotate_left(32);
        self.0 = [v0, v1, v2, v3];
    }
}

#[cfg(test)]
mod tests {
    use bitcoin::hashes::siphash24;
    use proptest::prelude::*;

    use super::{Key, hash_rows};

    proptest! {
        #[test]
        fn agrees_with_the_library(
            key in any::<[u64; 2]>(),
            rows in prop::collection::vec(any::<[u64; 2]>(), 0..40),
            tail in 0_u64..1 << 56,
        ) {
            // Messages of 16 bytes and up to seven more, which stand in the word of the length.
            let length = 16 + tail % 8;
            let tail = tail & ((1 << (8 * (length - 16))) - 1);
            let columns: [Vec<u64>; 3] = [
                rows.iter().map(|row| row[0]).collect(),
                rows.iter().map(|row| row[1]).collect(),
                rows.iter().map(|_| length << 56 | tail).collect(),
            ];
            let mut hashes = vec![0; rows.len()];
            hash_rows(Key(key[0], key[1]), [&columns[0], &columns[1], &columns[2]], &mut hashes);
            for (row, hash) in rows.iter().zip(hashes) {
                let mut message = [row[0].to_le_bytes(), row[1].to_le_bytes()].concat();
                message.extend(&tail.to_le_bytes()[..usize::try_from(length).unwrap() - 16]);
                prop_assert_eq!(siphash24::Hash::hash_to_u64_with_keys(key[0], key[1], &message), hash);
            }
        }
    }
}
