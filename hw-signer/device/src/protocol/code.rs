//! Owns the numbers of errors that hosts know.

/// What kind of error a reply tells, as JSON-RPC and Jade number them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// Not a request.
    InvalidRequest,
    /// No such method.
    UnknownMethod,
    /// Parameters that are missing, of a wrong type, or refused for what they say.
    BadParameters,
    /// The device failed.
    Internal,
    /// The person refused, or left.
    UserCancelled,
    /// Not the request that must come now.
    Protocol,
    /// The person must unlock the device, or set it up.
    Locked,
    /// The keys are for another network.
    NetworkMismatch,
}

impl ErrorCode {
    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Self::InvalidRequest => -32600,
            Self::UnknownMethod => -32601,
            Self::BadParameters => -32602,
            Self::Internal => -32603,
            Self::UserCancelled => -32000,
            Self::Protocol => -32001,
            Self::Locked => -32002,
            Self::NetworkMismatch => -32003,
        }
    }
}
