//! Names of accounts for answers, each read once in a transaction.

use std::collections::HashMap;

use crate::domain::id::AccountId;
use crate::store::{StoreError, Tx, accounts};

/// The names read so far.
#[derive(Debug, Default)]
pub struct Names(HashMap<AccountId, String>);

impl Names {
    /// The name of an account.
    ///
    /// # Errors
    /// What the store says; an account that is missing is named by its id.
    pub fn of(&mut self, tx: &mut Tx, id: AccountId) -> Result<String, StoreError> {
        if let Some(name) = self.0.get(&id) {
            return Ok(name.clone());
        }
        let name = accounts::by_id(tx, id)?.map_or_else(|| id.to_string(), |account| account.name.to_string());
        self.0.insert(id, name.clone());
        Ok(name)
    }
}
