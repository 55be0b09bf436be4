//! What goes wrong on the way between the component and its Redis: at an exact byte, or wherever a seed says.

use std::{
    array, fmt, io,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::transcript::{Exchange, Transcript};

/// What a pause may last that makes two segments of one. It paces, and nothing hangs on it.
const SPLIT_PAUSE: Duration = Duration::from_millis(1);
/// How late a delayed byte is.
const DELAY: Duration = Duration::from_millis(20);
/// How long a Redis may take to see that its client has gone, before it is cut off all the same.
const FAREWELL_LIMIT: Duration = Duration::from_secs(5);
const BUFFER_SIZE: usize = 64 * 1024;
/// Keeps the streams of chance apart that neighbouring seeds make.
const STREAMS: u64 = 0x9E37_79B9_7F4A_7C15;

/// Which bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Those that the component sends.
    Request,
    /// Those that Redis sends.
    Reply,
}

/// What happens to the byte that it is the turn of, and to all after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The connection is closed in good order, in both directions. Redis has done what reached it when the component sees
    /// it.
    Cut,
    /// The connection is reset, in both directions: what is on its way may be lost.
    Reset,
    /// Nothing comes through any more in this direction. The connection stays.
    Stall,
    /// They come a moment later: in a segment of their own.
    Split,
    /// They come late.
    Delay,
    /// The byte becomes another one.
    Garble,
    /// This direction is closed in good order, and the other one is not.
    HalfClose,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Cut, Self::Reset, Self::Stall, Self::Split, Self::Delay, Self::Garble, Self::HalfClose];
    /// Those after which every byte that arrives is the one that was sent.
    pub const FAITHFUL: [Self; 6] = [Self::Cut, Self::Reset, Self::Stall, Self::Split, Self::Delay, Self::HalfClose];
}

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub direction: Direction,
    /// How many bytes of this direction pass before, over whatever connection.
    pub at_byte: u64,
    /// What.
    pub kind: Kind,
}

/// Faults without end, each connection's own, made of a seed: the same seed makes the same faults.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// What everything else follows from.
    pub seed: u64,
    /// How many bytes of one direction pass between two faults, on average.
    pub mean_distance: u64,
    /// What may happen.
    pub kinds: Vec<Kind>,
}

impl Schedule {
    /// Faults of any of these kinds.
    pub fn new(seed: u64, mean_distance: u64, kinds: &[Kind]) -> Self {
        Self { seed, mean_distance, kinds: kinds.to_vec() }
    }
}

/// How many faults of each kind have happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([u64; Kind::ALL.len()]);

impl Counts {
    /// Of all kinds.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Of this kind.
    pub fn of(&self, kind: Kind) -> u64 {
        self.0[kind as usize]
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} faults", self.total())?;
        for (index, kind) in Kind::ALL.iter().enumerate() {
            let separator = if index == 0 { ": " } else { ", " };
            write!(formatter, "{separator}{} {kind:?}", self.of(*kind))?;
        }
        Ok(())
    }
}

/// What a [`Proxy`](crate::proxy::Proxy) is told to break, at any time, and what it has broken. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    counts: [AtomicU64; Kind::ALL.len()],
}

#[derive(Debug, Default)]
struct State {
    plan: Plan,
    /// How many connections have begun under this plan.
    connections: u64,
    transcript: Option<Transcript>,
}

#[derive(Debug, Default)]
enum Plan {
    #[default]
    Calm,
    Once(Fault),
    Scheduled(Arc<Schedule>),
}

impl Faults {
    /// Nothing goes wrong until it is told to.
    pub fn none() -> Self {
        Self::default()
    }

    /// Faults from the first connection on.
    pub fn scheduled(schedule: Schedule) -> Self {
        let faults = Self::none();
        faults.schedule(schedule);
        faults
    }

    /// This fault, counted from the next byte on, and then none.
    pub fn once(&self, fault: Fault) {
        self.follow(Plan::Once(fault));
    }

    /// These faults from now on.
    pub fn schedule(&self, schedule: Schedule) {
        self.follow(Plan::Scheduled(Arc::new(schedule)));
    }

    /// No more faults. What a former one has broken stays so.
    pub fn calm(&self) {
        self.follow(Plan::Calm);
    }

    /// How many have happened.
    pub fn counts(&self) -> Counts {
        Counts(array::from_fn(|kind| self.inner.counts[kind].load(Ordering::SeqCst)))
    }

    /// Takes down what gets through from now on.
    pub fn record(&self) {
        self.state().transcript = Some(Transcript::default());
    }

    /// What has got through since [`record`](Self::record).
    pub fn recorded(&self) -> Vec<Exchange> {
        self.state().transcript.take().unwrap_or_default().into_exchanges()
    }

    /// Hands everything on between the two, but for what goes wrong, until one of them closes.
    pub(crate) async fn serve(&self, mut client: TcpStream, mut redis: TcpStream) -> io::Result<()> {
        let connection = {
            let mut state = self.state();
            state.connections += 1;
            state.connections
        };
        let (from_client, to_client) = client.split();
        let (from_redis, to_redis) = redis.split();
        let course = |direction| Course { faults: self, connection, direction, position: 0, chance: None };
        // Whichever way ends first ends the connection.
        let end = tokio::select! {
            end = course(Direction::Request).pass(from_client, to_redis) => end?,
            end = course(Direction::Reply).pass(from_redis, to_client) => end?,
        };
        match end {
            End::Closed => Ok(()),
            End::Cut => {
                see_off(&mut redis).await;
                see_off(&mut client).await;
                Ok(())
            }
            End::Reset => {
                redis.set_zero_linger()?;
                client.set_zero_linger()
            }
        }
    }

