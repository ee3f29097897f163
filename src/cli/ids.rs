//! Owns how transactions and coins are named on the command line: by the ids that `history` and
//! `coins` list.
//!
//! Refuses the beginnings of ids: another transaction may have the same.

use bitcoin::{OutPoint, Txid};

/// A transaction's id.
///
/// # Errors
/// [`ParseIdError::Transaction`].
pub(crate) fn parse_txid(text: &str) -> Result<Txid, ParseIdError> {
    text.parse().map_err(|_| ParseIdError::Transaction)
}

/// A coin: the transaction that made it, and which of its outputs it is.
///
/// # Errors
/// [`ParseIdError::Coin`].
pub(crate) fn parse_coin(text: &str) -> Result<OutPoint, ParseIdError> {
    text.parse().map_err(|_| ParseIdError::Coin)
}

/// The text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParseIdError {
    /// Of a transaction.
    #[error("not a transaction's id: give all its 64 hex digits; billfold history lists them")]
    Transaction,
    /// Of a coin.
    #[error(
        "not a coin: give the 64 hex digits of its transaction, a colon and the number of the \
         output; billfold coins lists them"
    )]
    Coin,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_whole_or_refused() {
        let txid = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b";
        assert!(parse_txid(txid).is_ok());
        assert!(parse_coin(&format!("{txid}:0")).is_ok());
        for text in ["", "4a5e1e4b", &txid[1..], &format!("{txid}:0"), "xyz"] {
            assert_eq!(parse_txid(text), Err(ParseIdError::Transaction), "{text}");
        }
        for text in ["", txid, &format!("{txid}:"), &format!("{txid}:-1"), "xyz:0"] {
            assert_eq!(parse_coin(text), Err(ParseIdError::Coin), "{text}");
        }
    }
}
