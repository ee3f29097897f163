//! Owns the reads of coins with all that is said of each: page by page by age or by value, at scripts,
//! by their ids, or the frozen ones.
//!
//! Refuses to pass coins that are not asked for: each of these begins from its place in an index.

use bitcoin::hashes::Hash as _;
use bitcoin::{Amount, OutPoint, ScriptBuf, Txid};
use rusqlite::{OptionalExtension, Params, Row, params};

use crate::command::{CoinPlace, StoreProblem};
use crate::keychain::{DerivationIndex, KeychainId};
use crate::light_client::height::Height;
use crate::light_client::time::WallTime;

use super::column::Column;
use super::{ScriptPlace, WalletFile};

/// An unspent output.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent marks, one column each")]
pub struct CoinRow {
    /// Which output.
    pub outpoint: OutPoint,
    /// How much.
    pub amount: Amount,
    /// Its script.
    pub spk: ScriptBuf,
    /// Where its script comes from.
    pub place: ScriptPlace,
    /// Its block, if it has one.
    pub height: Option<Height>,
    /// Whether it comes from a coinbase.
    pub coinbase: bool,
    /// Whether its transaction was signed by this wallet.
    pub signed_here: bool,
    /// Whether the user froze it.
    pub frozen: bool,
    /// Whether a draft holds it.
    pub reserved: bool,
    /// The label of its address.
    pub address_note: Option<String>,
    /// Its label, or that of its address, or that of the transaction that paid it from outside.
    pub note: Option<String>,
    /// Whether another transaction pays the same address.
    pub reused: bool,
    /// Whether something was spent from its script once.
    pub spent_from: bool,
}

/// An output of the wallet, spent or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnOutput {
    /// What it is as a coin.
    pub coin: CoinRow,
    /// Whether its transaction counts.
    pub live: bool,
    /// What spends it, of those that count.
    pub spender: Option<Txid>,
}

#[expect(clippy::missing_errors_doc, reason = "each fails with what the disk refused, only")]
impl WalletFile {
    /// Unspent outputs from a place on, with the reservations that hold at `now`; at most so many.
    pub fn coins(
        &self,
        from: CoinPlace,
        limit: Option<u32>,
        now: WallTime,
    ) -> Result<Vec<CoinRow>, StoreProblem> {
        let (first, second) = parts(from);
        let mut coins = self.coin_part(&first, limit, now)?;
        let found = u32::try_from(coins.len()).unwrap_or(u32::MAX);
        let left = limit.map(|limit| limit.saturating_sub(found));
        if let Some(second) = second.filter(|_| left != Some(0)) {
            coins.extend(self.coin_part(&second, left, now)?);
        }
        Ok(coins)
    }

    /// Those at scripts of the wallet, in the order of the scripts.
    pub fn coins_at(
        &self,
        scripts: &[ScriptBuf],
        now: WallTime,
    ) -> Result<Vec<CoinRow>, StoreProblem> {
        let mut coins = Vec::new();
        for script in scripts {
            let Some(place) = self.script_place(script)? else { continue };
            let values = params![Column(now), Column(place.keychain), Column(place.index)];
            coins.extend(self.coin_rows("outputs_by_script", AT_SCRIPT, values)?);
        }
        Ok(coins)
    }

    /// Those of these outputs that are unspent outputs of the wallet.
    pub fn these_coins(
        &self,
        outpoints: &[OutPoint],
        now: WallTime,
    ) -> Result<Vec<CoinRow>, StoreProblem> {
        let mut coins = Vec::new();
        for outpoint in outpoints {
            let found = self.own_output(*outpoint, now)?;
            coins.extend(found.filter(|own| own.live && own.spender.is_none()).map(|own| own.coin));
        }
        Ok(coins)
    }

    /// Those that the user froze.
    pub fn frozen_coins(&self, now: WallTime) -> Result<Vec<CoinRow>, StoreProblem> {
        self.coin_rows("frozen_coins", FROZEN, [Column(now)])
    }

    /// One output of the wallet, reserved if a draft holds it at `now`.
    pub fn own_output(
        &self,
        outpoint: OutPoint,
        now: WallTime,
    ) -> Result<Option<OwnOutput>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(&format!(
                "SELECT {COIN}, o.live, o.spender FROM outputs o {AROUND}
                 WHERE o.txid = ?2 AND o.vout = ?3"
            ))?
            .query_row(params![Column(now), Column(outpoint.txid), outpoint.vout], |row| {
                let spender: Option<Column<Txid>> = row.get(17)?;
                Ok(OwnOutput {
                    coin: coin_row(row)?,
                    live: row.get(16)?,
                    spender: spender.map(|spender| spender.0),
                })
            })
            .optional()
        })
    }

    fn coin_part(
        &self,
        part: &Part,
        limit: Option<u32>,
        now: WallTime,
    ) -> Result<Vec<CoinRow>, StoreProblem> {
        // No id is below zeros, and no place below -1.
        let txid = part.after.map_or(Txid::all_zeros(), |after| after.txid);
        let vout = part.after.map_or(-1, |after| i64::from(after.vout));
        let limit = limit.map_or(-1, i64::from);
        let values = params![Column(now), part.number, Column(txid), vout, limit];
        self.coin_rows(part.index, part.condition, values)
    }

    fn coin_rows(
        &self,
        index: &str,
        condition: &str,
        values: impl Params,
    ) -> Result<Vec<CoinRow>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(&format!(
                "SELECT {COIN} FROM outputs o INDEXED BY {index} {AROUND}
                 WHERE o.live = 1 AND o.spender IS NULL AND {condition}"
            ))?
            .query_map(values, coin_row)?
            .collect()
        })
    }
}

