//! A socket that answers what a real Redis has answered before.
//!
//! [`Canned::live`] passes everything on to a Redis. [`Canned::keep`] takes the answers that it gave to one operation, and
//! from then on every write gets the next of them, over and over, without a network.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use wasmtime::component::{Accessor, HasData, Linker, Resource};

use crate::bindings::{blocking, concurrent};

/// No answer takes so long, unless none comes.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// What a guest's handle stands for: a store has one connection.
pub struct Connection;

/// The socket of one store.
pub struct Canned {
    upstream: TcpStream,
    /// What was written since [`forget`](Self::forget).
    requests: Vec<Vec<u8>>,
    /// What Redis has answered to each of them.
    answers: Vec<Vec<u8>>,
    /// The answer that is being read, and how far that is, once no Redis is asked any more.
    playing: Option<(usize, usize)>,
    /// The bytes that a guest has written and not yet got an answer to.
    outstanding: bool,
    written: Arc<Notify>,
}

/// What a store lends to the functions that the guest calls.
pub trait CannedContext: Send {
    /// The socket.
    fn canned(&mut self) -> &mut Canned;
}

impl Canned {
    /// Asks the Redis on this port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// It can't be reached.
    pub fn live(port: u16) -> anyhow::Result<Self> {
        let upstream = TcpStream::connect(("127.0.0.1", port))?;
        upstream.set_nodelay(true)?;
        upstream.set_read_timeout(Some(ANSWER_LIMIT))?;
        Ok(Self {
            upstream,
            requests: Vec::new(),
            answers: Vec::new(),
            playing: None,
            outstanding: false,
            written: Arc::default(),
        })
    }

    /// Answers the same to every write.
    ///
    /// # Errors
    ///
    /// The Redis can't be reached that it could ask.
    pub fn of(port: u16, answer: &[u8]) -> anyhow::Result<Self> {
        let mut canned = Self::live(port)?;
        canned.answers.push(answer.to_vec());
        canned.keep();
        Ok(canned)
    }

    /// Asks Redis again, and forgets what it has answered so far.
    pub fn forget(&mut self) {
        self.requests.clear();
        self.answers.clear();
        self.playing = None;
    }

    /// From now on answers what Redis has answered since [`forget`](Self::forget): the first write gets the first answer,
    /// the one after the last gets the first again.
    ///
    /// # Panics
    ///
    /// If Redis has answered nothing.
    pub fn keep(&mut self) {
        assert!(!self.answers.is_empty(), "there is no answer to keep");
        self.playing = Some((self.answers.len() - 1, usize::MAX));
    }

    /// What the guest has written since [`forget`](Self::forget), one after the other, each with its answer.
    pub fn exchanges(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> {
        self.requests.iter().zip(&self.answers).map(|(request, answer)| (request.as_slice(), answer.as_slice()))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        match &mut self.playing {
            Some((answer, position)) => {
                *answer = (*answer + 1) % self.answers.len();
                *position = 0;
            }
            None => {
                self.requests.push(bytes.to_vec());
                self.answers.push(Vec::new());
                self.upstream.write_all(bytes).map_err(|error| error.to_string())?;
            }
        }
        self.outstanding = true;
        self.written.notify_one();
        Ok(())
    }

    /// Waits for Redis where one is asked.
    fn read(&mut self, max: u32) -> Result<Vec<u8>, String> {
        let max = max as usize;
        self.outstanding = false;
        match &mut self.playing {
            Some((answer, position)) => {
                let rest = self.answers[*answer].get(*position..).ok_or("nothing was asked")?;
                let bytes = rest[..rest.len().min(max)].to_vec();
                *position += bytes.len();
                self.outstanding = bytes.len() < rest.len();
                Ok(bytes)
            }
            None => {
                let mut bytes = vec![0; max];
                let count = self.upstream.read(&mut bytes).map_err(|error| error.to_string())?;
                bytes.truncate(count);
                self.answers.last_mut().ok_or("nothing was asked")?.extend_from_slice(&bytes);
                Ok(bytes)
            }
        }
    }
}

/// Gives guests the import `drsession:session/socket`.
///
/// # Errors
///
/// The linker has that import already.
pub fn add_to_linker<T: CannedContext + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    blocking::drsession::session::socket::add_to_linker::<T, HasCanned>(linker, T::canned)
}

