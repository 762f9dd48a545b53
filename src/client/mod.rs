//! The typed HTTP client: one method a route, safe to repeat, and never a token where it could be read.
//!
//! A changing POST always carries an `Idempotency-Key`, so that it is sent again after a lost connection without being
//! done twice. A [`Client`] is cheap to clone; [`Client::rehearsing`] gives one whose changes are judged and not kept.

mod accounts;
mod audit;
mod authorities;
mod call;
mod error;
mod events;
mod extensions;
mod nodes;
mod policy;
mod purchases;
mod queue;
mod ratings;
mod reviews;
mod runs;
mod server_url;
mod servers;
mod sse;
#[cfg(test)]
mod tests;
mod versions;

use std::sync::Arc;
use std::time::Duration;

pub use audit::AuditQuery;
pub use authorities::{Authorities, NotAnAuthority};
pub use error::ClientError;
pub use events::{EventStream, EventsQuery};
pub use purchases::SalesQuery;
pub use ratings::RatingFilter;
pub use server_url::{NotASecret, NotAServerUrl, Secret, ServerUrl};

/// Time to reach the server.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A value and the `ETag` it came with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched<T> {
    /// The value.
    pub value: T,
    /// The strong `ETag` without quotes; none where the thing cannot change.
    pub etag: Option<String>,
}

/// What a change rests on, sent as `If-Match`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Nothing was read before; the server accepts this for submit, claim and edits, never for approve and reject.
    Nothing,
    /// The revision that was shown.
    Revision(i64),
}

/// What part of a list is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageQuery {
    /// A filter such as `stage:ready scope:ban sort:-priority`; everything where absent.
    pub q: Option<String>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
    /// 1 to 100; the server's default where absent.
    pub limit: Option<usize>,
    /// Whether `total` is counted too.
    pub total: Total,
}

/// Whether the whole list is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Total {
    /// No; the page alone is cheap.
    #[default]
    Uncounted,
    /// Yes.
    Counted,
}

/// A connection to one server as one caller. Cloning shares the connections.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
    rehearsal: Rehearsal,
}

struct Inner {
    server: ServerUrl,
    secret: Option<Secret>,
    http: reqwest::Client,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rehearsal {
    Real,
    DryRun,
}

impl Client {
    /// Prepares a client; nothing is sent yet.
    ///
    /// # Errors
    /// [`ClientError::TokenOverPlainHttp`] for a token and an `http://` address that is not this machine;
    /// [`ClientError::Setup`] where TLS cannot be set up.
    pub fn new(server: ServerUrl, secret: Option<Secret>) -> Result<Client, ClientError> {
        Client::trusting(server, secret, None)
    }

    /// The same, for a server whose certificate is of an authority of one's own.
    ///
    /// # Errors
    /// See [`Client::new`].
    pub fn trusting(
        server: ServerUrl,
        secret: Option<Secret>,
        authorities: Option<&Authorities>,
    ) -> Result<Client, ClientError> {
        if secret.is_some() && !server.is_private() {
            return Err(ClientError::TokenOverPlainHttp { server: server.to_string() });
        }
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("skydeck/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(Duration::from_mins(1))
            .tcp_nodelay(true);
        let setup = |error: String| ClientError::Setup { detail: error };
        if server.is_https() {
            if rustls::crypto::CryptoProvider::get_default().is_none() {
                // Losing this race means that another thread has installed one, which is as good.
                let _ = rustls::crypto::ring::default_provider().install_default();
            }
            if let Some(authorities) = authorities {
                builder = builder.tls_certs_only(authorities.certificates());
            }
        } else {
            let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(|error| setup(error.to_string()))?
                .with_root_certificates(rustls::RootCertStore::empty())
                .with_no_client_auth();
            builder = builder.tls_backend_preconfigured(tls).no_proxy();
        }
        let http = builder.build().map_err(|error| setup(error::chain(&error)))?;
        Ok(Client { inner: Arc::new(Inner { server, secret, http }), rehearsal: Rehearsal::Real })
    }

    /// The same client, whose changes are judged whole by the server and not kept (`dry_run=true`).
    #[must_use]
    pub fn rehearsing(&self) -> Client {
        Client { inner: Arc::clone(&self.inner), rehearsal: Rehearsal::DryRun }
    }

    /// The server it speaks to.
    pub fn server(&self) -> &ServerUrl {
        &self.inner.server
    }

    /// Whether it names a caller.
    pub fn has_token(&self) -> bool {
        self.inner.secret.is_some()
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("server", &self.inner.server)
            .field("secret", &self.inner.secret)
            .field("rehearsal", &self.rehearsal)
            .finish_non_exhaustive()
    }
}

impl PageQuery {
    /// The first page of what the filter lets through.
    pub fn filtered(q: impl Into<String>) -> PageQuery {
        PageQuery { q: Some(q.into()), ..PageQuery::default() }
    }

    /// The page after one whose `next` was `cursor`.
    #[must_use]
    pub fn after(mut self, cursor: impl Into<String>) -> PageQuery {
        self.cursor = Some(cursor.into());
        self
    }

    /// At most so many items.
    #[must_use]
    pub fn limited(mut self, limit: usize) -> PageQuery {
        self.limit = Some(limit);
        self
    }
}
