//! Owns BIP39 words and the master key. (being built)
