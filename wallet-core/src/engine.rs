//! Owns the step: light client, wallets, one commit, release. (being built)
