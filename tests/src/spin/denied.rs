//! What a dependency does not get unless its `inherit_configuration` says so.
//!
//! Spin puts a component that refuses in the place of the interface. Here the composed component
//! imports a stand-in under another name, and these functions answer it as Spin's component does.

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource, ResourceType};

use super::bindings::spin::sqlite::sqlite;
use super::bindings::wasi::config::store;
use super::sqlite::Connection;
use super::state::State;

/// A capability that can be denied.
pub(crate) struct Denied {
    /// The key in `inherit_configuration`.
    pub(crate) key: &'static str,
    /// The interface, without its version.
    pub(crate) interface: &'static str,
    /// Under which name the stand-in is imported.
    pub(crate) import: &'static str,
}

const DATABASE: Denied = Denied {
    key: "sqlite_databases",
    interface: "spin:sqlite/sqlite",
    import: "denied:spin-sqlite/sqlite",
};

const VARIABLES: Denied = Denied {
    key: "variables",
    interface: "wasi:config/store",
    import: "denied:wasi-config/store",
};

/// The capabilities that a dependency of this project could ask for. Those that make no difference
/// here (an empty environment, no folders, no sockets) are left as they are.
pub(crate) const DENIED: [Denied; 2] = [DATABASE, VARIABLES];

type Context<'a> = StoreContextMut<'a, State>;
type Opened = Result<Resource<Connection>, sqlite::Error>;
type Found = Result<sqlite::QueryResult, sqlite::Error>;
type Value = Result<Option<String>, store::Error>;
type Values = Result<Vec<(String, String)>, store::Error>;

/// Links the stand-ins.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    database(linker)?;
    variables(linker)
}

fn database(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut instance = linker.instance(DATABASE.import)?;
    instance.resource("connection", ResourceType::host::<Connection>(), |_, _| {
        Ok(())
    })?;
    instance.func_wrap(
        "[static]connection.open",
        |_: Context<'_>, _: (String,)| -> wasmtime::Result<(Opened,)> {
            Ok((Err(sqlite::Error::AccessDenied),))
        },
    )?;
    // Nobody has a connection to call the rest with.
    instance.func_wrap(
        "[method]connection.execute",
        |_: Context<'_>,
         _: (Resource<Connection>, String, Vec<sqlite::Value>)|
         -> wasmtime::Result<(Found,)> { Ok((Err(sqlite::Error::AccessDenied),)) },
    )?;
    instance.func_wrap(
        "[method]connection.changes",
        |_: Context<'_>, _: (Resource<Connection>,)| -> wasmtime::Result<(u64,)> { Ok((0,)) },
    )?;
    instance.func_wrap(
        "[method]connection.last-insert-rowid",
        |_: Context<'_>, _: (Resource<Connection>,)| -> wasmtime::Result<(i64,)> { Ok((0,)) },
    )
}

fn variables(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut instance = linker.instance(VARIABLES.import)?;
    instance.func_wrap(
        "get",
        |_: Context<'_>, _: (String,)| -> wasmtime::Result<(Value,)> { Ok((Err(refused()),)) },
    )?;
    instance.func_wrap(
        "get-all",
        |_: Context<'_>, (): ()| -> wasmtime::Result<(Values,)> { Ok((Err(refused()),)) },
    )
}

fn refused() -> store::Error {
    store::Error::Io("\"wasi:config/store\" is not permitted".to_owned())
}