    fn follow(&self, plan: Plan) {
        let mut state = self.state();
        state.plan = plan;
        state.connections = 0;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().expect("nobody panics while holding it")
    }

    fn take_down(&self, note: impl FnOnce(&mut Transcript)) {
        if let Some(transcript) = &mut self.state().transcript {
            note(transcript);
        }
    }
}

/// Closes, and waits until the peer has read everything and closes too. Bytes left unread would make a reset of it.
async fn see_off(peer: &mut TcpStream) {
    let farewell = async {
        peer.shutdown().await?;
        tokio::io::copy(peer, &mut tokio::io::sink()).await
    };
    // A peer that is gone already needs no farewell.
    let _ = timeout(FAREWELL_LIMIT, farewell).await;
}

/// How a connection ends.
enum End {
    /// One of the two has closed.
    Closed,
    Cut,
    Reset,
}

/// One direction of one connection.
struct Course<'a> {
    faults: &'a Faults,
    connection: u64,
    direction: Direction,
    /// How many bytes have passed.
    position: usize,
    chance: Option<Chance>,
}

/// Where one direction of a connection stands in a schedule.
struct Chance {
    schedule: Arc<Schedule>,
    random: StdRng,
    /// How many bytes pass before the next fault.
    distance: u64,
    kind: Kind,
}

impl Chance {
    fn new(schedule: &Arc<Schedule>, connection: u64, direction: Direction) -> Self {
        let stream = 2 * connection + direction as u64;
        let random = StdRng::seed_from_u64(schedule.seed.wrapping_mul(STREAMS).wrapping_add(stream));
        let mut chance = Self { schedule: Arc::clone(schedule), random, distance: 0, kind: Kind::Split };
        chance.draw();
        chance
    }

    fn draw(&mut self) {
        let Schedule { mean_distance, kinds, .. } = &*self.schedule;
        self.distance = self.random.random_range(0..=2 * mean_distance);
        self.kind = *kinds.choose(&mut self.random).expect("a kind of fault");
    }
}

impl Course<'_> {
    /// Hands bytes on until there is an end to it.
    async fn pass(mut self, mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) -> io::Result<End> {
        let mut buffer = Vec::with_capacity(BUFFER_SIZE);
        loop {
            buffer.clear();
            if from.read_buf(&mut buffer).await? == 0 {
                return Ok(End::Closed);
            }
            let mut rest = &mut buffer[..];
            while let Some((place, kind)) = self.next_fault(rest.len()) {
                let (before, after) = rest.split_at_mut(place);
                self.hand_on(before, &mut to).await?;
                rest = after;
                self.faults.inner.counts[kind as usize].fetch_add(1, Ordering::SeqCst);
                self.faults.take_down(|transcript| transcript.note_fault(self.connection, self.direction));
                match kind {
                    Kind::Cut => return Ok(End::Cut),
                    Kind::Reset => return Ok(End::Reset),
                    Kind::Stall => return swallow(from).await,
                    Kind::HalfClose => {
                        to.shutdown().await?;
                        return swallow(from).await;
                    }
                    Kind::Split => sleep(SPLIT_PAUSE).await,
                    Kind::Delay => sleep(DELAY).await,
                    // What was ASCII stays so: tests read it as text.
                    Kind::Garble => rest[0] ^= 1 << (self.position % 7),
                }
            }
            self.hand_on(rest, &mut to).await?;
        }
    }

    async fn hand_on(&mut self, bytes: &[u8], to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.position += bytes.len();
        self.faults.take_down(|transcript| transcript.note(self.connection, self.direction, bytes));
        to.write_all(bytes).await
    }

    /// Before which of the next bytes, of which there are so many, something goes wrong first, and what.
    fn next_fault(&mut self, length: usize) -> Option<(usize, Kind)> {
        let bytes = length as u64;
        let state = &mut *self.faults.state();
        match &mut state.plan {
            Plan::Once(fault) if fault.direction == self.direction => {
                let Fault { at_byte, kind, .. } = *fault;
                if at_byte < bytes {
                    state.plan = Plan::Calm;
                    return Some((at_byte as usize, kind));
                }
                fault.at_byte -= bytes;
                None
            }
            Plan::Scheduled(schedule) => {
                let mut chance = self
                    .chance
                    .take_if(|chance| Arc::ptr_eq(&chance.schedule, schedule))
                    .unwrap_or_else(|| Chance::new(schedule, self.connection, self.direction));
                let fault = (chance.distance < bytes).then_some((chance.distance as usize, chance.kind));
                if fault.is_some() {
                    chance.draw();
                    // The byte before which this one happens is still to come.
                    chance.distance += 1;
                } else {
                    chance.distance -= bytes;
                }
                self.chance = Some(chance);
                fault
            }
            Plan::Once(_) | Plan::Calm => None,
        }
    }
}

/// Waits for the peer to close, whatever it says until then.
async fn swallow(mut from: impl AsyncRead + Unpin) -> io::Result<End> {
    tokio::io::copy(&mut from, &mut tokio::io::sink()).await?;
    Ok(End::Closed)
}
