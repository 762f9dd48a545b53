//! A real S3 peer behind a proxy that fails as told or as a seed has it: refusals, broken connections, cut and wrong bytes.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use skydeck::store::{BlobPlace, Patience};

/// Names the S3 peer, such as `http://127.0.0.1:5000`.
const SERVER: &str = "SKYDECK_TEST_S3";
/// The peer wants to see that a request is signed, and does not look by whom.
const SIGNED: &str =
    "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
/// Faults in a row that one object meets, so that a bounded number of attempts gets through.
const IN_A_ROW_MAX: u32 = 3;

/// What happens to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Answered with this status, and not passed on.
    Refused(u16),
    /// Passed on, and answered with 500 all the same.
    DoneAndRefused,
    /// The connection ends without an answer.
    HungUp,
    /// The connection ends in the middle of the answer.
    Cut,
    /// The answer is shorter, and says so.
    Shortened,
    /// One byte of the answer is another one.
    WrongByte,
    /// The answer comes in bits.
    Slow,
    /// No answer comes.
    Silent,
    /// Refused with 403 and a word of S3's.
    Denied(&'static str),
    /// Changes are refused as denied; the rest is passed on.
    ReadOnly,
}

/// When requests meet faults.
#[derive(Clone, Debug)]
pub enum Plan {
    Never,
    Always(Fault),
    /// About half of the time, as a seed has it.
    Sometimes(u64),
}

/// A bucket of its own at the S3 peer, behind a proxy of its own.
pub struct FaultyStore {
    address: SocketAddr,
    upstream: String,
    bucket: String,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: SocketAddr,
    plan: Mutex<Plan>,
    /// How often an object was asked for by a method, and how many faults it met in a row.
    asked: Mutex<HashMap<String, (u64, u32)>>,
}

struct Request {
    method: String,
    target: String,
    head: String,
    body: Vec<u8>,
}

impl FaultyStore {
    /// Starts one that is sound so far; nothing, and a line that says what is left out, where no peer is named.
    pub fn start() -> Option<FaultyStore> {
        let Some(upstream) = std::env::var(SERVER).ok().filter(|url| !url.is_empty()) else {
            let test = std::thread::current().name().unwrap_or_default().to_owned();
            eprintln!("{test}: left out; set {SERVER}=http://127.0.0.1:PORT (a moto_server) to run it");
            return None;
        };
        let peer = upstream.trim_start_matches("http://").trim_end_matches('/').parse().expect("an address and a port");
        let plan = Mutex::new(Plan::Never);
        let shared = Arc::new(Shared { upstream: peer, plan, asked: Mutex::default() });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let serving = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = serving.clone();
                std::thread::spawn(move || serving.serve(stream));
            }
        });
        let bucket = format!("codes-{:08x}-{:08x}", std::process::id(), getrandom::u32().unwrap());
        let store = FaultyStore { address, upstream, bucket, shared };
        assert_eq!(store.direct("PUT", "").0, 200, "the bucket is made");
        Some(store)
    }

    pub fn set(&self, plan: Plan) {
        *self.shared.plan.lock().unwrap() = plan;
    }

    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The bucket as a place for code.
    pub fn url(&self) -> String {
        format!("s3://{}/market", self.bucket)
    }

    /// The variables that lead through the proxy.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", format!("http://{}", self.address)),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "AKIATESTTESTTEST".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "s3cret".to_owned()),
        ]
    }

    /// The place through the proxy, with pauses that suit a test.
    pub fn place(&self, patience: Patience) -> BlobPlace {
        self.place_at(&self.url(), patience)
    }

    pub fn place_at(&self, url: &str, patience: Patience) -> BlobPlace {
        let variables = self.variables().into_iter().map(|(name, value)| (name.to_owned(), value));
        BlobPlace::parse(url, variables).unwrap().with_patience(patience)
    }

    /// Asks the peer itself for an object of the bucket; gives status and body.
    pub fn direct(&self, method: &str, key: &str) -> (u16, Vec<u8>) {
        let (method, url) =
            (method.to_owned(), format!("{}/{}/{key}", self.upstream.trim_end_matches('/'), self.bucket));
        let asked = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let request = crate::harness::raw_client().request(method.parse().unwrap(), url.trim_end_matches('/'));
                let answer = request.header("Authorization", SIGNED).body("").send().await.unwrap();
                (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
            })
        });
        asked.join().unwrap()
    }
}

impl Shared {
    fn serve(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while let Some(request) = Request::read(&mut reader) {
            let fault = self.fault(&request);
            if self.answer(&stream, &request, fault).is_none() {
                let _ = stream.shutdown(Shutdown::Both);
                return;
            }
        }
    }

