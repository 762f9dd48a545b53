//! `skydeck serve`: runs a marketplace until it is told to stop.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::blobs::CodePlace;
use super::database::Database;
use super::output::{self, Form};
use super::{Exit, Failure, Global, context};
use crate::config::write_private;
use crate::server::{self, Cidr, RunningServer, ServerConfig, Transport};
use crate::store::{Store, StoreConfig};

/// The variable that says what is logged, such as `info` or `skydeck=debug`.
const LOG_VARIABLE: &str = "SKYDECK_LOG";
/// The file that the first token is kept in.
const TOKEN_FILE: &str = "administrator.token";

/// How to run it.
#[derive(Debug, Args)]
pub struct Serve {
    /// Where to listen; port 0 picks a free one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:7373", value_parser = address)]
    listen: SocketAddr,
    /// Where everything is kept [env: SKYDECK_DATA_DIR]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The certificate chain to speak TLS with (PEM), the server's own first
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Let in only a proxy from these addresses, and read its forwarded headers
    #[arg(long, value_name = "CIDR", conflicts_with = "tls_cert")]
    behind_proxy: Vec<Cidr>,
    /// Where the audit key is kept, when not in the data folder
    #[arg(long, value_name = "FILE", env = "SKYDECK_AUDIT_KEY_FILE", hide_env_values = true)]
    audit_key_file: Option<PathBuf>,
    /// Where the key is kept that installations' secrets are encrypted with, when not in the data folder
    #[arg(long, value_name = "FILE", env = "SKYDECK_SECRET_KEY_FILE", hide_env_values = true)]
    secret_key_file: Option<PathBuf>,
    /// Where the key is kept that grants of premium extensions are signed with, when not in the data folder
    #[arg(long, value_name = "FILE", env = "SKYDECK_GRANT_KEY_FILE", hide_env_values = true)]
    grant_key_file: Option<PathBuf>,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    code_place: CodePlace,
    /// How log lines look, on standard error (SKYDECK_LOG says which: info, skydeck=debug, …)
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The signals that tell a server to stop.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    fn listen() -> Result<StopSignals, Failure> {
        let deaf = |error: std::io::Error| Failure::new(Exit::Environment, format!("signals cannot be heard: {error}"));
        Ok(StopSignals {
            terminate: signal(SignalKind::terminate()).map_err(deaf)?,
            interrupt: signal(SignalKind::interrupt()).map_err(deaf)?,
        })
    }

    async fn heard(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Serves until SIGTERM or SIGINT; then requests end and jobs are given back.
///
/// # Errors
/// [`Exit::Environment`] for a port, a data folder or a database that cannot be used, each with what to do.
pub fn run(global: &Global, command: Serve) -> Result<Exit, Failure> {
    start_log(command.log_format)?;
    context::use_ring();
    let folder = match &command.data {
        Some(folder) => folder.clone(),
        None => context::folders(global)?.data,
    };
    let config = ServerConfig { listen: command.listen, transport: transport(&command), ..ServerConfig::default() };
    let key = command.audit_key_file.filter(|path| !path.as_os_str().is_empty());
    let postgres = command.database.chosen()?;
    let blob_place = command.code_place.chosen(global)?;
    let secret_key_file = command.secret_key_file.filter(|path| !path.as_os_str().is_empty());
    let grant_key_file = command.grant_key_file.filter(|path| !path.as_os_str().is_empty());
    let audit_key_file = key;
    let usual = StoreConfig::in_folder(&folder);
    let place = StoreConfig { audit_key_file, secret_key_file, grant_key_file, blob_place, postgres, ..usual };
    let store = Store::open(place)?;
    let served = context::full_runtime()?.block_on(serve(Form::of(global), config, &store, &folder));
    store.close();
    served
}

/// Waits for SIGTERM or SIGINT.
///
/// # Errors
/// [`Exit::Environment`] where signals cannot be heard.
pub async fn wait_for_signal() -> Result<(), Failure> {
    StopSignals::listen()?.heard().await;
    Ok(())
}

async fn serve(form: Form, config: ServerConfig, store: &Store, folder: &Path) -> Result<Exit, Failure> {
    let mut stop = StopSignals::listen()?;
    let clock = config.clock.clone();
    let running = server::serve(config, store.clone()).await?;
    // Nobody can sign in before this, so the order is safe; and a port in use leaves no half-started marketplace.
    let token = server::first_start(store, &clock).await?;
    let token = token.map(|administrator| administrator.secret.reveal().to_owned());
    announce(form, &running, token.as_deref(), folder)?;
    stop.heard().await;
    tracing::info!("stopping: running requests end and jobs are given back; a second signal stops at once");
    tokio::select! {
        () = running.shut_down() => {
            tracing::info!("stopped");
            Ok(Exit::Done)
        }
        () = stop.heard() => {
            Err(Failure::new(Exit::Failed, "stopped at once by a second signal; nothing acknowledged is lost"))
        }
    }
}

/// Prints the address and, on the first start, the token, each on a line of its own; the log never has the token.
fn announce(form: Form, running: &RunningServer, token: Option<&str>, folder: &Path) -> Result<(), Failure> {
    let kept = token.map(|token| {
        let path = folder.join(TOKEN_FILE);
        write_private(&path, format!("{token}\n").as_bytes()).map_err(|error| {
            Failure::new(Exit::Environment, format!("the token cannot be kept in {}: {error}", path.display()))
        })
    });
    if form == Form::Json {
        output::json(&json!({"listening_on": running.url(), "administrator_token": token}))?;
    } else {
        output::line(&format!("listening on {}", running.url()))?;
        if let Some(token) = token {
            output::line(&format!("administrator token: {token}"))?;
        }
    }
    kept.unwrap_or(Ok(()))
}

fn transport(command: &Serve) -> Transport {
    match (&command.tls_cert, &command.tls_key) {
        (Some(certificate), Some(key)) => Transport::Tls { certificate: certificate.clone(), key: key.clone() },
        _ if !command.behind_proxy.is_empty() => Transport::BehindProxy(command.behind_proxy.clone()),
        _ => Transport::Loopback,
    }
}

fn start_log(format: LogFormat) -> Result<(), Failure> {
    let wanted = std::env::var(LOG_VARIABLE).ok().filter(|text| !text.is_empty()).unwrap_or_else(|| "info".to_owned());
    let filter = EnvFilter::try_new(&wanted)
        .map_err(|error| Failure::new(Exit::Config, format!("{LOG_VARIABLE}={wanted:?}: {error}")))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Text => lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
    started.map_err(|error| Failure::new(Exit::Failed, format!("the log cannot be started: {error}")))
}

/// An address, or a name of this machine with a port.
fn address(text: &str) -> Result<SocketAddr, String> {
    let refused = |error: std::io::Error| format!("{error}; write it as 127.0.0.1:7373 or localhost:7373");
    text.to_socket_addrs().map_err(refused)?.next().ok_or_else(|| "the name has no address".to_owned())
}
