//! Owns how a recipient is written: an address or a BIP321 URI (which takes in BIP21).
//!
//! Refuses addresses of other networks and URIs that require what is not understood here.

use bitcoin::{Address, Amount, Network};

/// Whom to pay, as a person or a web page wrote it down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payee {
    /// The address, checked to be of the wallet's network.
    pub address: Address,
    /// How much they ask for.
    pub amount: Option<Amount>,
    /// Who they are.
    pub label: Option<String>,
    /// What it is for.
    pub message: Option<String>,
}

impl Payee {
    /// Reads an address or a `bitcoin:` URI.
    ///
    /// # Errors
    /// See [`ParsePayeeError`].
    pub fn parse(_text: &str, _network: Network) -> Result<Self, ParsePayeeError> {
        todo!()
    }

    /// The BIP321 URI; [`Payee::parse`] reads it back.
    #[must_use]
    pub fn uri(&self) -> String {
        todo!()
    }
}

/// The address in groups of four characters, for comparing by eye.
#[must_use]
pub fn grouped(_address: &Address) -> String {
    todo!()
}

/// Why a text names no one that can be paid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParsePayeeError {
    /// Neither an address nor a URI.
    #[error("not a bitcoin address or bitcoin: URI: check that it was copied whole")]
    NotAnAddress,
    /// The address is good, but of another network.
    #[error("this is an address of {found}, and this wallet is on {wanted}")]
    WrongNetwork {
        /// The networks it can be of.
        found: &'static str,
        /// The wallet's network.
        wanted: Network,
    },
}
