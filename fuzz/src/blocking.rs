//! `drsession.wasm`, over a network that the fuzz input describes.

use std::{fmt::Debug, sync::LazyLock};

use wasmtime::{
    Store,
    component::{HasSelf, Linker, Resource, ResourceAny},
};

use self::bindings::{
    DrsessionPre,
    drsession::session::socket::{self, Address, Error, Timeouts},
    exports::drsession::session::{session::Guest, types::Operation},
    wasi::random::random,
};
use crate::{
    instance::{self, Connection, State, socket_errors},
    plan::{Call, FIELD, ID, JSON, OTHER, Opening, Plan, Settings},
};

mod bindings {
    #![allow(missing_docs, unreachable_pub, reason = "generated")]
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "drsession:session/drsession",
        with: { "drsession:session/socket.connection": crate::instance::Connection },
    });
}

socket_errors!(Error);

static COMPONENT: LazyLock<DrsessionPre<State>> = LazyLock::new(|| {
    let mut linker = Linker::new(&instance::ENGINE);
    socket::add_to_linker::<_, HasSelf<_>>(&mut linker, |state: &mut State| state).expect("an import");
    random::add_to_linker::<_, HasSelf<_>>(&mut linker, |state: &mut State| state).expect("an import");
    let component = linker.instantiate_pre(&instance::component("drsession.wasm"));
    component.and_then(DrsessionPre::new).expect("the component that the contract describes")
});

/// Compiles the component, which takes longer than an input may.
pub fn prepare() {
    LazyLock::force(&COMPONENT);
}

/// Runs the plan. Returns the formatted results of the calls, and a hash of all bytes that were sent.
///
/// # Panics
///
/// The component traps.
pub fn run(plan: &Plan) -> (Vec<String>, u64) {
    let mut store = instance::store(plan.network.clone());
    let drsession = COMPONENT.instantiate(&mut store).expect("an instance");
    let results = perform(drsession.drsession_session_session(), &mut store, plan);
    (results.unwrap_or_else(|trap| panic!("a trap: {trap:?}")), store.data().network.sent())
}

fn perform(guest: &Guest, mut store: &mut Store<State>, plan: &Plan) -> wasmtime::Result<Vec<String>> {
    let options = options(guest, store, &plan.settings)?;
    let sessions = guest.store().call_open(&mut store, options)?.expect("good options");
    let session = match plan.opening {
        Opening::Start => guest.store().call_start(&mut store, sessions)?,
        Opening::Attach => guest.store().call_attach(&mut store, sessions, ID)?.expect("an id"),
        Opening::Cookie => {
            guest.store().call_from_cookie(&mut store, sessions, &[format!("__Host-id={ID}").into_bytes()])?
        }
    };
    let results = plan.calls.iter().map(|one| call(guest, store, sessions, session, *one)).collect();
    for resource in [session, sessions, options] {
        resource.resource_drop(&mut *store)?;
    }
    results
}

fn options(guest: &Guest, mut store: &mut Store<State>, settings: &Settings) -> wasmtime::Result<ResourceAny> {
    let options = guest.options().call_constructor(&mut store, settings.url)?;
    guest.options().call_set_guard(&mut store, options, settings.guard)?;
    guest.options().call_set_scripts(&mut store, options, settings.scripts)?;
    guest.options().call_set_idle_lifetime(&mut store, options, settings.idle_lifetime())?;
    guest.options().call_set_absolute_lifetime(&mut store, options, settings.absolute_lifetime)?;
    guest.options().call_set_replicas(&mut store, options, settings.replicas, 100)?;
    Ok(options)
}

