//! Makes connections: encrypted where the URL says so, and set up alike.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::NoTls;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::PostgresUrl;
use super::refusal;
use super::session::Session;
use super::wire::Wire;

/// What every connection is set to: nothing waits for ever, and an answer follows the disk.
const SETTINGS: &str = "SET statement_timeout = '30s'; SET lock_timeout = '10s'; \
     SET idle_in_transaction_session_timeout = '60s'; SET synchronous_commit = on; SET client_encoding = 'UTF8'; \
     SET standard_conforming_strings = on; SET default_transaction_isolation = 'read committed'";

/// Why there is no connection.
#[derive(Clone, Debug)]
pub(in crate::store) struct NotConnected {
    /// What went wrong.
    pub what: String,
    /// What to do about it.
    pub cure: &'static str,
}

/// Makes a connection; only on a thread that runs no async code.
///
/// # Errors
/// [`NotConnected`].
pub(in crate::store) fn connect(url: &PostgresUrl) -> Result<Session, NotConnected> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| NotConnected {
        what: format!("no thread can wait for the network: {error}"),
        cure: "raise the limit of open files (ulimit -n)",
    })?;
    let connected = if url.is_encrypted() {
        Wire::connect(runtime, url.config(), tls()?)
    } else {
        Wire::connect(runtime, url.config(), NoTls)
    };
    let settled = connected.and_then(|mut wire| wire.run(SETTINGS).map(|()| wire));
    let wire = settled.map_err(|error| {
        let (what, cure) = refusal::of_connecting(&error);
        NotConnected { what, cure }
    })?;
    Ok(Session::new(wire))
}

/// Trusts the certificates that this machine trusts, or those that `SSL_CERT_FILE` names.
fn tls() -> Result<MakeRustlsConnect, NotConnected> {
    let mut roots = RootCertStore::empty();
    let (_, left_out) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        let what = format!("this machine trusts no certificate at all ({left_out} are unreadable)");
        return Err(NotConnected { what, cure: "install ca-certificates, or name a file with SSL_CERT_FILE" });
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(|error| {
            NotConnected {
                what: format!("TLS cannot be set up: {error}"),
                cure: "report this; it is a mistake in skydeck",
            }
        })?;
    Ok(MakeRustlsConnect::new(config.with_root_certificates(roots).with_no_client_auth()))
}
