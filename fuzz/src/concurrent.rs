//! `drsession-async.wasm`, over a network that the fuzz input describes: all calls run at the same time.

use std::sync::LazyLock;

use futures::{executor::block_on, future::join_all};
use wasmtime::{
    Store,
    component::{Accessor, HasSelf, Linker, Resource, ResourceAny},
};

use self::bindings::{
    DrsessionAsyncPre,
    drsession::session::socket_async::{self as socket, Address, Error, Timeouts},
    exports::drsession::session::{session_async::Guest, types::Operation},
    wasi::random::random,
};
use crate::{
    instance::{self, Connection, State, socket_errors},
    native::let_others_run,
    plan::{Call, FIELD, ID, JSON, OTHER, Opening, Plan, Settings},
};

mod bindings {
    #![allow(missing_docs, unreachable_pub, reason = "generated")]
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "drsession:session/drsession-async",
        exports: { default: async | store },
        with: { "drsession:session/socket-async.connection": crate::instance::Connection },
    });
}

socket_errors!(Error);

static COMPONENT: LazyLock<DrsessionAsyncPre<State>> = LazyLock::new(|| {
    let mut linker = Linker::new(&instance::ENGINE);
    socket::add_to_linker::<_, HasSelf<_>>(&mut linker, |state: &mut State| state).expect("an import");
    random::add_to_linker::<_, HasSelf<_>>(&mut linker, |state: &mut State| state).expect("an import");
    let component = linker.instantiate_pre(&instance::component("drsession-async.wasm"));
    component.and_then(DrsessionAsyncPre::new).expect("the component that the contract describes")
});

/// Compiles the component, which takes longer than an input may.
pub fn prepare() {
    LazyLock::force(&COMPONENT);
}

/// Runs all calls of the plan at the same time.
///
/// # Panics
///
/// The component traps, or calls wait for ever.
pub fn run(plan: &Plan) {
    let mut store = instance::store(plan.network.clone());
    let performed = block_on(perform(&mut store, plan));
    performed.unwrap_or_else(|trap| panic!("a trap: {trap:?}"));
}

async fn perform(store: &mut Store<State>, plan: &Plan) -> wasmtime::Result<()> {
    let drsession = COMPONENT.instantiate_async(&mut *store).await?;
    let guest = drsession.drsession_session_session_async();
    let resources = store.run_concurrent(async |accessor| {
        let options = options(guest, accessor, &plan.settings).await?;
        let sessions = guest.store().call_open(accessor, options).await?.expect("good options");
        let session = match plan.opening {
            Opening::Start => guest.store().call_start(accessor, sessions).await?,
            Opening::Attach => guest.store().call_attach(accessor, sessions, ID.into()).await?.expect("an id"),
            Opening::Cookie => {
                let header = format!("__Host-id={ID}").into_bytes();
                guest.store().call_from_cookie(accessor, sessions, vec![header]).await?
            }
        };
        let calls = plan.calls.iter().map(|one| call(guest, accessor, sessions, session, *one));
        join_all(calls).await.into_iter().collect::<wasmtime::Result<()>>()?;
        Ok::<_, wasmtime::Error>([session, sessions, options])
    });
    for resource in resources.await?? {
        resource.resource_drop_async(&mut *store).await?;
    }
    Ok(())
}

async fn options(guest: &Guest, store: &Accessor<State>, settings: &Settings) -> wasmtime::Result<ResourceAny> {
    let options = guest.options().call_constructor(store, settings.url.into()).await?;
    guest.options().call_set_guard(store, options, settings.guard).await?;
    guest.options().call_set_scripts(store, options, settings.scripts).await?;
    guest.options().call_set_idle_lifetime(store, options, settings.idle_lifetime()).await?;
    guest.options().call_set_absolute_lifetime(store, options, settings.absolute_lifetime).await?;
    guest.options().call_set_replicas(store, options, settings.replicas, 100).await?;
    Ok(options)
}

