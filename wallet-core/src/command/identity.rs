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
    write(&[beside, strangers, even_worthless, most_depth.is_some()].map(u8::from));
    write(&least_depth.to_le_bytes());
    write(&most_depth.unwrap_or_default().to_le_bytes());
    // What asks for none has the hash that it had before there were any.
    if spent_from || whole_addresses {
        write(&[spent_from, whole_addresses].map(u8::from));
    }
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

#[cfg(test)]
mod tests {
    use bitcoin::hex::DisplayHex;
    use bitcoin::{Address, FeeRate, Network, ScriptBuf};

    use super::*;
    use crate::command::Recipient;

    fn request() -> PayRequest {
        let spk = ScriptBuf::from_hex("0014751e76e8199196d454941c45d1b3a323f1433bd6").unwrap();
        let address = Address::from_script(&spk, Network::Regtest).unwrap();
        let amount = PayAmount::Exactly(Amount::from_sat(10_000));
        PayRequest {
            recipients: vec![Recipient { address, amount, note: None }],
            fee: FeeChoice::Rate(FeeRate::from_sat_per_vb_u32(5)),
            ..PayRequest::default()
        }
    }

    /// A wallet or a backup of an earlier version holds such hashes: with another one, a repeated
    /// call would be refused in the place of its payment.
    #[test]
    fn a_request_has_the_hash_that_it_always_had() {
        let hash = "95a6ee1e3c713b0d7b4249e3623c61779ed9fb3c1a8c30828d25606825170f5e";
        assert_eq!(request().identity().to_lower_hex_string(), hash);
    }

    #[test]
    fn each_choice_of_coins_is_another_payment() {
        let choices: [fn(&mut CoinChoice); 8] = [
            |_| (),
            |choice| choice.beside = true,
            |choice| choice.strangers = true,
            |choice| choice.even_worthless = true,
            |choice| choice.least_depth = 1,
            |choice| choice.most_depth = Some(1),
            |choice| choice.spent_from = true,
            |choice| choice.whole_addresses = true,
        ];
        let identity = |choose: fn(&mut CoinChoice)| {
            let mut request = request();
            choose(&mut request.choice);
            request.identity()
        };
        let known: std::collections::BTreeSet<_> = choices.into_iter().map(identity).collect();
        assert_eq!(known.len(), choices.len());
    }
}
