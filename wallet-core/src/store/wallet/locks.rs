//! Owns what the locks of transactions are looked at by, and which of these wait.
//!
//! Refuses to judge a lock.

use bitcoin::Txid;
use rusqlite::{OptionalExtension, params};

use crate::command::StoreProblem;
use crate::finality::Place;
use crate::light_client::height::Height;
use crate::light_client::time::WallTime;

use super::WalletFile;
use super::column::Column;

#[expect(clippy::missing_errors_doc, reason = "each fails with what the disk refused, only")]
impl WalletFile {
    /// The transactions outside of blocks that count.
    pub fn unplaced(&self) -> Result<Vec<Txid>, StoreProblem> {
        self.read(|sql| {
            sql.prepare_cached(
                "SELECT txid FROM transactions INDEXED BY transactions_by_place
                 WHERE height IS NULL AND canonical = 1",
            )?
            .query_map([], |row| row.get::<_, Column<Txid>>(0).map(|txid| txid.0))?
            .collect()
        })
    }

    /// Where a transaction is.
    pub fn place_of(&self, txid: Txid) -> Result<Place, StoreProblem> {
        let place = self.read(|sql| {
            sql.prepare_cached("SELECT height, block_time FROM transactions WHERE txid = ?1")?
                .query_row([Column(txid)], |row| {
                    let height = row.get::<_, Option<Column<Height>>>(0)?;
                    let time = row.get::<_, Option<Column<WallTime>>>(1)?;
                    let block = height.zip(time);
                    Ok(block.map_or(Place::Unplaced, |(height, time)| Place::Block {
                        height: height.0,
                        time: time.0,
                    }))
                })
                .optional()
        })?;
        Ok(place.unwrap_or(Place::Unknown))
    }

    /// The next block can't hold it, or can again.
    pub fn set_waits(&mut self, txid: Txid, waits: bool) -> Result<(), StoreProblem> {
        self.write(|sql| {
            sql.prepare_cached("UPDATE transactions SET waits = ?2 WHERE txid = ?1")?
                .execute(params![Column(txid), waits])
                .map(drop)
        })
    }
}
