//! Owns paths and settings of one network's data directory. (being built)
