//! Decides what to write, from what was read.

use super::{
    Plan,
    commands::{Ending, Transaction},
    seen::{Held, Seen},
};
use crate::{
    error::Error,
    few::Few,
    options::Lifetime,
    session::{
        Operation,
        operation::Outcome,
        request::{Expect, Request, Response},
    },
};

/// Plans a request.
pub(super) fn plan<'a>(stores: Lifetime, request: &'a Request<'a>, seen: &Seen<'a>) -> Plan<'a> {
    let guarded = request.is_guarded();
    let past = guarded && seen.end().is_none() && seen.is_past(stores, request.renew);
    let emptied;
    let (seen, mut transaction) = if past {
        emptied = seen.emptied();
        (&emptied, Transaction::deletion(request.key))
    } else {
        (seen, Transaction::begin(request.key, guarded))
    };
    match seen.end().filter(|_| guarded) {
        None => {}
        Some(Response::Missing) if request.expect == Expect::New => transaction.end(Few::new(), Ending::Done),
        Some(_) if past => return Plan::Write(transaction),
        Some(end) => return Plan::Respond(end),
    }
    let creating = guarded && !seen.exists();
    let mut simulation = Simulation { fields: seen.fields.clone(), summed: false };
    if let Err(ending) = simulation.run(request.operations) {
        let (outcomes, ending) = match ending {
            Simulated::Refused(error) => return Plan::Refuse(error),
            Simulated::Ended(outcomes, ending) => (outcomes, ending),
        };
        if guarded && !creating {
            transaction.note_creation(seen);
            transaction.settle(stores, seen, request.renew);
        }
        transaction.end(outcomes, ending);
        return Plan::Write(transaction);
    }
    if guarded {
        transaction.note_creation(seen);
    }
    // If the request only reads, the expiry is set first, so that reading it returns the new one.
    let only_reads = request.only_reads();
    if guarded && only_reads {
        transaction.settle(stores, seen, request.renew || creating);
    }
    for operation in request.operations {
        operation.describe().transact(&mut transaction, seen);
    }
    let mut operations = request.operations.iter().map(Operation::describe);
    let own_lifetime = operations.clone().find_map(|operation| operation.lifetime());
    let ends = operations.any(|operation| operation.tombstone().is_some());
    if guarded && !only_reads && !ends {
        match own_lifetime {
            Some(lifetime) => transaction.expire(lifetime, seen.now, seen.now),
            None => transaction.settle(stores, seen, request.renew || creating),
        }
    }
    Plan::Write(transaction)
}

/// How a simulation ends a batch.
enum Simulated {
    /// Only the server can compute the outcome.
    Refused(Error),
    /// An operation fails after these outcomes, so nothing is written.
    Ended(Few<Outcome>, Ending),
}

/// Why an operation stops the simulation.
pub enum Stop {
    /// It conflicts, with this outcome.
    Conflict(Outcome),
    /// It fails.
    Failed(Error),
    /// Only the server can compute the outcome.
    Unsupported(Error),
}

impl Stop {
    /// The stop for an operation that depends on a sum that HINCRBYFLOAT will compute.
    pub fn unsupported() -> Self {
        Stop::Unsupported(Error::Unsupported(
            "scripts are off: in a batch, after increment-float, there can be no compare-and-set, and no increment of its field"
                .into(),
        ))
    }
}

/// The fields of a session while a batch is simulated.
pub struct Simulation<'a> {
    fields: Vec<(&'a str, Held)>,
    /// Whether there was an `increment-float`.
    summed: bool,
}

impl Simulation<'_> {
    /// What a field holds.
    pub fn field(&self, field: &str) -> &Held {
        self.place(field).map_or(&Held::Nothing, |place| &self.fields[place].1)
    }

    /// Changes what a field holds. Fields that no operation needs are ignored.
    pub fn hold(&mut self, field: &str, held: Held) {
        self.summed |= matches!(held, Held::Sum(_));
        if let Some(place) = self.place(field) {
            self.fields[place].1 = held;
        }
    }

    /// Stops the simulation if there was an `increment-float`.
    pub fn refuse_after_sum(&self) -> Result<(), Stop> {
        if self.summed { Err(Stop::unsupported()) } else { Ok(()) }
    }

    fn place(&self, field: &str) -> Option<usize> {
        self.fields.binary_search_by_key(&field, |(name, _)| name).ok()
    }

    fn run(&mut self, operations: &[Operation]) -> Result<(), Simulated> {
        let mut outcomes = Few::with_capacity(operations.len());
        for operation in operations {
            match operation.describe().simulate(self) {
                Ok(outcome) => outcomes.push(outcome),
                Err(Stop::Conflict(outcome)) => {
                    outcomes.push(outcome);
                    return Err(Simulated::Ended(outcomes, Ending::Conflict));
                }
                Err(Stop::Failed(error)) => return Err(Simulated::Ended(Few::new(), Ending::Failed(error))),
                Err(Stop::Unsupported(error)) => return Err(Simulated::Refused(error)),
            }
        }
        Ok(())
    }
}
