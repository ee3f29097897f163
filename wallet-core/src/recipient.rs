//! Owns how a recipient is written: address or BIP321 URI. (being built)
