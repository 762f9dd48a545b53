//! Making and revoking access tokens. Only the digest of a token's text goes into the store.

use serde_json::json;

use super::act::{Act, Leave, leave};
use super::input::{Length, text};
use super::record::{Subject, record, tell_account};
use super::refused::Refused;
use crate::domain::account::{Account, Right, Rights};
use crate::domain::digest::Sha256Digest;
use crate::domain::id::{AccountId, TokenId};
use crate::domain::permit::{Action, CreateAccountToken, CreateToken as CreateTokenAction, RevokeToken};
use crate::domain::time::Timestamp;
use crate::store::tokens::{self, Token};
use crate::store::{Tx, accounts};

/// Characters of a token's name.
const TOKEN_NAME_CHARS_MAX: usize = 80;

/// What the new token is for.
#[derive(Clone, Debug)]
pub struct CreateToken {
    /// What its owner calls it.
    pub name: String,
    /// What it may be used for; all that the account's role can, where it is left out.
    pub rights: Option<Rights>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// Makes a token for the caller's own account, with no right that the caller's token lacks. `secret` is the token's
/// whole text.
///
/// # Errors
/// [`Refused::Invalid`] for rights beyond the caller's, and for an end in the past.
pub fn create_token(tx: &mut Tx, act: &Act, input: &CreateToken, secret: &str) -> Result<Token, Refused> {
    let leave = leave::<CreateTokenAction>(tx, act)?;
    let account = leave.account()?.clone();
    let own = leave.rights.clone().unwrap_or_default();
    let rights = input.rights.clone().unwrap_or_else(|| own.clone());
    if rights.iter().any(|right| !own.contains(right)) {
        let message = "a token cannot have a right that the token it is made with lacks";
        return Err(Refused::field("/rights", "right_missing", message));
    }
    insert(tx, act, &leave, &account, input, rights, secret)
}

/// Makes a token for any account. `secret` is the token's whole text.
///
/// # Errors
/// [`Refused::Invalid`] for rights that the account's role cannot use, and for an end in the past.
pub fn create_token_for(
    tx: &mut Tx,
    act: &Act,
    account: AccountId,
    input: &CreateToken,
    secret: &str,
) -> Result<Token, Refused> {
    let leave = leave::<CreateAccountToken>(tx, act)?;
    let account = accounts::by_id(tx, account)?.ok_or(Refused::NotFound("account"))?;
    let rights = input.rights.clone().unwrap_or_else(|| Rights::of_role(account.role));
    if !rights.fit(account.role) {
        let message = format!("an account with the role {} cannot use all of these rights", account.role);
        return Err(Refused::field("/rights", "role_too_low", message));
    }
    insert(tx, act, &leave, &account, input, rights, secret)
}

/// Revokes a token of the caller's own account; administrators can revoke any. It is dead at once.
pub fn revoke_token(tx: &mut Tx, act: &Act, id: TokenId) -> Result<Token, Refused> {
    let own = leave::<RevokeToken>(tx, act)?;
    let mut token = tokens::by_id(tx, id)?.ok_or(Refused::NotFound("token"))?;
    let is_own = own.account.as_ref().is_some_and(|account| account.id == token.account_id);
    if !is_own {
        leave::<CreateAccountToken>(tx, act).map_err(|_| Refused::NotFound("token"))?;
    }
    if token.revoked_at.is_some() {
        return Err(Refused::conflict("already_revoked", "this token was revoked before"));
    }
    tokens::revoke(tx, id, act.now)?;
    token.revoked_at = Some(act.now);
    let detail = json!({ "name": token.name, "account_id": token.account_id.to_string() });
    record(tx, &own, &Subject::Token(id), &detail, act.now);
    tell_account(tx, "token_revoked", token.account_id, &token.name);
    Ok(token)
}

fn insert<A: Action>(
    tx: &mut Tx,
    act: &Act,
    leave: &Leave<A>,
    account: &Account,
    input: &CreateToken,
    rights: Rights,
    secret: &str,
) -> Result<Token, Refused> {
    if input.expires_at.is_some_and(|end| end <= act.now) {
        return Err(Refused::field("/expires_at", "in_the_past", "a token has to end in the future"));
    }
    let token = Token {
        id: TokenId::mint(act.now, &mut act.entropy()),
        account_id: account.id,
        name: text("/name", &input.name, Length::needed(TOKEN_NAME_CHARS_MAX))?,
        rights,
        created_at: act.now,
        expires_at: input.expires_at,
        revoked_at: None,
    };
    tokens::insert(tx, &token, Sha256Digest::of(secret.as_bytes()))?;
    let detail = json!({
        "name": token.name,
        "account": account.name.as_str(),
        "rights": token.rights.iter().map(Right::name).collect::<Vec<_>>(),
        "expires_at": token.expires_at.map(|end| end.to_string()),
    });
    record(tx, leave, &Subject::Token(token.id), &detail, act.now);
    tell_account(tx, "token_created", account.id, account.name.as_str());
    Ok(token)
}
