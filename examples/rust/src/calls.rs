//! The calls of a case by their names.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::session::{Error, Session};

/// Makes a call. None is the absence of a field; what returns nothing returns null.
pub(crate) fn make(session: &Session, call: &str, arguments: &[Value]) -> Result<Option<Value>, Error> {
    let field = || argument::<String>(arguments, 0);
    let done = Value::Null;
    Ok(Some(match call {
        "get" => return session.get(&field()),
        "pop" => return session.pop(&field()),
        "set" => session.set(&field(), &arguments[1]).map(|()| done)?,
        "delete" => json!(session.delete(&field())?),
        "contains" => json!(session.contains(&field())?),
        "len" => json!(session.len()?),
        "keys" => json!(session.keys()?),
        "values" => session.items()?.into_iter().map(|(_, value): (_, Value)| value).collect(),
        "items" => json!(session.items::<Value>()?),
        "update" => {
            let fields: serde_json::Map<_, _> = argument(arguments, 0);
            session.update(&Vec::from_iter(fields)).map(|()| done)?
        }
        "set-default" => session.get_or_insert(&field(), arguments[1].clone())?,
        "increment" | "add" => json!(session.increment(&field(), argument(arguments, 1))?),
        "increment-float" => json!(session.increment_float(&field(), argument(arguments, 1))?),
        "change" => {
            let append = |elements: &mut Vec<Value>| {
                elements.push(arguments[2].clone());
                Ok::<_, Error>(())
            };
            json!(session.change(&field(), append)?)
        }
        "clear" => session.clear().map(|()| done)?,
        "destroy" => session.destroy().map(|()| done)?,
        "rotate" => session.rotate().map(|()| done)?,
        "restart" => session.restart().map(|()| done)?,
        "response-headers" => json!(session.response_headers()),
        other => panic!("there is no call {other}"),
    }))
}

fn argument<T: DeserializeOwned>(arguments: &[Value], place: usize) -> T {
    serde_json::from_value(arguments[place].clone()).expect("an argument of the call's own type")
}
