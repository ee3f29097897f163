//! Owns how people write amounts and fee rates. (being built)