/// Gives guests the import `drsession:session/socket-async`.
///
/// # Errors
///
/// The linker has that import already.
pub fn add_async_to_linker<T: CannedContext + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    concurrent::drsession::session::socket_async::add_to_linker::<T, HasCanned>(linker, T::canned)
}

struct HasCanned;

impl HasData for HasCanned {
    type Data<'a> = &'a mut Canned;
}

mod plain {
    use super::blocking::drsession::session::socket::{Address, Error, Host, HostConnection, Timeouts};
    use super::{Canned, Connection, Resource};

    impl Host for &mut Canned {
        fn now(&mut self) -> wasmtime::Result<u64> {
            Ok(0)
        }

        fn wait(&mut self, _: u32) -> wasmtime::Result<()> {
            Ok(())
        }
    }

    impl HostConnection for &mut Canned {
        fn connect(
            &mut self,
            _: Address,
            _: Timeouts,
            _: String,
        ) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
            Ok(Ok(Resource::new_own(0)))
        }

        fn reused(&mut self, _: Resource<Connection>) -> wasmtime::Result<bool> {
            Ok(false)
        }

        fn set_state(&mut self, _: Resource<Connection>, _: String) -> wasmtime::Result<()> {
            Ok(())
        }

        fn set_idle(&mut self, _: Resource<Connection>) -> wasmtime::Result<()> {
            Ok(())
        }

        fn write(&mut self, _: Resource<Connection>, bytes: Vec<u8>) -> wasmtime::Result<Result<(), Error>> {
            Ok(Canned::write(self, &bytes).map_err(Error::Other))
        }

        fn read(&mut self, _: Resource<Connection>, max: u32) -> wasmtime::Result<Result<Vec<u8>, Error>> {
            Ok(Canned::read(self, max).map_err(Error::Other))
        }

        fn drop(&mut self, _: Resource<Connection>) -> wasmtime::Result<()> {
            Ok(())
        }
    }
}

mod asynchronous {
    use std::sync::Arc;

    use super::concurrent::drsession::session::socket_async::{
        Address, Error, Host, HostConnection, HostConnectionWithStore, HostWithStore, Timeouts,
    };
    use super::{Accessor, Canned, Connection, HasCanned, Resource};

    impl Host for &mut Canned {
        fn now(&mut self) -> wasmtime::Result<u64> {
            Ok(0)
        }
    }

    impl<T: Send> HostWithStore<T> for HasCanned {
        /// Suspends the guest once, and no longer.
        async fn wait(_: &Accessor<T, Self>, _: u32) -> wasmtime::Result<()> {
            tokio::task::yield_now().await;
            Ok(())
        }
    }

    impl HostConnection for &mut Canned {
        fn reused(&mut self, _: Resource<Connection>) -> wasmtime::Result<bool> {
            Ok(false)
        }

        fn set_state(&mut self, _: Resource<Connection>, _: String) -> wasmtime::Result<()> {
            Ok(())
        }

        fn set_idle(&mut self, _: Resource<Connection>) -> wasmtime::Result<()> {
            Ok(())
        }

        fn drop(&mut self, _: Resource<Connection>) -> wasmtime::Result<()> {
            Ok(())
        }
    }

    impl<T: Send> HostConnectionWithStore<T> for HasCanned {
        async fn connect(
            _: &Accessor<T, Self>,
            _: Address,
            _: Timeouts,
            _: String,
        ) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
            Ok(Ok(Resource::new_own(0)))
        }

        async fn write(
            accessor: &Accessor<T, Self>,
            _: Resource<Connection>,
            bytes: Vec<u8>,
        ) -> wasmtime::Result<Result<(), Error>> {
            Ok(accessor.with(|mut access| access.get().write(&bytes)).map_err(Error::Other))
        }

        async fn read(
            accessor: &Accessor<T, Self>,
            _: Resource<Connection>,
            max: u32,
        ) -> wasmtime::Result<Result<Vec<u8>, Error>> {
            loop {
                let (outstanding, written) = accessor.with(|mut access| {
                    let canned = access.get();
                    (canned.outstanding, Arc::clone(&canned.written))
                });
                if outstanding {
                    return Ok(accessor.with(|mut access| access.get().read(max)).map_err(Error::Other));
                }
                written.notified().await;
            }
        }
    }
}
