//! Owns the table of labels: what is said of things, whether the wallet knows them or not.
//!
//! Refuses to decide which of two labels stays.

use bitcoin::hashes::Hash;
use bitcoin::{Address, Network, OutPoint, ScriptBuf, Txid};
use rusqlite::types::{Type, Value};
use rusqlite::{OptionalExtension, Row, params};

use crate::command::{Label, Reference, StoreProblem};

use super::WalletFile;
use super::column::Column;

#[expect(clippy::missing_errors_doc, reason = "each fails with what the disk refused, only")]
impl WalletFile {
    /// What is said of a thing.
    pub fn label(&self, reference: &Reference) -> Result<Option<Label>, StoreProblem> {
        let Key { kind, subject, place } = key(reference);
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT label, spendable, more FROM labels
                 WHERE kind = ?1 AND subject = ?2 AND place = ?3",
            )?
            .query_row(params![kind, subject, place], |row| {
                Ok(Label {
                    reference: reference.clone(),
                    label: row.get(0)?,
                    spendable: row.get(1)?,
                    more: row.get(2)?,
                })
            })
            .optional()
        })
    }

    /// All that is said, in the order in which it was said first.
    pub fn labels(&self, network: Network) -> Result<Vec<Label>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT kind, subject, place, label, spendable, more FROM labels ORDER BY id",
            )?
            .query_map([], |row| told(row, network))?
            .collect()
        })
    }

    /// What is said of the addresses with this label.
    pub fn labelled_addresses(
        &self,
        label: &str,
        network: Network,
    ) -> Result<Vec<Label>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT kind, subject, place, label, spendable, more
                 FROM labels INDEXED BY labels_by_text WHERE label = ?1 AND kind = 'addr'",
            )?
            .query_map([label], |row| told(row, network))?
            .collect()
        })
    }

    /// Writes what is said of a thing; nothing at all is not kept.
    pub fn set_label(&mut self, label: &Label) -> Result<(), StoreProblem> {
        let Key { kind, subject, place } = key(&label.reference);
        let Label { label, spendable, more, .. } = label;
        self.write(|sql| {
            if label.is_none() && spendable.is_none() && more.is_none() {
                return sql
                    .prepare_cached(
                        "DELETE FROM labels WHERE kind = ?1 AND subject = ?2 AND place = ?3",
                    )?
                    .execute(params![kind, subject, place])
                    .map(drop);
            }
            sql.prepare_cached(
                "INSERT INTO labels (kind, subject, place, label, spendable, more)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT DO UPDATE SET label = ?4, spendable = ?5, more = ?6",
            )?
            .execute(params![kind, subject, place, label, spendable, more])
            .map(drop)
        })
    }

    /// Freezes an output, or gives it free, whether the wallet has seen it or not.
    pub fn set_frozen(&mut self, output: OutPoint, frozen: bool) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.prepare_cached(
                "INSERT INTO labels (kind, subject, place, spendable) VALUES ('output', ?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET spendable = ?3",
            )?
            .execute(params![Column(output.txid), output.vout, !frozen])
            .map(drop)
        })?;
        self.mark_frozen(output, frozen)
    }

    /// Freezes an output that pays the wallet, or gives it free, without anybody having said so.
    pub fn mark_frozen(&mut self, output: OutPoint, frozen: bool) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.prepare_cached("UPDATE outputs SET frozen = ?3 WHERE txid = ?1 AND vout = ?2")?
                .execute(params![Column(output.txid), output.vout, frozen])
                .map(drop)
        })
    }

    /// The unspent outputs that are frozen without anybody having said so.
    pub fn frozen_unsaid(&self) -> Result<Vec<OutPoint>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT o.txid, o.vout FROM outputs o
                 WHERE o.live = 1 AND o.spender IS NULL AND o.frozen = 1 AND NOT EXISTS
                       (SELECT 1 FROM labels l WHERE l.kind = 'output' AND l.subject = o.txid
                          AND l.place = o.vout AND l.spendable = 0)
                 ORDER BY o.txid, o.vout",
            )?
            .query_map([], |row| Ok(OutPoint::new(row.get::<_, Column<Txid>>(0)?.0, row.get(1)?)))?
            .collect()
        })
    }
}

/// How a reference is found in the table.
struct Key {
    kind: &'static str,
    subject: Vec<u8>,
    place: i64,
}

fn key(reference: &Reference) -> Key {
    let (subject, place) = match reference {
        Reference::Transaction(txid) => (txid.to_byte_array().to_vec(), None),
        Reference::Address(address) => (address.script_pubkey().into_bytes(), None),
        Reference::PublicKey(key) => (key.clone(), None),
        Reference::Xpub(text) => (text.clone().into_bytes(), None),
        Reference::Input(at) | Reference::Output(at) => {
            (at.txid.to_byte_array().to_vec(), Some(at.vout))
        }
    };
    Key { kind: reference.kind(), subject, place: place.map_or(NO_PLACE, i64::from) }
}

fn told(row: &Row<'_>, network: Network) -> rusqlite::Result<Label> {
    Ok(Label {
        reference: reference(row, network)?,
        label: row.get(3)?,
        spendable: row.get(4)?,
        more: row.get(5)?,
    })
}

fn reference(row: &Row<'_>, network: Network) -> rusqlite::Result<Reference> {
    let kind: String = row.get(0)?;
    let place = || -> rusqlite::Result<OutPoint> {
        Ok(OutPoint::new(row.get::<_, Column<Txid>>(1)?.0, row.get(2)?))
    };
    let bad = || {
        let what = Value::Text(kind.clone());
        rusqlite::Error::InvalidColumnType(1, format!("a label of {what:?}"), Type::Blob)
    };
    Ok(match kind.as_str() {
        "tx" => Reference::Transaction(row.get::<_, Column<Txid>>(1)?.0),
        "addr" => {
            let spk = row.get::<_, Column<ScriptBuf>>(1)?.0;
            Reference::Address(Address::from_script(&spk, network).map_err(|_| bad())?)
        }
        "pubkey" => Reference::PublicKey(row.get(1)?),
        "xpub" => Reference::Xpub(String::from_utf8(row.get(1)?).map_err(|_| bad())?),
        "input" => Reference::Input(place()?),
        "output" => Reference::Output(place()?),
        _ => return Err(bad()),
    })
}

/// The `place` of what is no input or output.
const NO_PLACE: i64 = -1;
