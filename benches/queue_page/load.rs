//! A connection that asks and reads, and does as little else as can be: it shares the cores with the server.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use anyhow::{Result, anyhow};
use serde_json::Value;

/// One keep-alive connection of HTTP/1.1.
pub struct Connection {
    stream: TcpStream,
    host: String,
    token: String,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub fn open(address: &str, token: &str) -> Result<Connection> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, host: address.to_owned(), token: token.to_owned(), buffer: vec![0; 1 << 18] })
    }

    /// The bytes that ask for a path.
    pub fn request(&self, path: &str) -> Vec<u8> {
        let (host, token) = (&self.host, &self.token);
        format!(
            "GET {path} HTTP/1.1\r\nhost: {host}\r\naccept: application/json\r\nauthorization: Bearer {token}\r\n\r\n"
        )
        .into_bytes()
    }

    /// Sends a request and reads the whole answer; gives its body.
    pub fn answer(&mut self, request: &[u8]) -> Result<&[u8]> {
        self.stream.write_all(request)?;
        let (mut filled, mut searched) = (0, 0);
        let body_at = loop {
            filled += self.read(filled)?;
            if let Some(at) = self.buffer[searched..filled].windows(4).position(|four| four == b"\r\n\r\n") {
                break searched + at + 4;
            }
            searched = filled.saturating_sub(3);
        };
        let head = std::str::from_utf8(&self.buffer[..body_at])?;
        if !head.starts_with("HTTP/1.1 200") {
            return Err(anyhow!("the server answered {:?}", head.lines().next()));
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        let end = body_at + length.ok_or_else(|| anyhow!("an answer without a length"))?;
        while filled < end {
            filled += self.read(filled)?;
        }
        Ok(&self.buffer[body_at..end])
    }

    /// The cursor of the page after this one; none at the end.
    pub fn next_page(&mut self, path: &str) -> Result<Option<String>> {
        let request = self.request(path);
        let page: Value = serde_json::from_slice(self.answer(&request)?)?;
        Ok(page["next"].as_str().map(str::to_owned))
    }

    fn read(&mut self, filled: usize) -> Result<usize> {
        match self.stream.read(&mut self.buffer[filled..])? {
            0 => Err(anyhow!("the server closed the connection, or its answer is too long")),
            bytes => Ok(bytes),
        }
    }
}
