//! The named errors that a host function answers with.

use serde::{Deserialize, Serialize};

/// Why a host function did nothing; the guest sees the negative number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// −1: the scope is declared and not granted, or the server's rules forbid it.
    Denied,
    /// −2: a pointer outside the memory, text that is not UTF-8, JSON of another shape.
    BadArgument,
    /// −3: there is no such field, member, role, channel or key.
    NotFound,
    /// −4: a cap of this run is used up.
    Limit,
    /// −5: nobody can answer here (while initialising, no channel, no recorded answer).
    Unavailable,
    /// −6: too many in too short a time.
    RateLimited,
}

impl ErrorCode {
    /// Every code, from −1 downwards.
    pub const ALL: &[ErrorCode] = &[
        ErrorCode::Denied,
        ErrorCode::BadArgument,
        ErrorCode::NotFound,
        ErrorCode::Limit,
        ErrorCode::Unavailable,
        ErrorCode::RateLimited,
    ];

    /// What the guest gets.
    pub const fn number(self) -> i32 {
        match self {
            ErrorCode::Denied => -1,
            ErrorCode::BadArgument => -2,
            ErrorCode::NotFound => -3,
            ErrorCode::Limit => -4,
            ErrorCode::Unavailable => -5,
            ErrorCode::RateLimited => -6,
        }
    }

    /// The name in reports and references.
    pub const fn name(self) -> &'static str {
        match self {
            ErrorCode::Denied => "denied",
            ErrorCode::BadArgument => "bad_argument",
            ErrorCode::NotFound => "not_found",
            ErrorCode::Limit => "limit",
            ErrorCode::Unavailable => "unavailable",
            ErrorCode::RateLimited => "rate_limited",
        }
    }
}
