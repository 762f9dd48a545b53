//! The accept loop: which connections are let in, how long their headers may take, and how they end.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use super::config::{ServerConfig, Transport};
use super::envelope::Peer;
use super::stop::Stop;
use crate::domain::node::Unfit;
use crate::store::StoreError;

/// How an HTTP/2 connection starts (RFC 9113, section 3.4).
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Time between two looks at a preface that has arrived in part.
const PREFACE_AGAIN: Duration = Duration::from_millis(10);
/// Time after an accept that failed, as for want of file descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);
/// Bytes of one request's headers.
const HEADER_BYTES_MAX: usize = 32 << 10;
/// Requests at once on one HTTP/2 connection.
const STREAMS_MAX: u32 = 128;
/// Time after which a silent HTTP/2 connection is asked whether it is alive.
const HTTP2_PING: Duration = Duration::from_secs(20);

/// Why the server cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address is taken or not this machine's.
    #[error("cannot listen on {address}: {source}; choose another with --listen, port 0 picks a free one")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// Without protection nobody but this machine may talk to it.
    #[error(
        "{0} is not a loopback address, and tokens may not travel unprotected: \
         give --tls-cert and --tls-key, or --behind-proxy CIDR where a proxy protects the wire"
    )]
    Unprotected(SocketAddr),
    /// The certificate or its key cannot be used.
    #[error("cannot use the TLS {what} {path}: {reason}")]
    Tls {
        /// `certificate` or `key`.
        what: &'static str,
        /// The file.
        path: String,
        /// Why not.
        reason: String,
    },
    /// It may not serve beside the other servers on its database.
    #[error("not started beside the other servers of this marketplace: {0}")]
    Unfit(Unfit),
    /// The database did not let it join the others.
    #[error("this server could not be noted down as one of the marketplace's: {0}")]
    NotJoined(StoreError),
    /// The system has no random bytes to make an id from.
    #[error("{0}")]
    NoRandomness(String),
}

/// A socket that listens, with all it needs to take connections.
pub struct Listening {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    local_addr: SocketAddr,
}

impl Listening {
    /// Listens.
    ///
    /// # Errors
    /// [`ListenError`], each with what to do about it.
    pub async fn bind(config: &ServerConfig) -> Result<Listening, ListenError> {
        let address = config.listen;
        if config.transport == Transport::Loopback && !address.ip().to_canonical().is_loopback() {
            return Err(ListenError::Unprotected(address));
        }
        let tls = match &config.transport {
            Transport::Tls { certificate, key } => Some(tls(certificate, key)?),
            Transport::Loopback | Transport::BehindProxy(_) => None,
        };
        let refused = |source| ListenError::Bind { address, source };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let local_addr = listener.local_addr().map_err(refused)?;
        Ok(Listening { listener, tls, local_addr })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Whether it speaks TLS.
    pub fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Takes connections until told to stop, then lets running requests end within the time the configuration gives.
    pub async fn run(self, config: ServerConfig, service: Router, stop: Stop) {
        let config = Arc::new(config);
        let graceful = GracefulShutdown::new();
        let places = Arc::new(Semaphore::new(config.connections_max));
        loop {
            let place = tokio::select! {
                () = stop.requested() => break,
                place = Arc::clone(&places).acquire_owned() => match place {
                    Ok(place) => place,
                    Err(_) => break,
                },
            };
            let (stream, peer) = tokio::select! {
                () = stop.requested() => break,
                accepted = self.listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(ACCEPT_AGAIN).await;
                        continue;
                    }
                },
            };
            let peer = peer.ip().to_canonical();
            if matches!(config.transport, Transport::BehindProxy(_)) && !config.trusts(peer) {
                tracing::warn!(%peer, "a connection from outside the proxies was refused");
                continue;
            }
            let connection = Connection { config: Arc::clone(&config), service: service.clone(), peer };
            let (tls, watcher) = (self.tls.clone(), graceful.watcher());
            tokio::spawn(async move {
                connection.open(stream, tls, watcher).await;
                drop(place);
            });
        }
        drop(self.listener);
        let grace = Duration::from_millis(config.shutdown_grace_ms);
        if tokio::time::timeout(grace, graceful.shutdown()).await.is_err() {
            tracing::warn!("some requests did not end in time and were cut off");
        }
    }
}

struct Connection {
    config: Arc<ServerConfig>,
    service: Router,
    peer: IpAddr,
}

impl Connection {
    async fn open(self, stream: TcpStream, tls: Option<TlsAcceptor>, watcher: hyper_util::server::graceful::Watcher) {
        let _small_answers_go_at_once = stream.set_nodelay(true);
        let timeout = Duration::from_millis(self.config.header_timeout_ms);
        let Some(tls) = tls else {
            let Ok(Ok(speaks)) = tokio::time::timeout(timeout, speaks(&stream)).await else { return };
            return self.serve(stream, speaks, watcher).await;
        };
        match tokio::time::timeout(timeout, tls.accept(stream)).await {
            Ok(Ok(stream)) => {
                let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                self.serve(stream, if http2 { Speaks::Http2 } else { Speaks::Http1 }, watcher).await;
            }
            Ok(Err(error)) => tracing::debug!(peer = %self.peer, %error, "a TLS handshake failed"),
            Err(_) => tracing::debug!(peer = %self.peer, "a TLS handshake took too long"),
        }
    }

    async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        self,
        stream: S,
        speaks: Speaks,
        watcher: hyper_util::server::graceful::Watcher,
    ) {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        let timeout = Duration::from_millis(self.config.header_timeout_ms);
        builder.http1().timer(TokioTimer::new()).header_read_timeout(timeout).max_buf_size(HEADER_BYTES_MAX);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(HTTP2_PING)
            .max_concurrent_streams(STREAMS_MAX)
            .max_header_list_size(u32::try_from(HEADER_BYTES_MAX).unwrap_or(u32::MAX));
        let builder = match speaks {
            Speaks::Http1 => builder.http1_only(),
            Speaks::Http2 => builder.http2_only(),
        };
        let peer = Peer(self.peer);
        let router = self.service;
        let service = tower::service_fn(move |mut request: http::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(peer);
            tower::ServiceExt::oneshot(router.clone(), request)
        });
        let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)).into_owned();
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(peer = %self.peer, %error, "a connection ended with an error");
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speaks {
    Http1,
    Http2,
}

/// Looks at the first bytes of a connection without taking them.
async fn speaks(stream: &TcpStream) -> io::Result<Speaks> {
    let mut seen = [0_u8; HTTP2_PREFACE.len()];
    loop {
        let count = stream.peek(&mut seen).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if !HTTP2_PREFACE.starts_with(&seen[..count]) {
            return Ok(Speaks::Http1);
        }
        if count == HTTP2_PREFACE.len() {
            return Ok(Speaks::Http2);
        }
        tokio::time::sleep(PREFACE_AGAIN).await;
    }
}

fn tls(certificate: &std::path::Path, key: &std::path::Path) -> Result<TlsAcceptor, ListenError> {
    let refused = |what, path: &std::path::Path, reason: String| ListenError::Tls {
        what,
        path: path.display().to_string(),
        reason,
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| refused("certificate", certificate, error.to_string()))?;
    if chain.is_empty() {
        return Err(refused("certificate", certificate, "there is no certificate in PEM form in it".to_owned()));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| refused("key", key, error.to_string()))?;
    let mut config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private))
        .map_err(|error| refused("certificate", certificate, error.to_string()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
