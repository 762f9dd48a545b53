//! Access tokens: only their SHA-256 is kept, so that a stolen database opens nothing.

use super::accounts;
use super::error::StoreError;
use super::row::{FromRow, Row};
use super::tx::Tx;
use super::value::Value;
use crate::domain::account::{Account, Right, Rights};
use crate::domain::digest::Sha256Digest;
use crate::domain::id::{AccountId, TokenId};
use crate::domain::time::Timestamp;

/// One token, without what it is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its id, which is no secret.
    pub id: TokenId,
    /// Whose it is.
    pub account_id: AccountId,
    /// What its owner calls it.
    pub name: String,
    /// What it may be used for.
    pub rights: Rights,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A token with the account it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The token.
    pub token: Token,
    /// The account, as it stands now.
    pub account: Account,
}

const COLUMNS: &str = "t.id, t.account_id, t.name, t.rights, t.created_ms, t.expires_ms, t.revoked_ms";

impl Token {
    /// Whether it is good for anything at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// Inserts a token under the digest of its text.
pub fn insert(tx: &mut Tx, token: &Token, sha256: Sha256Digest) -> Result<(), StoreError> {
    let sql = "INSERT INTO tokens (id, account_id, name, sha256, rights, created_ms, expires_ms, revoked_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let rights: Vec<&str> = token.rights.iter().map(Right::name).collect();
    let params = [
        token.id.into(),
        token.account_id.into(),
        (&token.name).into(),
        sha256.into(),
        rights.join(" ").into(),
        token.created_at.into(),
        token.expires_at.into(),
        token.revoked_at.into(),
    ];
    tx.execute(sql, &params).map(drop)
}

/// The token whose text has this digest, live or not, with its account.
pub fn holder(tx: &mut Tx, sha256: Sha256Digest) -> Result<Option<Holder>, StoreError> {
    let account = accounts::COLUMNS;
    let sql =
        format!("SELECT {COLUMNS}, {account} FROM tokens t JOIN accounts a ON a.id = t.account_id WHERE t.sha256 = $1");
    tx.query_one(&sql, &[sha256.into()])
}

/// The token with this id.
pub fn by_id(tx: &mut Tx, id: TokenId) -> Result<Option<Token>, StoreError> {
    let lock = tx.row_lock();
    tx.query_one(&format!("SELECT {COLUMNS} FROM tokens t WHERE t.id = $1{lock}"), &[id.into()])
}

/// Up to `limit` tokens of an account with ids after `after`, oldest first, revoked ones too.
pub fn page(tx: &mut Tx, account: AccountId, after: Option<TokenId>, limit: usize) -> Result<Vec<Token>, StoreError> {
    let after = after.map_or_else(|| Value::from(""), Value::from);
    let sql = format!("SELECT {COLUMNS} FROM tokens t WHERE t.account_id = $1 AND t.id > $2 ORDER BY t.id LIMIT $3");
    tx.query(&sql, &[account.into(), after, limit.into()])
}

/// Revokes a token; nothing happens to one that is revoked already.
pub fn revoke(tx: &mut Tx, id: TokenId, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE tokens SET revoked_ms = $1 WHERE id = $2 AND revoked_ms IS NULL";
    tx.execute(sql, &[now.into(), id.into()]).map(drop)
}

/// Revokes every token of an account; gives their number.
pub fn revoke_all(tx: &mut Tx, account: AccountId, now: Timestamp) -> Result<u64, StoreError> {
    let sql = "UPDATE tokens SET revoked_ms = $1 WHERE account_id = $2 AND revoked_ms IS NULL";
    tx.execute(sql, &[now.into(), account.into()])
}

impl FromRow for Token {
    fn from_row(row: &Row) -> Result<Token, StoreError> {
        let rights = row.str(3)?.split_whitespace().map(str::parse::<Right>).collect::<Result<Vec<_>, _>>();
        Ok(Token {
            id: row.parsed(0)?,
            account_id: row.parsed(1)?,
            name: row.text(2)?,
            rights: Rights::new(rights.map_err(|error| StoreError::Corrupt(error.to_string()))?),
            created_at: row.timestamp(4)?,
            expires_at: row.optional_timestamp(5)?,
            revoked_at: row.optional_timestamp(6)?,
        })
    }
}

impl FromRow for Holder {
    fn from_row(row: &Row) -> Result<Holder, StoreError> {
        Ok(Holder { token: Token::from_row(row)?, account: accounts::from_columns(row, 7)? })
    }
}

#[cfg(test)]
mod tests {
    use super::super::scratch::scratch;
    use super::*;
    use crate::domain::account::Role;
    use crate::domain::id::Entropy;

    #[test]
    fn accounts_and_tokens_come_back_as_they_went_in() {
        let scratch = scratch();
        let now = Timestamp::from_ms(1);
        let mut entropy = Entropy::from_seed([3; 32]);
        let mut account = Account {
            id: AccountId::mint(now, &mut entropy),
            name: "ada".parse().unwrap(),
            role: Role::Administrator,
            verified: true,
            suspended: false,
            reputation: 45,
            created_at: now,
            revision: 1,
        };
        let token = Token {
            id: TokenId::mint(now, &mut entropy),
            account_id: account.id,
            name: "laptop".to_owned(),
            rights: Rights::of_role(account.role),
            created_at: now,
            expires_at: Some(Timestamp::from_ms(9)),
            revoked_at: None,
        };
        let secret = Sha256Digest::of(b"sky_x");
        scratch.tx(|tx| accounts::insert(tx, &account).and_then(|()| insert(tx, &token, secret))).unwrap();
        let twice = scratch.tx(|tx| accounts::insert(tx, &account));
        assert!(matches!(&twice, Err(StoreError::Constraint(text)) if text.contains("accounts.")), "{twice:?}");
        let found = scratch.read(|tx| holder(tx, secret)).unwrap().unwrap();
        assert_eq!((&found.token, &found.account), (&token, &account));
        assert!(token.is_live(Timestamp::from_ms(8)) && !token.is_live(Timestamp::from_ms(9)));
        assert!(!scratch.read(|tx| accounts::another_administrator(tx, account.id)).unwrap());

        account.suspended = true;
        assert_eq!(scratch.tx(|tx| accounts::update(tx, &account)), Ok(Some(2)));
        assert_eq!(scratch.tx(|tx| accounts::update(tx, &account)), Ok(None), "someone was faster");
        assert_eq!(scratch.tx(|tx| revoke_all(tx, account.id, now)), Ok(1));
        let revoked = scratch.read(|tx| page(tx, account.id, None, 10)).unwrap();
        assert!(!revoked[0].is_live(now));
    }
}
