//! Owns `PackedScripts`: scripts to look for in filters, cut into words once, so that hashing them
//! under the key of each block reads nothing twice and branches on nothing.
//!
//! Refuses to hash under more than one key at a time, and to look anything up.

#![expect(clippy::inline_always, reason = "what is dispatched by processor must be inlined whole")]

use bitcoin::hashes::siphash24;
use bitcoin::{Script, ScriptBuf};

use super::siphash::{Key, hash_rows};

/// Scripts to look for. Made once, shared by the jobs of thousands of filters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PackedScripts {
    /// 16 to 23 bytes: P2WPKH, P2SH.
    three: Columns<3>,
    /// 24 to 31 bytes: P2PKH.
    four: Columns<4>,
    /// 32 to 39 bytes: P2TR, P2WSH, P2PK.
    five: Columns<5>,
    /// Of another length; no wallet has many.
    others: Vec<ScriptBuf>,
}

impl PackedScripts {
    /// How many scripts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.three.len() + self.four.len() + self.five.len() + self.others.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts the hash of each script into `hashes`, in an order of its own, in place of what was
    /// there.
    ///
    /// Inlined into the code for one kind of processor, see [`Matcher`](super::matcher::Matcher).
    #[inline(always)]
    pub(crate) fn hash(&self, key: Key, hashes: &mut Vec<u64>) {
        hashes.resize(self.len(), 0);
        let (three, rest) = hashes.split_at_mut(self.three.len());
        let (four, rest) = rest.split_at_mut(self.four.len());
        let (five, others) = rest.split_at_mut(self.five.len());
        hash_rows(key, self.three.all(), three);
        hash_rows(key, self.four.all(), four);
        hash_rows(key, self.five.all(), five);
        for (script, hash) in self.others.iter().zip(others) {
            *hash = siphash24::Hash::hash_to_u64_with_keys(key.0, key.1, script.as_bytes());
        }
    }

    fn push(&mut self, script: &Script) {
        match script.len() / 8 {
            2 => self.three.push(script.as_bytes()),
            3 => self.four.push(script.as_bytes()),
            4 => self.five.push(script.as_bytes()),
            _ => self.others.push(script.to_owned()),
        }
    }
}

impl<'a> FromIterator<&'a ScriptBuf> for PackedScripts {
    fn from_iter<I: IntoIterator<Item = &'a ScriptBuf>>(scripts: I) -> Self {
        let mut packed = Self::default();
        scripts.into_iter().for_each(|script| packed.push(script));
        packed
    }
}

/// Messages of so many words: their first words, their second words and so on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Columns<const WORDS: usize>([Vec<u64>; WORDS]);

impl<const WORDS: usize> Columns<WORDS> {
    fn len(&self) -> usize {
        self.0[0].len()
    }

    fn all(&self) -> [&[u64]; WORDS] {
        self.0.each_ref().map(Vec::as_slice)
    }

    /// Adds a message of `WORDS - 1` whole words and up to seven bytes more. `SipHash` pads it with
    /// zeros, and puts its length into the last byte.
    fn push(&mut self, message: &[u8]) {
        let (words, tail) = message.as_chunks::<8>();
        let mut last = [0; 8];
        last[..tail.len()].copy_from_slice(tail);
        last[7] = u8::try_from(message.len()).expect("shorter than 40 bytes");
        for (column, word) in self.0.iter_mut().zip(words.iter().chain([&last])) {
            column.push(u64::from_le_bytes(*word));
        }
    }
}

impl<const WORDS: usize> Default for Columns<WORDS> {
    fn default() -> Self {
        Self([const { Vec::new() }; WORDS])
    }
}