/// A run of coins in the order of an index: those of a number after an outpoint.
struct Part {
    index: &'static str,
    condition: &'static str,
    number: i64,
    after: Option<OutPoint>,
}

/// What comes from a place on: one run, and perhaps another one.
fn parts(from: CoinPlace) -> (Part, Option<Part>) {
    let placed =
        |number, after| Part { index: "unspent_by_height", condition: IN_BLOCKS, number, after };
    let pending =
        |after| Part { index: "unspent_by_height", condition: IN_NO_BLOCK, number: 0, after };
    let equal = |number, after| Part {
        index: "unspent_by_value",
        condition: EQUAL,
        number,
        after: Some(after),
    };
    let smaller =
        |number| Part { index: "unspent_by_value", condition: SMALLER, number, after: None };
    match from {
        CoinPlace::Oldest => (placed(-1, None), Some(pending(None))),
        CoinPlace::YoungerThan(Some(height), coin) => {
            (placed(height.to_u32().into(), Some(coin)), Some(pending(None)))
        }
        CoinPlace::YoungerThan(None, coin) => (pending(Some(coin)), None),
        CoinPlace::Largest => (smaller(i64::MAX), None),
        CoinPlace::SmallerThan(amount, coin) => {
            let amount = i64::try_from(amount.to_sat()).unwrap_or(i64::MAX);
            (equal(amount, coin), Some(smaller(amount)))
        }
    }
}

const IN_BLOCKS: &str = "(o.height, o.txid, o.vout) > (?2, ?3, ?4)
    ORDER BY o.height, o.txid, o.vout LIMIT ?5";

const IN_NO_BLOCK: &str = "o.height IS NULL AND (o.txid, o.vout) > (?3, ?4)
    ORDER BY o.txid, o.vout LIMIT ?5";

const EQUAL: &str = "o.amount = ?2 AND (o.txid, o.vout) > (?3, ?4)
    ORDER BY o.txid, o.vout LIMIT ?5";

const SMALLER: &str = "o.amount < ?2 ORDER BY o.amount DESC, o.txid, o.vout LIMIT ?5";

const AT_SCRIPT: &str =
    "o.keychain = ?2 AND o.derivation = ?3 ORDER BY o.height NULLS LAST, o.txid, o.vout";

const FROZEN: &str = "o.frozen = 1 ORDER BY o.txid, o.vout";

/// What is said of an output of the wallet; it is reserved if a draft holds it at `?1`.
const COIN: &str = "o.txid, o.vout, o.amount, s.spk, o.keychain, o.derivation, o.height,
       o.coinbase, t.signed_here, o.frozen,
       EXISTS (SELECT 1 FROM reservations r JOIN drafts d ON d.id = r.draft
               WHERE r.txid = o.txid AND r.vout = o.vout AND ifnull(d.expires > ?1, 1)),
       (SELECT label FROM labels l WHERE l.kind = 'addr' AND l.subject = s.spk AND l.place = -1),
       (SELECT label FROM labels l WHERE l.kind = 'output'
          AND l.subject = o.txid AND l.place = o.vout),
       (SELECT label FROM labels l WHERE l.kind = 'tx' AND o.keychain % 2 = 0
          AND l.subject = o.txid AND l.place = -1 AND t.signed_here = 0),
       EXISTS (SELECT 1 FROM outputs other
               WHERE other.keychain = o.keychain AND other.derivation = o.derivation
                 AND other.txid <> o.txid AND other.live = 1), o.spent_from";

/// Joined from the outputs on, so that these come in the order of their index.
const AROUND: &str = "CROSS JOIN transactions t ON t.txid = o.txid
    CROSS JOIN scripts s ON s.keychain = o.keychain AND s.derivation = o.derivation";

fn coin_row(row: &Row<'_>) -> rusqlite::Result<CoinRow> {
    let height: Option<Column<Height>> = row.get(6)?;
    let address_note: Option<String> = row.get(11)?;
    let (own_note, payment_note): (Option<String>, Option<String>) = (row.get(12)?, row.get(13)?);
    Ok(CoinRow {
        outpoint: OutPoint::new(row.get::<_, Column<Txid>>(0)?.0, row.get(1)?),
        amount: row.get::<_, Column<Amount>>(2)?.0,
        spk: row.get::<_, Column<ScriptBuf>>(3)?.0,
        place: ScriptPlace {
            keychain: row.get::<_, Column<KeychainId>>(4)?.0,
            index: row.get::<_, Column<DerivationIndex>>(5)?.0,
        },
        height: height.map(|height| height.0),
        coinbase: row.get(7)?,
        signed_here: row.get(8)?,
        frozen: row.get(9)?,
        reserved: row.get(10)?,
        note: own_note.or_else(|| address_note.clone()).or(payment_note),
        address_note,
        reused: row.get(14)?,
        spent_from: row.get(15)?,
    })
}