fn call(
    guest: &Guest,
    store: &mut Store<State>,
    sessions: ResourceAny,
    this: ResourceAny,
    call: Call,
) -> wasmtime::Result<String> {
    let session = guest.session();
    let keys = [FIELD, OTHER].map(str::to_owned);
    Ok(match call {
        Call::Check => format_result(guest.store().call_check(store, sessions)?),
        Call::Found => format_result(session.call_found(store, this)?),
        Call::ResponseHeaders => format_result(session.call_response_headers(store, this)?),
        Call::Renewing => format_result(session.call_set_renewing(store, this, false)?),
        Call::Get => format_result(session.call_get(store, this, FIELD)?),
        Call::GetMany => format_result(session.call_get_many(store, this, &keys)?),
        Call::Contains => format_result(session.call_contains(store, this, FIELD)?),
        Call::Len => format_result(session.call_len(store, this)?),
        Call::Keys => format_result(session.call_keys(store, this)?),
        Call::Values => format_result(session.call_values(store, this)?),
        Call::Items => format_result(session.call_items(store, this)?),
        Call::Set => format_result(session.call_set(store, this, FIELD, JSON)?),
        Call::Update => format_result(session.call_update(store, this, &keys.map(|key| (key, JSON.to_owned())))?),
        Call::SetIfAbsent => format_result(session.call_set_if_absent(store, this, FIELD, JSON)?),
        Call::CompareAndSet => format_result(session.call_compare_and_set(store, this, FIELD, Some(JSON), None)?),
        Call::CompareAndCreate => format_result(session.call_compare_and_set(store, this, FIELD, None, Some(JSON))?),
        Call::Delete => format_result(session.call_delete(store, this, FIELD)?),
        Call::Pop => format_result(session.call_pop(store, this, FIELD)?),
        Call::Increment => format_result(session.call_increment(store, this, FIELD, 2)?),
        Call::IncrementFloat => format_result(session.call_increment_float(store, this, FIELD, 0.5)?),
        Call::Apply => format_result(session.call_apply(store, this, &operations())?),
        Call::GetBytes => format_result(session.call_get_bytes(store, this, FIELD)?),
        Call::ItemsBytes => format_result(session.call_items_bytes(store, this)?),
        Call::Clear => format_result(session.call_clear(store, this)?),
        Call::Destroy => format_result(session.call_destroy(store, this)?),
        Call::Rotate => {
            let writes = [Operation::Set((FIELD.into(), JSON.into())), Operation::Delete(OTHER.into())];
            format_result(session.call_rotate(store, this, &writes)?)
        }
        Call::Restart => format_result(session.call_restart(store, this)?),
        Call::Touch => format_result(session.call_touch(store, this)?),
        Call::Ttl => format_result(session.call_ttl(store, this)?),
        Call::SetLifetime => format_result(session.call_set_lifetime(store, this, Some(30), None)?),
    })
}

fn format_result(result: impl Debug) -> String {
    format!("{result:?}")
}

/// The operations of [`native`](crate::native), in the contract's types.
fn operations() -> [Operation; 6] {
    let (field, other, json) = (|| FIELD.to_owned(), || OTHER.to_owned(), || JSON.to_owned());
    [
        Operation::Get(field()),
        Operation::Set((other(), json())),
        Operation::CompareAndSet((field(), Some(json()), None)),
        Operation::Increment((field(), 2)),
        Operation::IncrementFloat((other(), 0.5)),
        Operation::Delete(field()),
    ]
}

impl socket::Host for State {
    fn now(&mut self) -> u64 {
        self.network.now()
    }

    fn wait(&mut self, milliseconds: u32) {
        self.network.wait(milliseconds);
    }
}

impl socket::HostConnection for State {
    fn connect(&mut self, _: Address, _: Timeouts, _: String) -> Result<Resource<Connection>, Error> {
        let reused = self.network.connect()?;
        Ok(self.table.push(Connection { reused }).expect("room in the table"))
    }

    fn reused(&mut self, this: Resource<Connection>) -> bool {
        self.table.get(&this).expect("a connection").reused
    }

    fn set_state(&mut self, _: Resource<Connection>, _: String) {}

    fn set_idle(&mut self, _: Resource<Connection>) {}

    fn write(&mut self, _: Resource<Connection>, bytes: Vec<u8>) -> Result<(), Error> {
        Ok(self.network.write(&bytes)?)
    }

    fn read(&mut self, _: Resource<Connection>, max: u32) -> Result<Vec<u8>, Error> {
        Ok(self.network.read(max)?)
    }

    fn drop(&mut self, this: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl random::Host for State {
    fn get_random_bytes(&mut self, length: u64) -> Vec<u8> {
        self.random(length)
    }
}
