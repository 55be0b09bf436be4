//! Just enough of HTTP to ask a server the same again and again.

use std::net::SocketAddr;

use anyhow::{Context as _, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A connection that stays, and the request that is sent over it.
pub struct HttpClient {
    stream: TcpStream,
    request: Vec<u8>,
    buffer: Vec<u8>,
}

/// A response's status and headers, and where its body ends.
struct Head<'a> {
    status: &'a str,
    cookie: Option<&'a str>,
    body: Body,
}

#[derive(Debug, PartialEq, Eq)]
enum Body {
    Length(usize),
    Chunked,
}

impl HttpClient {
    /// Connects, and asks once: who is given a cookie brings it along from then on.
    ///
    /// # Errors
    ///
    /// The server can't be reached, or answers with something else than 200.
    pub async fn connect(address: SocketAddr, method: &str, path: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let request = |cookie: &str| {
            format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: 0\r\n{cookie}\r\n").into_bytes()
        };
        let mut client = Self { stream, request: request(""), buffer: Vec::with_capacity(4096) };
        if let Some(cookie) = client.ask().await? {
            client.request = request(&format!("cookie: {cookie}\r\n"));
        }
        Ok(client)
    }

    /// Asks, and returns the cookie that came with the answer.
    ///
    /// # Errors
    ///
    /// The server has gone, or answers with something else than 200.
    pub async fn ask(&mut self) -> anyhow::Result<Option<String>> {
        self.stream.write_all(&self.request).await?;
        self.buffer.clear();
        let end = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
            self.more().await?;
        };
        let head = std::str::from_utf8(&self.buffer[..end])?;
        let Head { status, cookie, body } = Head::parse(head)?;
        ensure!(status == "200", "the server answers {status}");
        let cookie = cookie.map(str::to_owned);
        match body {
            Body::Length(length) => {
                while self.buffer.len() < end + length {
                    self.more().await?;
                }
            }
            Body::Chunked => {
                while !self.buffer[end..].ends_with(b"0\r\n\r\n") {
                    self.more().await?;
                }
            }
        }
        Ok(cookie)
    }

    async fn more(&mut self) -> anyhow::Result<()> {
        ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the server has closed");
        Ok(())
    }
}

impl<'a> Head<'a> {
    fn parse(text: &'a str) -> anyhow::Result<Self> {
        let (line, headers) = text.split_once("\r\n").context("a status line")?;
        let status = line.split(' ').nth(1).context("a status")?;
        let headers = headers.lines().filter_map(|line| line.split_once(": "));
        let (mut cookie, mut body) = (None, None);
        for (name, value) in headers {
            match name.to_ascii_lowercase().as_str() {
                "set-cookie" => cookie = value.split(';').next(),
                "content-length" => body = Some(Body::Length(value.parse()?)),
                "transfer-encoding" => body = Some(Body::Chunked),
                _ => {}
            }
        }
        let Some(body) = body else { bail!("a body whose end nobody tells") };
        Ok(Self { status, cookie, body })
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::{Body, Head};

    #[test]
    fn a_head_says_status_cookie_and_the_body_s_end() {
        let head = Head::parse("HTTP/1.1 200 OK\r\nSet-Cookie: id=1; Path=/\r\ncontent-length: 3\r\n\r\n").unwrap();
        assert_eq!((head.status, head.cookie, head.body), ("200", Some("id=1"), Body::Length(3)));
        let head = Head::parse("HTTP/1.1 500 No\r\ntransfer-encoding: chunked\r\n\r\n").unwrap();
        assert_eq!((head.status, head.cookie, head.body), ("500", None, Body::Chunked));
        assert!(Head::parse("HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
