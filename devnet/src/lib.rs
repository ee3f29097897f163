//! A play-money regtest network in one process. (being built)
