//! The few places where databases speak differently; everything else is one SQL text for all of them.

use std::borrow::Cow;

/// Which database a transaction talks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The embedded one; its single writer makes row locks needless.
    Sqlite,
}

impl Dialect {
    /// What ends a SELECT whose rows a decision in the same transaction rests on.
    pub const fn row_lock(self) -> &'static str {
        match self {
            Dialect::Sqlite => "",
        }
    }

    /// What ends a SELECT that passes over rows another transaction has locked.
    pub const fn row_lock_or_skip(self) -> &'static str {
        match self {
            Dialect::Sqlite => "",
        }
    }
}

/// Writes `$n` as `?n`: SQLite takes `$1` for a name and numbers it by first appearance. Quoted text stays.
pub(super) fn numbered(sql: &str) -> Cow<'_, str> {
    if !sql.contains('$') {
        return Cow::Borrowed(sql);
    }
    let mut written = String::with_capacity(sql.len());
    for (place, part) in sql.split('\'').enumerate() {
        if place > 0 {
            written.push('\'');
        }
        if place % 2 == 1 {
            written.push_str(part);
            continue;
        }
        for (place, text) in part.split('$').enumerate() {
            if place > 0 {
                written.push('?');
            }
            written.push_str(text);
        }
    }
    Cow::Owned(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_numbered_and_quoted_text_is_left_alone() {
        let cases = [
            ("SELECT 1", "SELECT 1"),
            ("SELECT $2, $1", "SELECT ?2, ?1"),
            ("SELECT '$1', 'it''s $2', $3", "SELECT '$1', 'it''s $2', ?3"),
            ("SELECT 'ü$', $10", "SELECT 'ü$', ?10"),
        ];
        for (sql, expected) in cases {
            assert_eq!(numbered(sql), expected);
        }
    }
}
