//! How the wire is protected: TLS with an authority of one's own, a proxy in front, connections that dawdle.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use reqwest::Method;
use skydeck::client::{Authorities, Client, ClientError, Secret};
use skydeck::server::clock::Clock;
use skydeck::server::{RateLimits, RunningServer, ServerConfig, Transport, first_start, serve};
use skydeck::store::{Store, StoreConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::cli::program::Program;
use crate::harness::{Server, answer};

/// An authority's certificate, and a server's chain and key, as PEM files of a folder.
struct Certificates {
    authority: PathBuf,
    chain: PathBuf,
    key: PathBuf,
}

impl Certificates {
    fn make(folder: &Path, name: &str) -> Certificates {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let chain = CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();
        let file = |name: &str, text: String| {
            std::fs::write(folder.join(name), text).unwrap();
            folder.join(name)
        };
        Certificates {
            authority: file("authority.pem", authority.pem()),
            chain: file("chain.pem", chain.pem()),
            key: file("key.pem", key.serialize_pem()),
        }
    }
}

/// A server that speaks TLS, and its first token.
async fn over_tls(certificates: &Certificates, data: &Path) -> (RunningServer, Secret) {
    let store = Store::open(StoreConfig::in_folder(data)).unwrap();
    let first = first_start(&store, &Clock::System).await.unwrap().unwrap();
    let transport = Transport::Tls { certificate: certificates.chain.clone(), key: certificates.key.clone() };
    let running = serve(ServerConfig { transport, ..ServerConfig::default() }, store).await.unwrap();
    (running, first.secret.reveal().parse().unwrap())
}

#[tokio::test]
async fn a_server_with_a_certificate_of_an_own_authority_is_trusted_when_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let certificates = Certificates::make(folder.path(), "our authority");
    let (server, secret) = over_tls(&certificates, &folder.path().join("data")).await;
    assert!(server.url().starts_with("https://"));
    let pem = std::fs::read(&certificates.authority).unwrap();
    let own = Authorities::from_pem(&pem).unwrap();
    let client = Client::trusting(server.url().parse().unwrap(), Some(secret.clone()), Some(&own)).unwrap();
    assert_eq!(client.me().await.unwrap().account.name, "administrator");

    let other = tempfile::tempdir().unwrap();
    let stranger = std::fs::read(Certificates::make(other.path(), "another authority").authority).unwrap();
    let stranger = Authorities::from_pem(&stranger).unwrap();
    let refused = Client::trusting(server.url().parse().unwrap(), None, Some(&stranger)).unwrap().healthz().await;
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("cannot reach") && text.contains("SKYDECK_CA_FILE"), "{text}");

    let program = Program::new()
        .with("SKYDECK_SERVER", server.url())
        .with("SKYDECK_TOKEN", secret.reveal())
        .with("SKYDECK_CA_FILE", certificates.authority.display().to_string());
    let ran = tokio::task::spawn_blocking(move || program.succeed(&["queue"])).await.unwrap();
    assert!(ran.error.is_empty(), "{ran:?}");
}

#[test]
fn a_certificate_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let certificates = Certificates::make(folder.path(), "our authority");
    let (chain, key) = (certificates.chain.display().to_string(), certificates.key.display().to_string());
    let program = Program::new();
    for (chain, key, said) in [
        (&key, &key, "no certificate in PEM form"),
        (&chain, &chain, "cannot use the TLS key"),
        (&"nowhere.pem".to_owned(), &key, "nowhere.pem"),
    ] {
        let words = ["serve", "--listen", "127.0.0.1:0", "--tls-cert", chain, "--tls-key", key];
        program.run(&words).expect(10, &["cannot use the TLS", said]);
    }
    program.run(&["serve", "--listen", "0.0.0.0:0"]).expect(2, &["0.0.0.0:0", "--tls-cert", "--behind-proxy"]);
}

#[tokio::test]
async fn plain_http_to_a_tls_port_is_told_apart_and_the_server_lives() {
    let folder = tempfile::tempdir().unwrap();
    let certificates = Certificates::make(folder.path(), "our authority");
    let (server, _) = over_tls(&certificates, &folder.path().join("data")).await;
    let plain: skydeck::client::ServerUrl = server.url().replace("https", "http").parse().unwrap();
    let error = Client::new(plain, None).unwrap().healthz().await.unwrap_err();
    assert!(matches!(error, ClientError::Offline { .. } | ClientError::Protocol { .. }), "{error}");
    let own = Authorities::from_pem(&std::fs::read(&certificates.authority).unwrap()).unwrap();
    Client::trusting(server.url().parse().unwrap(), None, Some(&own)).unwrap().healthz().await.unwrap();
}

#[tokio::test]
async fn behind_a_proxy_addresses_are_counted_as_the_proxy_tells_them() {
    let server = Server::start_with(|config| {
        config.transport = Transport::BehindProxy(vec!["127.0.0.0/8".parse().unwrap()]);
        config.rates = RateLimits { token_per_minute: None, address_per_minute: Some(2) };
    })
    .await;
    let ask = |from: &'static str| {
        let request = crate::harness::raw_client().request(Method::GET, format!("{}/me", server.url()));
        answer(request.header("X-Forwarded-For", from))
    };
    assert_eq!(ask("203.0.113.7").await.status, 401);
    assert_eq!(ask("203.0.113.7").await.status, 401);
    assert_eq!(ask("203.0.113.7").await.status, 429);
    assert_eq!(ask("198.51.100.9").await.status, 401, "another address has its own count");
    assert_eq!(ask("198.51.100.9, 203.0.113.7").await.status, 429, "what a caller forges to the left counts nothing");
}

#[tokio::test]
async fn without_a_proxy_forwarded_addresses_are_not_believed() {
    let rates = RateLimits { token_per_minute: None, address_per_minute: Some(2) };
    let server = Server::start_with(|config| config.rates = rates).await;
    let mut statuses = Vec::new();
    for from in ["203.0.113.7", "198.51.100.9", "192.0.2.1"] {
        let request = crate::harness::raw_client().request(Method::GET, format!("{}/me", server.url()));
        statuses.push(answer(request.header("X-Forwarded-For", from)).await.status);
    }
    assert_eq!(statuses, [401, 401, 429]);
}

#[tokio::test]
async fn who_is_no_proxy_is_not_let_in_behind_one() {
    let elsewhere = |config: &mut ServerConfig| {
        config.transport = Transport::BehindProxy(vec!["192.0.2.0/24".parse().unwrap()]);
    };
    let server = Server::start_with(elsewhere).await;
    let sent = crate::harness::raw_client().get(format!("{}/healthz", server.url())).send().await;
    assert!(sent.is_err(), "{sent:?}");
}

#[tokio::test]
async fn a_connection_that_dawdles_over_its_headers_is_ended() {
    let server = Server::start_with(|config| config.header_timeout_ms = 100).await;
    let address = server.url().replace("http://", "");
    for start in [&b""[..], b"PRI * HTT", b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: "] {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(start).await.unwrap();
        let mut reply = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut reply)).await;
        read.expect("the connection is ended").ok();
        assert!(!String::from_utf8_lossy(&reply).contains(" 200 "), "{start:?}");
    }
    server.administrator().client.healthz().await.unwrap();
}
