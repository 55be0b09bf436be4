//! Where sessions are kept: options that were checked, and the way to the server.

use super::perform::Session;
use crate::{
    cookie::Brought,
    error::Error,
    id::{Id, Key},
    options::{Options, Settings},
    redis::{Batch, Client, Host, Repeat, Reply, client::Rule},
    session::{handle::Handle, reading::Unexpected},
};
use std::rc::Rc;

/// The contract's resource `store`.
pub struct Store<H: Host> {
    shared: Rc<Shared<H>>,
}

/// What a store and its sessions have in common; sessions may outlive their store.
pub struct Shared<H: Host> {
    /// What was asked for.
    pub settings: Settings,
    /// The way to the server.
    pub client: Client<H>,
}

impl<H: Host> Shared<H> {
    /// The key of a new session, with a new random id.
    pub fn new_key(&self) -> Key {
        self.key(Id::from_random(self.client.host().random()))
    }

    /// The key of the session with this id.
    pub fn key(&self, id: Id) -> Key {
        Key::new(&self.settings.prefix, id)
    }
}

impl<H: Host> Store<H> {
    /// Checks the options. Connects at first use.
    pub fn open(options: &Options, host: H) -> Result<Self, Error> {
        let settings = options.check()?;
        let client = Client::new(host, settings.server.clone(), settings.timeouts);
        Ok(Self { shared: Rc::new(Shared { settings, client }) })
    }

    /// A session with a new id.
    pub fn start(&self) -> Session<H> {
        self.session(Handle::start(self.shared.new_key()))
    }

    /// The session with this id.
    pub fn attach(&self, id: &str) -> Result<Session<H>, Error> {
        let id = Id::parse(id.as_bytes()).ok_or_else(|| Error::invalid("the id is malformed"))?;
        Ok(self.session(Handle::attach(self.shared.key(id))))
    }

    /// The session that a request's `Cookie` headers name.
    pub fn from_cookie(&self, headers: &[Vec<u8>]) -> Session<H> {
        match self.shared.settings.cookie.find(headers) {
            Some(Brought { id, former_name }) => self.session(Handle::from_cookie(self.shared.key(id), former_name)),
            None => self.start(),
        }
    }

    /// One PING.
    pub async fn check(&self) -> Result<(), Error> {
        let batch = Batch::of(&[b"PING"]);
        let rule = Rule { repeat: Repeat::Always, writes: false };
        match self.shared.client.exchange(&self.shared.settings.prefix, &batch, rule).await?.pop() {
            Some(Reply::Text(_)) => Ok(()),
            _ => Err(Unexpected.told(false)),
        }
    }

    fn session(&self, handle: Handle) -> Session<H> {
        Session::new(self.shared.clone(), handle)
    }
}
