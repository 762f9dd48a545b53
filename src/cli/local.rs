//! A data folder opened without a server: for administration on the machine itself, as the local operator.

use std::path::PathBuf;

use clap::Args;
use tokio::runtime::Runtime;

use super::{Exit, Failure, Global, blobs, context, database};
use crate::domain::time::Timestamp;
use crate::market::{Act, By, Refused};
use crate::store::{Store, StoreConfig, StoreError, Tx};

/// Which marketplace: the server's, or a data folder itself.
#[derive(Clone, Debug, Args)]
pub struct Place {
    /// Work on this data folder instead of a server; no server may be running on it
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where the audit key is, when not in the data folder
    #[arg(long, value_name = "FILE", env = "SKYDECK_AUDIT_KEY_FILE", hide_env_values = true)]
    audit_key_file: Option<PathBuf>,
}

/// A data folder, held by this process until it is dropped.
pub struct Local {
    /// The store, for what is no transaction.
    pub store: Store,
    runtime: Runtime,
}

impl Place {
    /// The data folder, opened, where one was named.
    ///
    /// # Errors
    /// [`Exit::Environment`]: no such folder, in use, another audit key, a newer schema; each with what to do.
    pub fn local(&self, global: &Global) -> Result<Option<Local>, Failure> {
        let Some(folder) = &self.data else { return Ok(None) };
        if !folder.is_dir() {
            let text = format!(
                "there is no data folder {}; check the name (`skydeck serve --data DIR` makes one)",
                folder.display()
            );
            return Err(Failure::new(Exit::Environment, text));
        }
        let key = self.audit_key_file.clone().filter(|path| !path.as_os_str().is_empty());
        let postgres = database::from_environment()?;
        let blob_place = blobs::named(global)?;
        let config = StoreConfig { audit_key_file: key, postgres, blob_place, ..StoreConfig::in_folder(folder) };
        Ok(Some(Local { store: Store::open(config)?, runtime: context::small_runtime()? }))
    }
}

impl Local {
    /// Looks at the database.
    ///
    /// # Errors
    /// What the store says.
    pub fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Tx) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Failure> {
        Ok(self.runtime.block_on(self.store.read(work))?)
    }

    /// Changes something as the local operator; it is on the disk when this answers.
    ///
    /// # Errors
    /// What the use case refuses.
    pub fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Tx, &Act) -> Result<T, Refused> + Send + 'static,
    ) -> Result<T, Failure> {
        let now = Timestamp::from_ms(jiff::Timestamp::now().as_millisecond());
        let act = Act { by: By::LocalOperator, now, seed: random()? };
        Ok(self.runtime.block_on(self.store.write(move |tx| work(tx, &act)))?)
    }

    /// Runs a future to its end.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }
}

/// 32 random bytes.
///
/// # Errors
/// [`Exit::Environment`] where the system has none.
pub fn random() -> Result<[u8; 32], Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::new(Exit::Environment, format!("the system gives no random bytes: {error}")))?;
    Ok(bytes)
}
