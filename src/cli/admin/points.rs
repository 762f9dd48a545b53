//! `skydeck admin points`: points granted to accounts, and how many there are in all.

use clap::{Args, Subcommand};

use crate::api::purchases::{PointsGrant, PointsGranted};
use crate::cli::context::Context;
use crate::cli::local::Place;
use crate::cli::output::{self, Form};
use crate::cli::{Exit, Failure, Global};
use crate::domain::account::AccountName;
use crate::market::{self, GrantPoints, Refused};
use crate::store::accounts;

/// What to do with points.
#[derive(Debug, Subcommand)]
pub enum Points {
    /// Grant points to an account
    Grant(Grant),
    /// Show how many were granted, and what the marketplace earned
    Show,
}

/// Points for an account.
#[derive(Debug, Args)]
pub struct Grant {
    /// Who gets them
    account: AccountName,
    /// How many
    points: u64,
    /// What for; the account reads this
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    place: Place,
}

/// Does it and prints what the account has now.
///
/// # Errors
/// Not an administrator; an account that there is not; a number that cannot be granted.
pub fn run(global: &Global, command: Points) -> Result<Exit, Failure> {
    let form = Form::of(global);
    match command {
        Points::Grant(grant) => print(form, &granted(global, grant)?)?,
        Points::Show => {
            let context = Context::open(global)?;
            let points = context.block_on(context.client.points(None))?;
            if form == Form::Json {
                output::json(&points)?;
            } else {
                let shown = |points: Option<i64>| points.map_or_else(|| "-".to_owned(), |points| points.to_string());
                output::fields(
                    form,
                    &[("issued in all", shown(points.issued)), ("the marketplace has", shown(points.market))],
                )?;
            }
        }
    }
    Ok(Exit::Done)
}

fn granted(global: &Global, grant: Grant) -> Result<PointsGranted, Failure> {
    let Grant { account, points, reason, place } = grant;
    if let Some(local) = place.local(global)? {
        let done = local.write(move |tx, act| {
            let to = accounts::by_name(tx, &account)?.ok_or(Refused::NotFound("account"))?.id;
            market::grant_points(tx, act, &GrantPoints { to, points, reason: reason.clone() })
        })?;
        return Ok(PointsGranted {
            account_id: done.account.id.to_string(),
            account: done.account.name.to_string(),
            balance: done.balance,
            entry_id: done.entry.to_string(),
        });
    }
    let context = Context::open(global)?;
    let grant = PointsGrant { account: account.to_string(), points, reason };
    Ok(context.block_on(context.client.grant_points(&grant))?)
}

fn print(form: Form, granted: &PointsGranted) -> Result<(), Failure> {
    if form == Form::Json {
        return output::json(granted);
    }
    output::fields(form, &[("account", granted.account.clone()), ("points", granted.balance.to_string())])
}
