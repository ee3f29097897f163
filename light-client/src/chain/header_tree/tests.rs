//! Forks, reorgs, bounds and restarts of the header tree.