async fn call(
    guest: &Guest,
    store: &Accessor<State>,
    sessions: ResourceAny,
    this: ResourceAny,
    call: Call,
) -> wasmtime::Result<()> {
    let session = guest.session();
    let (field, json) = (FIELD.to_owned(), JSON.to_owned());
    let keys = vec![FIELD.to_owned(), OTHER.to_owned()];
    match call {
        Call::Check => drop(guest.store().call_check(store, sessions).await?),
        Call::Found => drop(session.call_found(store, this).await?),
        Call::ResponseHeaders => drop(session.call_response_headers(store, this).await?),
        Call::Renewing => session.call_set_renewing(store, this, false).await?,
        Call::Get => drop(session.call_get(store, this, field).await?),
        Call::GetMany => drop(session.call_get_many(store, this, keys).await?),
        Call::Contains => drop(session.call_contains(store, this, field).await?),
        Call::Len => drop(session.call_len(store, this).await?),
        Call::Keys => drop(session.call_keys(store, this).await?),
        Call::Values => drop(session.call_values(store, this).await?),
        Call::Items => drop(session.call_items(store, this).await?),
        Call::Set => drop(session.call_set(store, this, field, json).await?),
        Call::Update => drop(session.call_update(store, this, vec![(field, json)]).await?),
        Call::SetIfAbsent => drop(session.call_set_if_absent(store, this, field, json).await?),
        Call::CompareAndSet => drop(session.call_compare_and_set(store, this, field, Some(json), None).await?),
        Call::CompareAndCreate => drop(session.call_compare_and_set(store, this, field, None, Some(json)).await?),
        Call::Delete => drop(session.call_delete(store, this, field).await?),
        Call::Pop => drop(session.call_pop(store, this, field).await?),
        Call::Increment => drop(session.call_increment(store, this, field, 2).await?),
        Call::IncrementFloat => drop(session.call_increment_float(store, this, field, 0.5).await?),
        Call::Apply => drop(session.call_apply(store, this, operations()).await?),
        Call::GetBytes => drop(session.call_get_bytes(store, this, field).await?),
        Call::ItemsBytes => drop(session.call_items_bytes(store, this).await?),
        Call::Clear => drop(session.call_clear(store, this).await?),
        Call::Destroy => drop(session.call_destroy(store, this).await?),
        Call::Rotate => {
            let writes = vec![Operation::Set((field, json)), Operation::Delete(OTHER.into())];
            drop(session.call_rotate(store, this, writes).await?);
        }
        Call::Restart => drop(session.call_restart(store, this).await?),
        Call::Touch => drop(session.call_touch(store, this).await?),
        Call::Ttl => drop(session.call_ttl(store, this).await?),
        Call::SetLifetime => drop(session.call_set_lifetime(store, this, Some(30), None).await?),
    }
    Ok(())
}

fn operations() -> Vec<Operation> {
    let (field, json) = (|| FIELD.to_owned(), || JSON.to_owned());
    vec![
        Operation::Get(field()),
        Operation::CompareAndSet((field(), Some(json()), None)),
        Operation::Increment((field(), 2)),
    ]
}

impl socket::Host for State {
    fn now(&mut self) -> u64 {
        self.network.now()
    }
}

impl<T: Send> socket::HostWithStore<T> for HasSelf<State> {
    async fn wait(store: &Accessor<T, Self>, milliseconds: u32) {
        let_others_run().await;
        store.with(|mut access| access.get().network.wait(milliseconds));
    }
}

impl socket::HostConnection for State {
    fn reused(&mut self, this: Resource<Connection>) -> bool {
        self.table.get(&this).expect("a connection").reused
    }

    fn set_state(&mut self, _: Resource<Connection>, _: String) {}

    fn set_idle(&mut self, _: Resource<Connection>) {}

    fn drop(&mut self, this: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl<T: Send> socket::HostConnectionWithStore<T> for HasSelf<State> {
    async fn connect(
        store: &Accessor<T, Self>,
        _: Address,
        _: Timeouts,
        _: String,
    ) -> Result<Resource<Connection>, Error> {
        let_others_run().await;
        store.with(|mut access| {
            let state = access.get();
            let reused = state.network.connect()?;
            Ok(state.table.push(Connection { reused }).expect("room in the table"))
        })
    }

    async fn write(store: &Accessor<T, Self>, _: Resource<Connection>, bytes: Vec<u8>) -> Result<(), Error> {
        let_others_run().await;
        store.with(|mut access| Ok(access.get().network.write(&bytes)?))
    }

    async fn read(store: &Accessor<T, Self>, _: Resource<Connection>, max: u32) -> Result<Vec<u8>, Error> {
        let_others_run().await;
        store.with(|mut access| Ok(access.get().network.read(max)?))
    }
}

impl random::Host for State {
    fn get_random_bytes(&mut self, length: u64) -> Vec<u8> {
        self.random(length)
    }
}
