//! Owns whether the next block may hold a transaction: its lock time (against the median time past,
//! BIP113), and the ages that it asks of what it spends (BIP68).
//!
//! Refuses to know where what a transaction spends is: it asks, where the age of that counts.

use bitcoin::absolute::LockTime;
use bitcoin::{Transaction, Txid, relative};

use crate::light_client::height::Height;
use crate::light_client::time::WallTime;

/// What keeps a transaction out of the next block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// Its lock time is not reached.
    Time,
    /// Something that it spends is not old enough for it.
    Age,
}

/// Where the best chain ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainEnd {
    /// The tip's height.
    pub height: Height,
    /// The median time past of the tip, in UTC.
    pub median_time: WallTime,
}

/// Where an output is that a transaction spends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a block of this height. Its time is the header's; BIP68 counts from the median before it,
    /// which is earlier, so an age in time is taken for reached up to two hours late.
    Block {
        /// The height.
        height: Height,
        /// The time in the header.
        time: WallTime,
    },
    /// In no block.
    Unplaced,
    /// Nobody here knows: then any age is taken for reached.
    Unknown,
}

/// What keeps a transaction out of the block above `end`. Where the transactions are that it spends
/// from, `place` tells: it is asked of those whose age counts, and of nothing if the lock time is ahead.
///
/// # Errors
/// Those of `place`.
pub fn lock<E>(
    transaction: &Transaction,
    end: ChainEnd,
    mut place: impl FnMut(Txid) -> Result<Place, E>,
) -> Result<Option<Lock>, E> {
    let locks = transaction.input.iter().any(bitcoin::TxIn::enables_lock_time);
    if locks && !is_reached(transaction.lock_time, end) {
        return Ok(Some(Lock::Time));
    }
    // Transactions of version 1 ask for no ages.
    let asks = !matches!(transaction.version.0, 0 | 1);
    for input in transaction.input.iter().filter(|_| asks) {
        let Some(age) = input.sequence.to_relative_lock_time() else { continue };
        if !is_aged(age, place(input.previous_output.txid)?, end) {
            return Ok(Some(Lock::Age));
        }
    }
    Ok(None)
}

fn is_reached(lock_time: LockTime, end: ChainEnd) -> bool {
    match lock_time {
        LockTime::Blocks(height) => height.to_consensus_u32() <= end.height.to_u32(),
        LockTime::Seconds(time) => u64::from(time.to_consensus_u32()) < end.median_time.to_unix(),
    }
}

fn is_aged(age: relative::LockTime, place: Place, end: ChainEnd) -> bool {
    match (place, age) {
        (Place::Unknown, _) => true,
        // It would be in the same block at the earliest.
        (Place::Unplaced, age) => age.to_consensus_u32() & AGE == 0,
        (Place::Block { height, .. }, relative::LockTime::Blocks(age)) => {
            end.height.next().to_u32() >= height.to_u32().saturating_add(age.value().into())
        }
        (Place::Block { time, .. }, relative::LockTime::Time(age)) => {
            let age = u64::from(age.value()) * SECONDS;
            end.median_time.to_unix() >= time.to_unix().saturating_add(age)
        }
    }
}

/// The bits of a sequence number that hold the age (BIP68).
const AGE: u32 = 0xffff;

/// The unit of ages in time (BIP68).
const SECONDS: u64 = 512;

#[cfg(test)]
mod tests {
    use bitcoin::transaction::Version;
    use std::convert::Infallible;

    use bitcoin::{OutPoint, ScriptBuf, Sequence, TxIn, Witness};

    use super::*;

    const END: ChainEnd =
        ChainEnd { height: Height::new(500), median_time: WallTime::new(1_700_000_000) };

    fn spending(sequence: u32, lock_time: u32) -> Transaction {
        let input = TxIn {
            previous_output: OutPoint::null(),
            script_sig: ScriptBuf::new(),
            sequence: Sequence(sequence),
            witness: Witness::new(),
        };
        Transaction {
            version: Version::TWO,
            lock_time: LockTime::from_consensus(lock_time),
            input: vec![input],
            output: Vec::new(),
        }
    }

    fn locked_at(transaction: &Transaction, place: Place) -> Option<Lock> {
        let Ok(lock) = lock(transaction, END, |_| Ok::<_, Infallible>(place));
        lock
    }

    #[test]
    fn a_lock_time_is_reached_at_the_tip_and_after_the_median_time() {
        let locked =
            |sequence, lock_time| locked_at(&spending(sequence, lock_time), Place::Unknown);
        for passed in [0, 500, 1_699_999_999] {
            assert_eq!(locked(0xffff_fffd, passed), None, "{passed}");
        }
        for ahead in [501, 1_700_000_000] {
            assert_eq!(locked(0xffff_fffd, ahead), Some(Lock::Time), "{ahead}");
            assert_eq!(locked(0xffff_ffff, ahead), None, "it counts for no input: {ahead}");
        }
    }

    #[test]
    fn an_age_is_counted_from_the_block_of_what_is_spent() {
        let at = |height| Place::Block {
            height: Height::new(height),
            time: WallTime::new(1_700_000_000 - 512 * 10),
        };
        let locked = |sequence, place| locked_at(&spending(sequence, 0), place);
        assert_eq!(locked(10, at(491)), None);
        assert_eq!(locked(10, at(492)), Some(Lock::Age));
        let in_time = |age: u32| 1 << 22 | age;
        assert_eq!(locked(in_time(10), at(1)), None);
        assert_eq!(locked(in_time(11), at(1)), Some(Lock::Age));
        assert_eq!(locked(1, Place::Unplaced), Some(Lock::Age));
        assert_eq!(locked(0, Place::Unplaced), None);
        assert_eq!(locked(10, Place::Unknown), None);
        assert_eq!(locked(0x8000_000a, Place::Unplaced), None, "it asks for no age");
        let old = Transaction { version: Version::ONE, ..spending(10, 0) };
        assert_eq!(locked_at(&old, at(499)), None);
    }

    /// A stranger's transaction of thousands of inputs would cost as many readings with every block.
    #[test]
    fn only_ages_ask_where_something_is() {
        let asks = |transaction: &Transaction| {
            let mut asked = 0;
            let place = |_| {
                Ok::<_, Infallible>({
                    asked += 1;
                    Place::Unknown
                })
            };
            let Ok(_) = lock(transaction, END, place);
            asked
        };
        assert_eq!(asks(&spending(0xffff_fffd, 0)), 0, "it asks for no age");
        assert_eq!(asks(&Transaction { version: Version::ONE, ..spending(10, 0) }), 0);
        assert_eq!(asks(&spending(10, 501)), 0, "its lock time is ahead");
        assert_eq!(asks(&spending(10, 0)), 1);
    }
}
