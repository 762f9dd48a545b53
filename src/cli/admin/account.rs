//! `skydeck admin account`: made, listed and changed.

use clap::{Args, Subcommand};

use crate::api::accounts::{Account as Wire, AccountPatch, NewAccount};
use crate::cli::context::Context;
use crate::cli::local::{Local, Place};
use crate::cli::output::{self, Form};
use crate::cli::{Exit, Failure, Global};
use crate::client::{PageQuery, Seen};
use crate::domain::account::{Account as Stored, AccountName, Role};
use crate::market::{self, CreateAccount, EditAccount, IfMatch, Refused};
use crate::store::accounts;

/// Items of one page.
const PAGE_ITEMS: usize = 100;

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub enum Account {
    /// Make an account
    Create(Create),
    /// List every account
    List(List),
    /// Change an account's role or standing
    Edit(Edit),
}

/// A new account.
#[derive(Debug, Args)]
pub struct Create {
    /// Its name: 2 to 40 of a-z, 0-9, with single - or _ between them
    name: AccountName,
    /// What it may do: user, maintainer or administrator
    #[arg(long, default_value = "user")]
    role: Role,
    /// Vouch for who it is
    #[arg(long)]
    verified: bool,
    #[command(flatten)]
    place: Place,
}

/// Which accounts.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    place: Place,
}

/// A change; what is left out stays.
#[derive(Debug, Args)]
pub struct Edit {
    /// Its name
    name: AccountName,
    /// A new role: user, maintainer or administrator
    #[arg(long)]
    role: Option<Role>,
    /// Whether somebody vouches for who it is
    #[arg(long, value_name = "true|false")]
    verified: Option<bool>,
    /// Whether it may do nothing at all; its tokens are dead meanwhile
    #[arg(long, value_name = "true|false")]
    suspended: Option<bool>,
    #[command(flatten)]
    place: Place,
}

/// Does it and prints the accounts concerned.
///
/// # Errors
/// Not an administrator; a name that is taken or unknown; the last administrator.
pub fn run(global: &Global, command: Account) -> Result<Exit, Failure> {
    let form = Form::of(global);
    match command {
        Account::Create(new) => one(form, &create(global, &new)?)?,
        Account::Edit(edit) => one(form, &change(global, &edit)?)?,
        Account::List(list) => {
            let accounts = if let Some(local) = list.place.local(global)? {
                all_here(&local)?
            } else {
                let context = Context::open(global)?;
                context.block_on(all(&context))?
            };
            print(form, &accounts)?;
        }
    }
    Ok(Exit::Done)
}

fn create(global: &Global, new: &Create) -> Result<Wire, Failure> {
    if let Some(local) = new.place.local(global)? {
        let input = CreateAccount { name: new.name.clone(), role: new.role, verified: new.verified };
        return Ok(wire(&local.write(move |tx, act| market::create_account(tx, act, &input))?));
    }
    let context = Context::open(global)?;
    let account =
        NewAccount { name: new.name.to_string(), role: Some(new.role.name().to_owned()), verified: new.verified };
    Ok(context.block_on(context.client.create_account(&account))?.value)
}

fn change(global: &Global, edit: &Edit) -> Result<Wire, Failure> {
    let (name, role, verified, suspended) = (edit.name.clone(), edit.role, edit.verified, edit.suspended);
    if role.is_none() && verified.is_none() && suspended.is_none() {
        return Err(Failure::new(Exit::Usage, "say what to change: --role, --verified or --suspended"));
    }
    if let Some(local) = edit.place.local(global)? {
        let changed = local.write(move |tx, act| {
            let account = accounts::by_name(tx, &name)?.ok_or(Refused::NotFound("account"))?;
            let if_match = IfMatch::Revision(account.revision);
            market::edit_account(tx, act, &EditAccount { account: account.id, if_match, role, verified, suspended })
        })?;
        return Ok(wire(&changed));
    }
    let context = Context::open(global)?;
    let patch = AccountPatch { role: role.map(|role| role.name().to_owned()), verified, suspended };
    context.block_on(async {
        let account = context.client.account(name.as_str()).await?;
        let seen = account.etag.and_then(|etag| etag.parse().ok()).map_or(Seen::Nothing, Seen::Revision);
        Ok(context.client.edit_account(&account.value.id, seen, &patch).await?.value)
    })
}

async fn all(context: &Context) -> Result<Vec<Wire>, Failure> {
    let mut accounts = Vec::new();
    let mut query = PageQuery::default().limited(PAGE_ITEMS);
    loop {
        let page = context.client.accounts(&query).await?;
        accounts.extend(page.items);
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => return Ok(accounts),
        }
    }
}

fn all_here(local: &Local) -> Result<Vec<Wire>, Failure> {
    let mut all: Vec<Stored> = Vec::new();
    loop {
        let after = all.last().map(|account| account.name.clone());
        let page = local.read(move |tx| accounts::page(tx, after.as_ref(), PAGE_ITEMS))?;
        let is_last = page.len() < PAGE_ITEMS;
        all.extend(page);
        if is_last {
            return Ok(all.iter().map(wire).collect());
        }
    }
}

fn one(form: Form, account: &Wire) -> Result<(), Failure> {
    match form {
        Form::Json => output::json(account),
        form => print(form, std::slice::from_ref(account)),
    }
}

fn print(form: Form, accounts: &[Wire]) -> Result<(), Failure> {
    if form == Form::Json {
        return output::json(&accounts);
    }
    let yes = |flag: bool| if flag { "yes" } else { "no" }.to_owned();
    let rows: Vec<Vec<String>> = accounts
        .iter()
        .map(|account| {
            vec![
                account.name.clone(),
                account.role.clone(),
                yes(account.verified),
                yes(account.suspended),
                account.reputation.to_string(),
                output::moment(&account.created_at),
                account.id.clone(),
            ]
        })
        .collect();
    output::rows(form, &["name", "role", "verified", "suspended", "reputation", "created", "id"], &rows)
}

fn wire(account: &Stored) -> Wire {
    Wire {
        id: account.id.to_string(),
        name: account.name.to_string(),
        role: account.role.to_string(),
        verified: account.verified,
        suspended: account.suspended,
        reputation: account.reputation,
        created_at: account.created_at.to_string(),
    }
}
