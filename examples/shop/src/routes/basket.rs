//! `GET` and `POST /api/basket`: what the visitor wants to buy.

use serde::Deserialize;
use serde_json::json;

use crate::http::{Request, Response};
use crate::problem::Problem;
use crate::session::Session;

const FIELD: &str = "basket";
/// How many items a basket holds, and how long an item's name may be, in characters.
const MOST_ITEMS: usize = 1_000;
const LONGEST_ITEM: usize = 100;

#[derive(Deserialize)]
struct Addition {
    item: String,
}

pub(super) fn show(session: &Session, _: Request) -> Result<Response, Problem> {
    let items: Vec<String> = session.get(FIELD)?.unwrap_or_default();
    Ok(Response::json(200, &json!({ "items": items })))
}

pub(super) fn add(session: &Session, request: Request) -> Result<Response, Problem> {
    let Addition { item } = request.json()?;
    let item = super::name("item", &item, LONGEST_ITEM)?;
    let items = session.change(FIELD, |items: &mut Vec<String>| {
        if items.len() == MOST_ITEMS {
            return Err(Problem::bad_request(format!("The basket is full: it holds {MOST_ITEMS} items.")));
        }
        items.push(item.to_owned());
        Ok(())
    })?;
    Ok(Response::json(200, &json!({ "items": items })))
}
