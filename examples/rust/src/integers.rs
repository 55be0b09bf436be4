//! `{"$integer": "…"}` is how integers travel that not every language's JSON keeps. Rust's does, so it answers without.

use serde_json::Value;

pub(crate) fn untagged(value: &Value) -> Value {
    match value {
        Value::Object(fields) => match fields.get("$integer").and_then(Value::as_str) {
            Some(digits) => digits.parse().map(Value::Number).expect("an integer"),
            None => fields.iter().map(|(name, field)| (name.clone(), untagged(field))).collect(),
        },
        Value::Array(elements) => elements.iter().map(untagged).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::untagged;

    #[test]
    fn integers_are_found_at_any_depth() {
        let tagged = json!([{ "a": { "$integer": "9223372036854775807" } }, "b", null]);
        assert_eq!(untagged(&tagged), json!([{ "a": i64::MAX }, "b", null]));
        assert_eq!(untagged(&json!({ "$integer": "18446744073709551615" })), json!(u64::MAX));
    }
}
