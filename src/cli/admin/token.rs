//! `skydeck admin token`: made (and shown once), listed and revoked.

use std::str::FromStr;

use clap::{Args, Subcommand};

use crate::api::accounts::{NewToken, Token as Wire, TokenCreated};
use crate::cli::context::Context;
use crate::cli::local::{self, Local, Place};
use crate::cli::output::{self, Form};
use crate::cli::{Exit, Failure, Global};
use crate::client::PageQuery;
use crate::domain::account::{AccountName, Right, Rights};
use crate::domain::id::TokenId;
use crate::domain::time::Timestamp;
use crate::market::{self, CreateToken, Refused};
use crate::server::caller::Secret;
use crate::store::tokens::Token as Stored;
use crate::store::{accounts, tokens};

/// Items of one page.
const PAGE_ITEMS: usize = 100;

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub enum Token {
    /// Make a token for an account; it is shown this once
    Create(Create),
    /// List tokens, without what they are made of: your own on a server, any account's with --data
    List(List),
    /// Revoke a token; it is dead at once
    Revoke(Revoke),
}

/// A new token.
#[derive(Debug, Args)]
pub struct Create {
    /// The account's name
    name: AccountName,
    /// What it may be used for, by commas: read, author, review, administer; all of the role's where left out
    #[arg(long, value_delimiter = ',')]
    rights: Option<Vec<Right>>,
    /// When it ends by itself: a number with m, h, d or w, such as 30d; never where left out
    #[arg(long, value_name = "TIME")]
    expires_in: Option<Lifetime>,
    /// What it is for
    #[arg(long, default_value = "made with skydeck admin")]
    label: String,
    #[command(flatten)]
    place: Place,
}

/// Whose tokens.
#[derive(Debug, Args)]
pub struct List {
    /// The account's name; needed with --data
    name: Option<AccountName>,
    #[command(flatten)]
    place: Place,
}

/// Which token.
#[derive(Debug, Args)]
pub struct Revoke {
    /// Its id, as `skydeck admin token list` shows it
    id: TokenId,
    #[command(flatten)]
    place: Place,
}

/// How long a token lives, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime(i64);

/// The text is no length of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no length of time: write a number from 1 to 10000 with m, h, d or w, such as 30d")]
pub struct NotALifetime(String);

impl FromStr for Lifetime {
    type Err = NotALifetime;

    fn from_str(text: &str) -> Result<Lifetime, NotALifetime> {
        let refused = || NotALifetime(text.chars().take(40).collect());
        let unit_ms = match text.chars().last() {
            Some('m') => 60_000,
            Some('h') => 3_600_000,
            Some('d') => 86_400_000,
            Some('w') => 7 * 86_400_000,
            _ => return Err(refused()),
        };
        let count: i64 = text[..text.len() - 1].parse().map_err(|_| refused())?;
        if (1..=10_000).contains(&count) { Ok(Lifetime(count * unit_ms)) } else { Err(refused()) }
    }
}

impl Lifetime {
    fn end(self) -> Timestamp {
        Timestamp::from_ms(jiff::Timestamp::now().as_millisecond()).plus_ms(self.0)
    }
}

/// Does it and prints the tokens concerned.
///
/// # Errors
/// Not an administrator; an account or a token that is not there; rights beyond the role's.
pub fn run(global: &Global, command: Token) -> Result<Exit, Failure> {
    let form = Form::of(global);
    match command {
        Token::Create(new) => created(form, &create(global, &new)?)?,
        Token::List(list) => {
            let tokens = match (list.place.local(global)?, list.name) {
                (Some(local), Some(name)) => all_here(&local, &name)?,
                (Some(_), None) => return Err(Failure::new(Exit::Usage, "name the account whose tokens to list")),
                (None, Some(_)) => {
                    let text = "a server lists your own tokens only; leave the name out, or give --data DIR";
                    return Err(Failure::new(Exit::Usage, text));
                }
                (None, None) => {
                    let context = Context::open(global)?;
                    context.block_on(own(&context))?
                }
            };
            print(form, &tokens)?;
        }
        Token::Revoke(revoke) => {
            let id = revoke.id;
            if let Some(local) = revoke.place.local(global)? {
                local.write(move |tx, act| market::revoke_token(tx, act, id))?;
            } else {
                let context = Context::open(global)?;
                context.block_on(context.client.revoke_token(&id.to_string()))?;
            }
            match form {
                Form::Json => output::json(&serde_json::json!({"revoked": id.to_string()}))?,
                _ => output::line(&format!("revoked {id}"))?,
            }
        }
    }
    Ok(Exit::Done)
}

