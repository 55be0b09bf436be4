//! What a visitor of the shop does.

use anyhow::ensure;
use serde_json::json;

use super::client::Client;

/// Fills the basket and signs in, which moves the session to a new id.
pub(super) fn visit(visitor: &mut Client) -> anyhow::Result<()> {
    visitor.post("/api/basket", &json!({ "item": "Assam" }))?.json(200)?;
    let basket = visitor.post("/api/basket", &json!({ "item": "茶" }))?.json(200)?;
    ensure!(basket == json!({ "items": ["Assam", "茶"] }), "{basket}");

    let before = visitor.cookie.clone();
    visitor.post("/api/login", &json!({ "user": "Ada Lovelace" }))?.json(200)?;
    ensure!(before.is_some() && visitor.cookie != before, "signing in moves to a new id");
    let basket = visitor.get("/api/basket")?.json(200)?;
    ensure!(basket == json!({ "items": ["Assam", "茶"] }), "{basket}");
    let known = visitor.get("/api/session")?.json(200)?;
    ensure!(known["user"] == "Ada Lovelace", "{known}");
    Ok(())
}
