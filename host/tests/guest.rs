//! A real guest in a real store through the public interface, in every flavour.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use drsession_host::{Sockets, SocketsContext, SocketsView, Statistics};
use wasmtime::component::{Component, ComponentNamedList, Lift, Linker, Lower, ResourceTable};
use wasmtime::{Engine, Store};

struct Context {
    sockets: Sockets,
    table: ResourceTable,
}

impl SocketsContext for Context {
    fn sockets(&mut self) -> SocketsView<'_> {
        SocketsView { sockets: &self.sockets, table: &mut self.table }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Flavour {
    Blocking,
    Tokio,
    Concurrent,
}

impl Flavour {
    /// Calls the guest's function in a new store, which ends without another call of the guest.
    fn call<P, R>(self, sockets: &Sockets, function: &str, parameters: P) -> R
    where
        P: ComponentNamedList + Lower + Send + Sync,
        R: Lift + Send + Sync + 'static,
    {
        let engine = Engine::default();
        let guest = wat::parse_str(self.guest()).expect("the guest's text");
        let component = Component::new(&engine, guest).expect("a component");
        let mut linker = Linker::<Context>::new(&engine);
        let context = Context { sockets: sockets.clone(), table: ResourceTable::new() };
        let mut store = Store::new(&engine, context);
        match self {
            Self::Blocking => {
                drsession_host::blocking::add_to_linker(&mut linker).expect("a free name");
                let instance = linker.instantiate(&mut store, &component).expect("an instance");
                let function = instance.get_typed_func::<P, (R,)>(&mut store, function).expect("the guest's function");
                return function.call(&mut store, parameters).expect("no trap").0;
            }
            Self::Tokio => drsession_host::tokio::add_to_linker(&mut linker).expect("a free name"),
            Self::Concurrent => drsession_host::concurrent::add_to_linker(&mut linker).expect("a free name"),
        }
        let runtime = ::tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let instance = linker.instantiate_async(&mut store, &component).await.expect("an instance");
            let function = instance.get_typed_func::<P, (R,)>(&mut store, function).expect("the guest's function");
            function.call_async(&mut store, parameters).await.expect("no trap").0
        })
    }

    /// The guest's text. The one for the asynchronous contract only differs in the types.
    fn guest(self) -> String {
        let text = include_str!("guest.wat");
        if self != Self::Concurrent {
            return text.to_owned();
        }
        let mut text = text.replace("session/socket@", "session/socket-async@");
        for name in ["wait", "[static]connection.connect", "[method]connection.write", "[method]connection.read"] {
            let plain = format!("(export \"{name}\" (func");
            assert!(text.contains(&plain), "{name}");
            text = text.replacen(&plain, &format!("{plain} async"), 1);
        }
        // Exports that wait for asynchronous imports are asynchronous.
        for name in ["exchange", "pause"] {
            let plain = format!("  (func (export \"{name}\") (param \"");
            assert!(text.contains(&plain), "{name}");
            text = text.replace(&plain, &plain.replace(" (param", " async (param"));
        }
        text
    }
}

/// Answers every six bytes with seven, on every connection. Returns its port.
fn server() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let port = listener.local_addr().expect("its own address").port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            thread::spawn(move || {
                let mut question = [0; 6];
                while stream.read_exact(&mut question).is_ok() {
                    stream.write_all(b"+PONG\r\n").expect("a peer that waits");
                }
            });
        }
    });
    port
}

fn a_store_that_ends_leaves_its_connection_to_the_next(flavour: Flavour) {
    let port = server();
    let sockets = Sockets::builder().allow_tcp("127.0.0.1", port).build();
    assert_eq!(flavour.call::<_, u32>(&sockets, "exchange", (port,)), 0);
    assert_eq!(sockets.idle(), 1);
    assert_eq!(flavour.call::<_, u32>(&sockets, "exchange", (port,)), 1);
    assert_eq!(sockets.idle(), 1);
    let expected = Statistics { connects: 1, reuses: 1, writes: 2, reads: 2, bytes_written: 12, bytes_read: 14 };
    assert_eq!(sockets.statistics(), expected);
}

fn sockets_of_two_applications_share_nothing(flavour: Flavour) {
    let port = server();
    let applications = [(); 2].map(|()| Sockets::builder().allow_tcp("127.0.0.1", port).build());
    for sockets in &applications {
        assert_eq!(flavour.call::<_, u32>(sockets, "exchange", (port,)), 0);
    }
}

fn a_guest_without_permission_is_denied(flavour: Flavour) {
    let sockets = Sockets::builder().build();
    const DENIED: u32 = 105;
    assert_eq!(flavour.call::<_, u32>(&sockets, "exchange", (server(),)), DENIED);
}

fn a_pause_takes_its_time(flavour: Flavour) {
    let sockets = Sockets::builder().build();
    let passed = flavour.call::<_, u64>(&sockets, "pause", (50_u32,));
    assert!(passed >= 50, "{passed} ms");
}

macro_rules! in_every_flavour {
    ($($name:ident),+ $(,)?) => {
        mod blocking {
            $(#[test]
            fn $name() {
                super::$name(super::Flavour::Blocking);
            })+
        }

        mod tokio {
            $(#[test]
            fn $name() {
                super::$name(super::Flavour::Tokio);
            })+
        }

        mod concurrent {
            $(#[test]
            fn $name() {
                super::$name(super::Flavour::Concurrent);
            })+
        }
    };
}

in_every_flavour! {
    a_store_that_ends_leaves_its_connection_to_the_next,
    sockets_of_two_applications_share_nothing,
    a_guest_without_permission_is_denied,
    a_pause_takes_its_time,
}