fn create(global: &Global, new: &Create) -> Result<TokenCreated, Failure> {
    let expires_at = new.expires_in.map(Lifetime::end);
    let Some(local) = new.place.local(global)? else {
        let context = Context::open(global)?;
        let rights = new.rights.as_ref().map(|rights| rights.iter().map(|right| right.name().to_owned()).collect());
        let token = NewToken { name: new.label.clone(), rights, expires_at: expires_at.map(|end| end.to_string()) };
        return Ok(context.block_on(context.client.create_account_token(new.name.as_str(), &token))?);
    };
    let secret = Secret::from_bytes(local::random()?);
    let (name, text) = (new.name.clone(), secret.reveal().to_owned());
    let input = CreateToken { name: new.label.clone(), rights: new.rights.clone().map(Rights::new), expires_at };
    let token = local.write(move |tx, act| {
        let account = accounts::by_name(tx, &name)?.ok_or(Refused::NotFound("account"))?;
        market::create_token_for(tx, act, account.id, &input, &text)
    })?;
    Ok(TokenCreated { token: wire(&token), secret: secret.reveal().to_owned() })
}

async fn own(context: &Context) -> Result<Vec<Wire>, Failure> {
    let mut tokens = Vec::new();
    let mut query = PageQuery::default().limited(PAGE_ITEMS);
    loop {
        let page = context.client.tokens(&query).await?;
        tokens.extend(page.items);
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => return Ok(tokens),
        }
    }
}

fn all_here(local: &Local, name: &AccountName) -> Result<Vec<Wire>, Failure> {
    let (name, shown) = (name.clone(), name.to_string());
    let found = local.read(move |tx| {
        let Some(account) = accounts::by_name(tx, &name)? else { return Ok(None) };
        let mut all: Vec<Stored> = Vec::new();
        loop {
            let page = tokens::page(tx, account.id, all.last().map(|token| token.id), PAGE_ITEMS)?;
            let is_last = page.len() < PAGE_ITEMS;
            all.extend(page);
            if is_last {
                return Ok(Some(all));
            }
        }
    })?;
    let missing = || Failure::new(Exit::NotFound, format!("there is no account named {shown}"));
    Ok(found.ok_or_else(missing)?.iter().map(wire).collect())
}

fn created(form: Form, created: &TokenCreated) -> Result<(), Failure> {
    if form == Form::Json {
        return output::json(created);
    }
    output::fields(
        form,
        &[
            ("token", created.secret.clone()),
            ("id", created.token.id.clone()),
            ("rights", output::words(&created.token.rights)),
            ("ends", created.token.expires_at.clone().unwrap_or_else(|| "never".to_owned())),
        ],
    )?;
    output::line("keep it now: it cannot be shown again")
}

fn print(form: Form, tokens: &[Wire]) -> Result<(), Failure> {
    if form == Form::Json {
        return output::json(&tokens);
    }
    let when = |moment: &Option<String>| moment.as_deref().map_or_else(|| "-".to_owned(), output::moment);
    let rows: Vec<Vec<String>> = tokens
        .iter()
        .map(|token| {
            vec![
                token.name.clone(),
                output::words(&token.rights),
                output::moment(&token.created_at),
                when(&token.expires_at),
                when(&token.revoked_at),
                token.id.clone(),
            ]
        })
        .collect();
    output::rows(form, &["for", "rights", "created", "ends", "revoked", "id"], &rows)
}

fn wire(token: &Stored) -> Wire {
    Wire {
        id: token.id.to_string(),
        name: token.name.clone(),
        rights: token.rights.iter().map(|right| right.name().to_owned()).collect(),
        created_at: token.created_at.to_string(),
        expires_at: token.expires_at.map(|end| end.to_string()),
        revoked_at: token.revoked_at.map(|end| end.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_a_number_with_a_unit() {
        for (text, ms) in [("5m", 300_000), ("1h", 3_600_000), ("30d", 2_592_000_000), ("2w", 1_209_600_000)] {
            assert_eq!(text.parse(), Ok(Lifetime(ms)), "{text}");
        }
        for bad in ["", "30", "d", "0d", "-1d", "1é", "10001d", "1 d"] {
            assert!(bad.parse::<Lifetime>().is_err(), "{bad}");
        }
    }
}
