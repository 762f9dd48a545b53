//! The first start of a marketplace: an administrator's account and the token to begin with.

use super::app::fresh_seed;
use super::caller::Secret;
use super::clock::Clock;
use super::problem::Problem;
use crate::domain::account::{AccountName, Role};
use crate::market::{self, Act, By, CreateAccount, CreateToken};
use crate::store::{Store, accounts};

/// The account's name.
pub const ADMINISTRATOR: &str = "administrator";

/// The account a new marketplace begins with.
#[derive(Clone, Debug)]
pub struct NewAdministrator {
    /// Its token, to be shown once.
    pub secret: Secret,
}

/// Makes the administrator's account and token where there is no account at all; nothing happens at later starts.
///
/// # Errors
/// What the store says.
pub async fn first_start(store: &Store, clock: &Clock) -> Result<Option<NewAdministrator>, Problem> {
    let secret = Secret::from_bytes(fresh_seed()?);
    let (shown, seeds, now) = (secret.clone(), [fresh_seed()?, fresh_seed()?], clock.now());
    let name: AccountName = ADMINISTRATOR.parse()?;
    let is_new = store.write(move |tx| {
        if accounts::count(tx)? > 0 {
            return Ok::<_, Problem>(false);
        }
        let act = |seed| Act { by: By::LocalOperator, now, seed };
        let account = CreateAccount { name: name.clone(), role: Role::Administrator, verified: true };
        let account = market::create_account(tx, &act(seeds[0]), &account)?;
        let token = CreateToken { name: "first start".to_owned(), rights: None, expires_at: None };
        market::create_token_for(tx, &act(seeds[1]), account.id, &token, secret.reveal())?;
        Ok(true)
    });
    Ok(is_new.await?.then_some(NewAdministrator { secret: shown }))
}
