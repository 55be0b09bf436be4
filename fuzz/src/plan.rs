//! What a fuzz input does: settings, calls, and what the network makes of them.

use drsession::options::Options;

use crate::network::Network;

/// The session that `attach` and the cookie name.
pub const ID: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
/// The field that most calls are about.
pub const FIELD: &str = "field";
/// Another one.
pub const OTHER: &str = "other";
/// A value.
pub const JSON: &str = "\"value\"";
/// The most calls of an input.
const MAX_CALLS: usize = 24;

/// An input, read: `settings|calls|turns` in its first line, a letter each, and behind it the network.
pub struct Plan {
    /// The settings.
    pub settings: Settings,
    /// How the handle is had.
    pub opening: Opening,
    /// The calls, in order.
    pub calls: Vec<Call>,
    /// Where calls come side by side: which of them has its turn.
    pub turns: Vec<Turn>,
    /// The network before the first call.
    pub network: Network,
}

/// The options of the store, as far as they lead elsewhere.
pub struct Settings {
    /// Where Redis is.
    pub url: &'static str,
    /// Whether calls look if the session lives.
    pub guard: bool,
    /// Whether Lua may be used.
    pub scripts: bool,
    /// How many replicas writes wait for.
    pub replicas: u32,
    /// Seconds from the first write.
    pub absolute_lifetime: Option<u32>,
}

/// What happens to a call under way, by its place in the list.
pub enum Turn {
    /// It goes on.
    GoesOn(usize),
    /// It is cancelled.
    Cancelled(usize),
}

/// How the handle is had.
pub enum Opening {
    /// A new session.
    Start,
    /// By its id.
    Attach,
    /// By a cookie.
    Cookie,
}

/// A call of the contract, with arguments that don't change.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the contract's names")]
pub enum Call {
    Check,
    Found,
    ResponseHeaders,
    Renewing,
    Get,
    GetMany,
    Contains,
    Len,
    Keys,
    Values,
    Items,
    Set,
    Update,
    SetIfAbsent,
    CompareAndSet,
    CompareAndCreate,
    Delete,
    Pop,
    Increment,
    IncrementFloat,
    Apply,
    GetBytes,
    ItemsBytes,
    Clear,
    Destroy,
    Rotate,
    Restart,
    Touch,
    Ttl,
    SetLifetime,
}

impl Plan {
    /// Every input is a plan.
    pub fn new(input: &[u8]) -> Self {
        let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
        let (line, network) = (&input[..end], input.get(end + 1..).unwrap_or_default());
        let mut parts = line.splitn(3, |byte| *byte == b'|');
        let [settings, calls, turns] = [parts.next(), parts.next(), parts.next()].map(Option::unwrap_or_default);
        let has = |letter: u8| settings.contains(&letter);
        let opening = match () {
            () if has(b'a') => Opening::Attach,
            () if has(b'c') => Opening::Cookie,
            () => Opening::Start,
        };
        let calls = calls.iter().filter_map(|letter| Call::of(*letter)).take(MAX_CALLS).collect();
        let turns = turns.iter().filter_map(|letter| match letter {
            b'a'..=b'z' => Some(Turn::GoesOn(usize::from(letter - b'a'))),
            b'A'..=b'Z' => Some(Turn::Cancelled(usize::from(letter - b'A'))),
            _ => None,
        });
        Self {
            settings: Settings::of(settings),
            opening,
            calls,
            turns: turns.collect(),
            network: Network::new(network),
        }
    }
}

impl Settings {
    fn of(letters: &[u8]) -> Self {
        let has = |letter: u8| letters.contains(&letter);
        let url = match () {
            () if has(b'C') => "redis://a:1,b:2?cluster=true",
            () if has(b'S') => "redis://user:password@a:1,b:2?sentinel=main",
            () if has(b'p') => "redis://user:password@a/3",
            () if has(b'3') => "redis://user:password@a/3?protocol=3",
            () => "redis://a",
        };
        let replicas = if has(b'r') { 1 } else { 0 };
        let absolute_lifetime = (has(b'l') && !has(b'u')).then_some(3_600);
        Self { url, guard: !has(b'u'), scripts: !has(b'n'), replicas, absolute_lifetime }
    }

    /// Seconds without use.
    pub fn idle_lifetime(&self) -> Option<u32> {
        self.guard.then_some(60)
    }

    /// As the core takes them.
    pub fn options(&self) -> Options {
        let mut options = Options::new(self.url.into());
        (options.guard, options.scripts) = (self.guard, self.scripts);
        (options.idle_lifetime, options.absolute_lifetime) = (self.idle_lifetime(), self.absolute_lifetime);
        (options.replicas.replicas, options.replicas.timeout) = (self.replicas, 100);
        options
    }
}

impl Call {
    fn of(letter: u8) -> Option<Self> {
        Some(match letter {
            b'H' => Self::Check,
            b'f' => Self::Found,
            b'h' => Self::ResponseHeaders,
            b'q' => Self::Renewing,
            b'g' => Self::Get,
            b'G' => Self::GetMany,
            b'c' => Self::Contains,
            b'l' => Self::Len,
            b'k' => Self::Keys,
            b'v' => Self::Values,
            b'i' => Self::Items,
            b's' => Self::Set,
            b'U' => Self::Update,
            b'a' => Self::SetIfAbsent,
            b'x' => Self::CompareAndSet,
            b'X' => Self::CompareAndCreate,
            b'd' => Self::Delete,
            b'p' => Self::Pop,
            b'n' => Self::Increment,
            b'N' => Self::IncrementFloat,
            b'A' => Self::Apply,
            b'b' => Self::GetBytes,
            b'I' => Self::ItemsBytes,
            b'C' => Self::Clear,
            b'D' => Self::Destroy,
            b'R' => Self::Rotate,
            b'r' => Self::Restart,
            b't' => Self::Touch,
            b'T' => Self::Ttl,
            b'L' => Self::SetLifetime,
            _ => return None,
        })
    }
}
