//! Owns `State`: what a device keeps under its PIN, and its bytes.
//!
//! Refuses bytes that are not whole.

use alloc::vec::Vec;

use bitcoin::Amount;
use zeroize::Zeroizing;

use crate::limits::STATE_BYTES;
use crate::network::Network;
use crate::policy::Record;
use crate::settings::Settings;
use crate::wire::{Reader, put, put_number};
use crate::words::Words;

/// What is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The words.
    pub words: Words,
    /// The settings.
    pub settings: Settings,
    /// The registered policies of all passphrases and networks.
    pub records: Vec<Record>,
}

impl State {
    /// The bytes that are sealed.
    pub(crate) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let records: usize = self.records.iter().map(|record| record.body.len() + 64).sum();
        let mut bytes = Zeroizing::new(Vec::with_capacity(128 + records));
        put(&mut bytes, &self.words.entropy());
        put_number(&mut bytes, self.settings.network.coin_type());
        put(&mut bytes, &self.settings.fee_limit.to_sat().to_le_bytes());
        put_number(&mut bytes, u32::from(self.settings.accept_unproven));
        put_number(&mut bytes, u32::from(self.settings.ask_passphrase));
        put_number(&mut bytes, self.settings.idle_lock);
        for record in &self.records {
            put(&mut bytes, &record.body);
            put(&mut bytes, &record.mac);
        }
        bytes
    }

    /// Reads what was sealed.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes.get(..STATE_BYTES).unwrap_or(bytes));
        let words = Words::from_entropy(reader.bytes()?)?;
        let settings = Settings {
            network: if reader.number()? == Network::Main.coin_type() {
                Network::Main
            } else {
                Network::Test
            },
            fee_limit: Amount::from_sat(u64::from_le_bytes(reader.bytes()?.try_into().ok()?)),
            accept_unproven: reader.number()? == 1,
            ask_passphrase: reader.number()? == 1,
            idle_lock: reader.number()?,
        };
        let mut records = Vec::new();
        while !reader.is_empty() {
            let body = reader.bytes()?.to_vec();
            records.push(Record { body, mac: reader.bytes()?.try_into().ok()? });
        }
        Some(Self { words, settings, records })
    }
}