    /// Answers one request; nothing where the connection is to end.
    fn answer(&self, mut stream: &TcpStream, request: &Request, fault: Option<Fault>) -> Option<()> {
        match fault {
            Some(Fault::Refused(status)) => return stream.write_all(&refusal(status, "SlowDown")).ok(),
            Some(Fault::Denied(code)) => return stream.write_all(&refusal(403, code)).ok(),
            Some(Fault::ReadOnly) if !matches!(request.method.as_str(), "GET" | "HEAD") => {
                return stream.write_all(&refusal(403, "AccessDenied")).ok();
            }
            Some(Fault::HungUp) => return None,
            Some(Fault::Silent) => {
                // Until the client gives up.
                let _ = stream.read(&mut [0]);
                return None;
            }
            _ => {}
        }
        let answer = self.pass_on(request)?;
        let body_at = answer.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
        let (head, body) = answer.split_at(body_at);
        match fault {
            Some(Fault::DoneAndRefused) => stream.write_all(&refusal(500, "InternalError")).ok(),
            Some(Fault::Cut) if !body.is_empty() => {
                stream.write_all(&answer[..body_at + body.len() / 2]).ok()?;
                None
            }
            Some(Fault::Shortened) if body.len() > 1 && request.method == "GET" => {
                let half = &body[..body.len() / 2];
                let lines = String::from_utf8_lossy(head);
                let kept =
                    lines.trim_end().lines().filter(|line| !line.to_ascii_lowercase().starts_with("content-length"));
                let length = format!("Content-Length: {}\r\n\r\n", half.len());
                let head = kept.fold(String::new(), |head, line| head + line + "\r\n") + &length;
                stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(half)).ok()
            }
            Some(Fault::WrongByte) if !body.is_empty() => {
                let mut wrong = answer.clone();
                wrong[body_at + body.len() / 2] ^= 1;
                stream.write_all(&wrong).ok()
            }
            Some(Fault::Slow) => {
                for part in answer.chunks(answer.len().div_ceil(4)) {
                    stream.write_all(part).ok()?;
                    std::thread::sleep(Duration::from_millis(5));
                }
                Some(())
            }
            _ => stream.write_all(&answer).ok(),
        }?;
        // The peer was told to end its connection, and says so in its head.
        None
    }

    fn pass_on(&self, request: &Request) -> Option<Vec<u8>> {
        let mut peer = TcpStream::connect(self.upstream).ok()?;
        peer.write_all(request.head.as_bytes()).and_then(|()| peer.write_all(&request.body)).ok()?;
        let mut answer = Vec::new();
        peer.read_to_end(&mut answer).ok()?;
        Some(answer)
    }

    /// What happens to this request; the same seed and the same requests to an object give the same faults.
    fn fault(&self, request: &Request) -> Option<Fault> {
        let path = request.target.split('?').next().unwrap_or_default();
        let key = format!("{} {path}", request.method);
        let seed = match *self.plan.lock().unwrap() {
            Plan::Never => return None,
            Plan::Always(fault) => return Some(fault),
            Plan::Sometimes(seed) => seed,
        };
        let mut asked = self.asked.lock().unwrap();
        let (number, in_a_row) = asked.entry(key).or_default();
        *number += 1;
        // The bucket's name is another one in each run; what follows it is not.
        let object = path.splitn(3, '/').nth(2).unwrap_or_default();
        let random = object
            .bytes()
            .chain(request.method.bytes())
            .fold(seed ^ (*number << 32), |mixed, byte| splitmix(mixed ^ u64::from(byte)));
        let faults = [
            Fault::Refused(500),
            Fault::Refused(503),
            Fault::DoneAndRefused,
            Fault::HungUp,
            Fault::Cut,
            Fault::Shortened,
            Fault::WrongByte,
            Fault::Slow,
        ];
        if *in_a_row >= IN_A_ROW_MAX || random.is_multiple_of(2) {
            *in_a_row = 0;
            return None;
        }
        *in_a_row += 1;
        Some(faults[(random >> 8) as usize % faults.len()])
    }
}

impl Request {
    fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
        let (mut lines, mut length) = (Vec::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end().to_owned();
            if line.is_empty() {
                break;
            }
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            if !lower.starts_with("connection:") {
                lines.push(line);
            }
        }
        let mut words = lines.first()?.split(' ');
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let head = lines.iter().fold(String::new(), |head, line| head + line + "\r\n") + "Connection: close\r\n\r\n";
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        Some(Request { method, target, head, body })
    }
}

fn refusal(status: u16, code: &str) -> Vec<u8> {
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><StringToSign>s3cret</StringToSign></Error>");
    let head =
        format!("HTTP/1.1 {status} Refused\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\r\n", body.len());
    (head + &body).into_bytes()
}

/// Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators": the finalizer.
fn splitmix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
