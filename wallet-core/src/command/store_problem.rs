//! Owns `StoreProblem`: why a file of the store could not be read or written.

use crate::failure::Kind;

/// What the disk refused, in a form that faces can tell people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreProblem {
    /// No room.
    #[error("the disk is full: free some room; nothing was lost")]
    Full,
    /// No right to write.
    #[error("{path} can't be written: check its rights and that the disk is not read-only")]
    ReadOnly {
        /// Which file.
        path: String,
    },
    /// A file is damaged.
    #[error("{path} is damaged: {what}")]
    Damaged {
        /// Which file.
        path: String,
        /// What is wrong and what to do.
        what: String,
    },
    /// A file was written by a newer version.
    #[error("{path} was written by a newer version of billfold: use that version")]
    Newer {
        /// Which file.
        path: String,
    },
    /// Anything else that the system said.
    #[error("{path}: {what}")]
    Io {
        /// Which file.
        path: String,
        /// What the system said.
        what: String,
    },
}

impl StoreProblem {
    /// Which of the failures that have a stable name and code.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Full => Kind::DiskFull,
            Self::ReadOnly { .. } => Kind::ReadOnly,
            Self::Damaged { .. } => Kind::StoreDamaged,
            Self::Newer { .. } => Kind::StoreNewer,
            Self::Io { .. } => Kind::Io,
        }
    }

    /// The stable name, as in `docs/errors.md`, JSON and JSON-RPC.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.kind().name()
    }
}
