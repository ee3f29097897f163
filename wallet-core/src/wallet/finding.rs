//! Owns the search for a text in all that the wallet knows: labels, ids, addresses, amounts.
//!
//! Looks at everything once, without an index: a person asks this, not a program in a loop.
//! Refuses to guess: what is found holds the text, or is the amount.

use std::collections::HashSet;

use bitcoin::{Address, Amount, ScriptBuf, SignedAmount};

use crate::amount::parse_amount;
use crate::command::{CommandError, Finding, HistoryQuery, Matched, Reference, StoreProblem};
use crate::limits::LABEL_BYTES;
use crate::store::wallet::TransactionSums;

use super::Wallet;

impl Wallet {
    /// What holds a text, without regard to capitals: what has such a label first, then
    /// transactions and coins, the newest first, then addresses.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn search(&self, text: &str, limit: u32) -> Result<Vec<Finding>, CommandError> {
        let text = text.trim();
        if text.is_empty() || text.len() > LABEL_BYTES {
            return Ok(Vec::new());
        }
        let mut search = Search::new(text, limit);
        for label in self.file.labels(self.network())? {
            if label.label.as_deref().is_some_and(|label| search.is_in(label)) {
                search.add(label.reference, Matched::Label, None);
            }
        }
        let sums: Vec<TransactionSums> = self.part_of_history(&HistoryQuery::default())?;
        for sums in sums {
            let fee = sums.fee.and_then(|fee| fee.to_signed().ok()).unwrap_or_default();
            let is_amount = search.is_amount(sums.net) || search.is_amount(sums.net + fee);
            search.look(Reference::Transaction(sums.txid), is_amount, sums.net);
        }
        for (output, amount) in self.file.outputs()? {
            let amount = signed(amount);
            let is_amount = search.is_amount(amount);
            search.look(Reference::Output(output), is_amount, amount);
        }
        self.search_addresses(&mut search)?;
        let told = search.found.into_iter().map(|finding| self.told_finding(finding));
        Ok(told.collect::<Result<_, _>>()?)
    }

    fn search_addresses(&self, search: &mut Search) -> Result<(), StoreProblem> {
        for keychain in self.keychains.keys() {
            for entry in self.file.address_entries(*keychain, None)? {
                let is_amount = entry.amount.is_some_and(|amount| search.is_amount(signed(amount)));
                let address = Reference::Address(self.address_of(&entry.spk)?);
                search.look(address, is_amount, signed(entry.paid.received));
            }
        }
        for spk in self.file.paid_scripts()? {
            // What has no address, such as a note in the chain, is found by its transaction.
            if let Ok(address) = Address::from_script(&spk, self.network())
                && search.is_in(&address.to_string())
            {
                search.add(Reference::Address(address), Matched::Id, None);
            }
        }
        Ok(())
    }

    /// A finding with its label, and with what it is worth if that was not known yet.
    fn told_finding(&self, mut finding: Finding) -> Result<Finding, StoreProblem> {
        finding.label = self.label(&finding.reference)?;
        if finding.amount.is_none() {
            finding.amount = match &finding.reference {
                Reference::Transaction(txid) => {
                    self.file.transaction(*txid)?.map(|row| row.sums.net)
                }
                Reference::Output(at) => self.file.output_amount(*at)?.map(signed),
                Reference::Address(address) => self.paid_to(&address.script_pubkey())?,
                Reference::Input(_) | Reference::PublicKey(_) | Reference::Xpub(_) => None,
            };
        }
        Ok(finding)
    }

    fn paid_to(&self, spk: &ScriptBuf) -> Result<Option<SignedAmount>, StoreProblem> {
        let Some(place) = self.scripts.get(spk) else { return Ok(None) };
        self.file.received_at(*place).map(|amount| Some(signed(amount)))
    }
}

/// A search under way.
struct Search {
    needle: String,
    amount: Option<SignedAmount>,
    limit: usize,
    seen: HashSet<Reference>,
    found: Vec<Finding>,
}

impl Search {
    fn new(text: &str, limit: u32) -> Self {
        Self {
            needle: text.to_lowercase(),
            amount: amount(text),
            limit: limit.try_into().unwrap_or(usize::MAX),
            seen: HashSet::new(),
            found: Vec::new(),
        }
    }

    fn is_in(&self, text: &str) -> bool {
        text.to_lowercase().contains(&self.needle)
    }

    fn is_amount(&self, amount: SignedAmount) -> bool {
        self.amount.is_some_and(|wanted| wanted == amount.abs())
    }

    /// Adds what is of the amount, or whose name holds enough of the text.
    fn look(&mut self, reference: Reference, is_amount: bool, amount: SignedAmount) {
        if is_amount {
            self.add(reference, Matched::Amount, Some(amount));
        } else if self.needle.len() >= LEAST_OF_A_NAME && self.is_in(&reference.to_string()) {
            self.add(reference, Matched::Id, Some(amount));
        }
    }

    fn add(&mut self, reference: Reference, matched: Matched, amount: Option<SignedAmount>) {
        if self.found.len() < self.limit && self.seen.insert(reference.clone()) {
            self.found.push(Finding { reference, matched, label: None, amount });
        }
    }
}

/// The amount that is looked for: as it is written elsewhere, as it is shown, or, where nothing is paid
/// by it, a decimal number of bitcoin without a unit.
fn amount(text: &str) -> Option<SignedAmount> {
    let text = text.trim_start_matches(['+', '-']).trim_start();
    let bitcoin = || parse_amount(&format!("{text} BTC")).ok().filter(|_| text.contains('.'));
    parse_amount(text).ok().or_else(bitcoin)?.to_signed().ok()
}

/// Sums of valid outputs are far below 2⁶³.
fn signed(amount: Amount) -> SignedAmount {
    amount.to_signed().unwrap_or(SignedAmount::MAX)
}

/// Fewer characters are in too many ids and addresses.
const LEAST_OF_A_NAME: usize = 4;
