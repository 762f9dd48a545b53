//! What a command needs to talk to a marketplace: its folders, the server's address, the token, a runtime, a client.

use std::path::PathBuf;

use tokio::runtime::{Builder, Runtime};

use super::{Exit, Failure, Global};
use crate::api::page::Page;
use crate::client::{Authorities, Client, ClientError, PageQuery, Secret, ServerUrl};
use crate::config::{Credentials, Folders, Settings};
use crate::server;

/// Where a server is looked for when nothing says otherwise: where `skydeck serve` listens.
pub const SERVER_DEFAULT: &str = "http://127.0.0.1:7373";

/// The variable that a token may stand in; there is no flag, since others can read a command line.
const TOKEN_VARIABLE: &str = "SKYDECK_TOKEN";

/// Items of one page.
const PAGE_ITEMS: usize = 100;

/// A connection to a marketplace as one caller.
pub struct Context {
    /// The client.
    pub client: Client,
    runtime: Runtime,
}

impl Context {
    /// Finds the server and the token, and prepares the client; nothing is sent yet.
    ///
    /// # Errors
    /// Wrong settings, a wrong address, a token that would travel in the open.
    pub fn open(global: &Global) -> Result<Context, Failure> {
        let folders = folders(global)?;
        let settings = Settings::load(&folders.config)?;
        let server = server(global, &settings)?;
        let token = token(&folders, &server)?;
        let authorities = authorities(global, &folders, &settings)?;
        Ok(Context { client: client(server, token, authorities.as_ref())?, runtime: small_runtime()? })
    }

    /// Runs a future to its end.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }
}

/// Reads a list page by page until there are `most` items or no further ones.
///
/// # Errors
/// What the client says of a page.
pub async fn gather<T>(
    most: usize,
    mut page: impl AsyncFnMut(&PageQuery) -> Result<Page<T>, ClientError>,
) -> Result<Vec<T>, ClientError> {
    let (mut items, mut window) = (Vec::new(), PageQuery::default());
    while items.len() < most {
        window.limit = Some((most - items.len()).min(PAGE_ITEMS));
        let found = page(&window).await?;
        items.extend(found.items);
        window.cursor = found.next;
        if window.cursor.is_none() {
            break;
        }
    }
    Ok(items)
}

/// The folders that flags, environment or platform name.
///
/// # Errors
/// [`Exit::Config`] where there is none.
pub fn folders(global: &Global) -> Result<Folders, Failure> {
    let given = |path: &Option<PathBuf>| path.clone().filter(|path| !path.as_os_str().is_empty());
    Ok(Folders::find(given(&global.config_dir), given(&global.data_dir))?)
}

/// The server's address: flag or environment, else the settings, else this machine.
///
/// # Errors
/// [`Exit::Config`] where it is none.
pub fn server(global: &Global, settings: &Settings) -> Result<ServerUrl, Failure> {
    let given = global.server.as_deref().filter(|server| !server.trim().is_empty());
    Ok(given.or(settings.server.as_deref()).unwrap_or(SERVER_DEFAULT).parse()?)
}

/// The token of the environment, else the one that `skydeck login` kept for this server.
///
/// # Errors
/// [`Exit::Config`] where it is none; its text is in no message.
pub fn token(folders: &Folders, server: &ServerUrl) -> Result<Option<Secret>, Failure> {
    let of_environment = std::env::var(TOKEN_VARIABLE).ok().filter(|token| !token.trim().is_empty());
    let (place, text) = match of_environment {
        Some(text) => (TOKEN_VARIABLE, text),
        None => match Credentials::load(&folders.config)?.token(&server.to_string()) {
            Some(text) => ("credentials.toml", text.to_owned()),
            None => return Ok(None),
        },
    };
    let wrong = |error| Failure::new(Exit::Config, format!("{place}: {error}"));
    text.parse().map(Some).map_err(wrong)
}

/// The certificate authorities of one's own: flag or environment, else the settings; none where the system's count.
///
/// # Errors
/// [`Exit::Config`] for a file that is not there or holds no certificate.
pub fn authorities(global: &Global, folders: &Folders, settings: &Settings) -> Result<Option<Authorities>, Failure> {
    let given = global.ca_file.clone().filter(|path| !path.as_os_str().is_empty());
    let kept = || settings.ca_file.as_ref().map(|path| folders.config.join(path));
    let Some(path) = given.or_else(kept) else { return Ok(None) };
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::new(Exit::Config, format!("the authority's certificate {}: {error}", path.display()))
    };
    let text = std::fs::read(&path).map_err(|error| wrong(&error))?;
    Authorities::from_pem(&text).map(Some).map_err(|error| wrong(&error))
}

/// A client of the server, with TLS set up first.
///
/// # Errors
/// A token that would travel in the open; TLS that cannot be set up.
pub fn client(server: ServerUrl, token: Option<Secret>, authorities: Option<&Authorities>) -> Result<Client, Failure> {
    use_ring();
    Ok(Client::trusting(server, token, authorities)?)
}

/// Chooses the cryptography for TLS of this process; the first choice stays.
pub fn use_ring() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A runtime on this thread alone, which is all that a client needs.
///
/// # Errors
/// [`Exit::Environment`] where the system refuses.
pub fn small_runtime() -> Result<Runtime, Failure> {
    Builder::new_current_thread().enable_all().build().map_err(no_runtime)
}

/// A runtime with the threads that a server needs.
///
/// # Errors
/// [`Exit::Environment`] where the system refuses.
pub fn full_runtime() -> Result<Runtime, Failure> {
    Builder::new_multi_thread().worker_threads(server::runtime_threads()).enable_all().build().map_err(no_runtime)
}

fn no_runtime(error: std::io::Error) -> Failure {
    Failure::new(Exit::Environment, format!("the system gives no threads or timers: {error}"))
}
