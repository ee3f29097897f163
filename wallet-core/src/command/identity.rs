//! Owns the hash by which a repeated request to pay is known.
//!
//! Refuses to forget anything that makes another payment of it: two requests give the same bytes
//! only if they ask for the same.

use bitcoin::hashes::{Hash, HashEngine, sha256};
use bitcoin::{Amount, Weight};

use super::{CoinChoice, FeeChoice, InputTerms, Layout, PayAmount, PayRequest, Spends};
use crate::keychain::AccountName;

impl PayRequest {
    /// What makes two requests the same payment, whoever asks, by whatever way: all but the key, the
    /// hold and `dry_run`.
    #[must_use]
    pub fn identity(&self) -> [u8; 32] {
        let mut engine = sha256::Hash::engine();
        // Each list begins with its length and each option with whether it is there, so that no two
        // requests give the same bytes.
        let mut write = |bytes: &[u8]| {
            engine.input(&(bytes.len() as u64).to_le_bytes());
            engine.input(bytes);
        };
        write(&(self.recipients.len() as u64).to_le_bytes());
        for recipient in &self.recipients {
            write(recipient.address.script_pubkey().as_bytes());
            match recipient.amount {
                PayAmount::Exactly(amount) => write(&amount.to_sat().to_le_bytes()),
                PayAmount::LessFee(amount) => {
                    write(b"less fee");
                    write(&amount.to_sat().to_le_bytes());
                }
                PayAmount::Max => write(b"max"),
                PayAmount::Share => write(b"share"),
            }
            write(if recipient.note.is_some() { b"note" } else { b"" });
            write(recipient.note.as_deref().unwrap_or_default().as_bytes());
        }
        write(&(self.coins.len() as u64).to_le_bytes());
        for coin in &self.coins {
            write(coin.txid.as_byte_array());
            write(&coin.vout.to_le_bytes());
        }
        let (kind, fee) = match self.fee {
            FeeChoice::Default => (b"default", 0),
            FeeChoice::Rate(rate) => (b"by rate", rate.to_sat_per_kwu()),
            FeeChoice::Total(total) => (b"all sum", total.to_sat()),
            FeeChoice::Target(target) => (b"by time", u64::from(target)),
        };
        write(kind);
        write(&fee.to_le_bytes());
        write(if self.most_fee.is_some() { b"most" } else { b"" });
        write(&self.most_fee.map_or(0, Amount::to_sat).to_le_bytes());
        write(&(self.labels.len() as u64).to_le_bytes());
        self.labels.iter().for_each(|label| write(label.as_bytes()));
        write(self.account.as_ref().map_or("", AccountName::as_str).as_bytes());
        write(if self.note.is_some() { b"note" } else { b"" });
        write(self.note.as_deref().unwrap_or_default().as_bytes());
        identify_terms(&self.terms, &mut write);
        identify_choice(&self.choice, &mut write);
        identify_layout(&self.layout, &mut write);
        sha256::Hash::from_engine(engine).to_byte_array()
    }
}

fn identify_terms(terms: &[InputTerms], mut write: impl FnMut(&[u8])) {
    // What asks for none has the hash that it had before there were any.
    if !terms.is_empty() {
        write(&(terms.len() as u64).to_le_bytes());
    }
    for InputTerms { outpoint, sequence, spends } in terms {
        write(outpoint.txid.as_byte_array());
        write(&outpoint.vout.to_le_bytes());
        write(&[u8::from(sequence.is_some())]);
        write(&sequence.map_or(0, |sequence| sequence.0).to_le_bytes());
        let (kind, weight) = match spends {
            Spends::Own { weight: None } => (0, 0),
            Spends::Own { weight: Some(weight) } => (1, weight.to_wu()),
            Spends::Foreign { weight, has_witness: false, .. } => (2, weight.to_wu()),
            Spends::Foreign { weight, has_witness: true, .. } => (3, weight.to_wu()),
        };
        write(&[kind]);
        write(&weight.to_le_bytes());
    }
}

fn identify_choice(choice: &CoinChoice, mut write: impl FnMut(&[u8])) {
    let CoinChoice {
        beside,
        least_depth,
        most_depth,
        strangers,
        spent_from,
        whole_addresses,
        even_worthless,
    } = *choice;
    let flags = [beside, strangers, spent_from, whole_addresses, even_worthless];
    write(&flags.map(u8::from));
    write(&[u8::from(most_depth.is_some())]);
    write(&least_depth.to_le_bytes());
    write(&most_depth.unwrap_or_default().to_le_bytes());
}

fn identify_layout(layout: &Layout, mut write: impl FnMut(&[u8])) {
    write(&[layout.in_order, layout.is_final].map(u8::from));
    let number = |number: Option<u64>| {
        [u64::from(number.is_some()), number.unwrap_or_default()].map(u64::to_le_bytes).concat()
    };
    write(&number(layout.change_at.map(|at| at as u64)));
    write(&number(layout.lock_time.map(|time| time.to_consensus_u32().into())));
    write(&number(layout.most_weight.map(Weight::to_wu)));
    let change = layout.change_to.as_ref().map(bitcoin::Address::script_pubkey);
    write(change.unwrap_or_default().as_bytes());
    write(layout.change_account.as_ref().map_or("", AccountName::as_str).as_bytes());
    let (at, bytes) = layout.publishes.clone().unzip();
    write(&number(at.map(|at| at as u64)));
    write(&bytes.unwrap_or_default());
    if let Some(version) = layout.version {
        write(&version.0.to_le_bytes());
    }
}
