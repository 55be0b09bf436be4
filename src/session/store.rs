//! A store: checked options, and the client that reaches the server.

use super::{decode::Unexpected, execute::Session, handle::Handle, script::EncodedLifetime};
use crate::{
    cookie::RequestCookie,
    error::Error,
    id::{Id, Key},
    options::{Options, Settings},
    redis::{Batch, Client, Host, Rule, Value},
};
use std::rc::Rc;

/// The contract's resource `store`.
pub struct Store<H: Host> {
    shared: Rc<Shared<H>>,
}

/// What a store shares with its sessions, which may outlive it.
pub struct Shared<H: Host> {
    /// The checked options.
    pub settings: Settings,
    /// The client.
    pub client: Client<H>,
    /// The store's lifetimes, encoded for the scripts.
    pub lifetime: EncodedLifetime,
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

    /// An error if fewer replicas have a write than the store requires.
    pub fn check_replicas(&self, replicas: Option<u32>) -> Result<(), Error> {
        match (self.settings.replicas, replicas) {
            (Some(wait), Some(count)) if count < wait.replicas => Err(Error::NotReplicated(count)),
            _ => Ok(()),
        }
    }
}

impl<H: Host> Store<H> {
    /// Checks the options. Connects at first use.
    pub fn open(options: &Options, host: H) -> Result<Self, Error> {
        let settings = options.check()?;
        let client = Client::new(host, settings.url.clone(), settings.timeouts);
        let lifetime = EncodedLifetime::new(settings.lifetime);
        Ok(Self { shared: Rc::new(Shared { settings, client, lifetime }) })
    }

    /// A session with a new id.
    pub fn start(&self) -> Session<H> {
        self.session(Handle::start(self.shared.new_key(), self.shared.settings.guard))
    }

    /// The session with this id.
    pub fn attach(&self, id: &str) -> Result<Session<H>, Error> {
        let id = Id::parse(id.as_bytes())
            .ok_or_else(|| Error::invalid("malformed session id (43 characters of base64url)"))?;
        Ok(self.session(Handle::attach(self.shared.key(id), self.shared.settings.guard)))
    }

    /// The session that a request's `Cookie` headers name.
    pub fn from_cookie(&self, headers: &[Vec<u8>]) -> Session<H> {
        let Shared { settings, .. } = &*self.shared;
        match settings.cookie.find(headers) {
            Some(RequestCookie { id, former_name }) => {
                self.session(Handle::from_cookie(self.shared.key(id), settings.guard, former_name))
            }
            None => self.start(),
        }
    }

    /// Sends one PING.
    pub async fn check(&self) -> Result<(), Error> {
        let Shared { settings, client, .. } = &*self.shared;
        let mut replies = client.send(&settings.prefix, Batch::of(&[b"PING"]), Rule::READ, &client.begin()).await?;
        match replies.list.pop().as_ref().map(|reply| reply.value()) {
            Some(Value::Text(_)) => Ok(()),
            _ => Err(Unexpected.into_error(false)),
        }
    }

    fn session(&self, handle: Handle) -> Session<H> {
        Session::new(self.shared.clone(), handle)
    }
}
