//! Versions, who stands behind them, and what of them is unread.
