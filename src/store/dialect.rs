//! The few places where databases speak differently; everything else is one SQL text for all of them.

use std::borrow::Cow;

/// Which database a transaction talks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The embedded one; its single writer makes row locks needless.
    Sqlite,
    /// PostgreSQL, where many write at once.
    Postgres,
}

impl Dialect {
    /// What ends a SELECT from one table whose rows a decision in the same transaction rests on.
    ///
    /// The lock is the weaker one of the two that PostgreSQL has for changes: rows that only refer to a locked one may
    /// still come.
    pub const fn row_lock(self) -> &'static str {
        match self {
            Dialect::Sqlite => "",
            Dialect::Postgres => " FOR NO KEY UPDATE",
        }
    }

    /// What ends a SELECT that passes over rows another transaction has locked.
    pub const fn row_lock_or_skip(self) -> &'static str {
        match self {
            Dialect::Sqlite => "",
            Dialect::Postgres => " FOR UPDATE SKIP LOCKED",
        }
    }

    /// The database's own clock in milliseconds since 1970, as it stands while the statement runs.
    pub const fn clock_ms(self) -> &'static str {
        match self {
            Dialect::Sqlite => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
            Dialect::Postgres => "CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp()) * 1000) AS BIGINT)",
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

/// Writes a step of the schema for PostgreSQL: text is ordered and lowered byte by byte there, as SQLite does it
/// and as cursors compare it, whatever the language of the server is.
pub(super) fn bytewise(schema: &str) -> String {
    let column = |line: &str| {
        let code = !line.trim_start().starts_with("--");
        if code { line.replace(" TEXT", " TEXT COLLATE \"C\"") } else { line.to_owned() }
    };
    schema.lines().map(column).collect::<Vec<_>>().join("\n")
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

    #[test]
    fn text_columns_are_ordered_byte_by_byte() {
        let schema =
            "-- the TEXT of a note\nCREATE TABLE notes (\n    id TEXT PRIMARY KEY,\n    text TEXT NOT NULL\n);";
        let expected = "-- the TEXT of a note\nCREATE TABLE notes (\n    id TEXT COLLATE \"C\" PRIMARY KEY,\n    \
                        text TEXT COLLATE \"C\" NOT NULL\n);";
        assert_eq!(bytewise(schema), expected);
    }
}
