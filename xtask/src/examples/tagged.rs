//! What JSON can't say alone, in the list of cases and on the way to an application and back.
//!
//! `{"$integer": "9223372036854775807"}` is an integer beyond 2^53, which not every language's JSON keeps; it travels like
//! that. `{"$repeat": ["a", 3]}` is `"aaa"`, and `{"$bytes": [255]}` are bytes for Redis: both only stand in the list.

use anyhow::{Context, bail};
use serde_json::Value;

/// The largest integer up to which all are exact in a double.
const EXACT: f64 = 9_007_199_254_740_991.0;

/// The value with every `$repeat` written out.
pub(super) fn expanded(value: &Value) -> anyhow::Result<Value> {
    Ok(match value {
        Value::Object(fields) => match fields.get("$repeat") {
            Some(repeat) => {
                let (text, times): (String, usize) = serde_json::from_value(repeat.clone()).context("a $repeat")?;
                Value::String(text.repeat(times))
            }
            None => {
                let expand = |(name, field): (&String, &Value)| Ok((name.clone(), expanded(field)?));
                Value::Object(fields.iter().map(expand).collect::<anyhow::Result<_>>()?)
            }
        },
        Value::Array(elements) => Value::Array(elements.iter().map(expanded).collect::<anyhow::Result<_>>()?),
        other => other.clone(),
    })
}

/// An argument for Redis: text or `$bytes`.
pub(super) fn bytes(value: &Value) -> anyhow::Result<Vec<u8>> {
    match (value, value.get("$bytes")) {
        (Value::String(text), _) => Ok(text.clone().into_bytes()),
        (_, Some(bytes)) => Ok(serde_json::from_value(bytes.clone())?),
        _ => bail!("{value} is neither text nor $bytes"),
    }
}

/// Whether both say the same, where `1` and `1.0`, and an integer and its `$integer`, are the same.
pub(super) fn same(one: &Value, other: &Value) -> bool {
    if let (Some(one), Some(other)) = (integer(one), integer(other)) {
        return one == other;
    }
    match (one, other) {
        (Value::Array(ones), Value::Array(others)) => {
            ones.len() == others.len() && ones.iter().zip(others).all(|(one, other)| same(one, other))
        }
        (Value::Object(ones), Value::Object(others)) => {
            ones.len() == others.len()
                && ones.iter().all(|(name, one)| others.get(name).is_some_and(|other| same(one, other)))
        }
        _ => one == other,
    }
}

/// The digits of an integer.
fn integer(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => {
                (float.fract() == 0.0 && float.abs() <= EXACT).then(|| (float as i64).to_string())
            }
            _ => Some(number.to_string()),
        },
        Value::Object(fields) => fields.get("$integer")?.as_str().map(str::to_owned),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{bytes, expanded, same};

    #[test]
    fn numbers_are_the_same_however_they_are_written() {
        assert!(same(&json!([1, { "a": 2.0 }]), &json!([1.0, { "a": 2 }])));
        assert!(same(&json!(i64::MAX), &json!({ "$integer": "9223372036854775807" })));
        assert!(same(&json!(1e300), &json!(1e300)));
    }

    #[test]
    fn what_differs_is_told() {
        let tagged = json!({ "$integer": "9223372036854775807" });
        for (one, other) in [
            (json!(i64::MAX - 1), tagged.clone()),
            (json!(9223372036854775807_f64), tagged),
            (json!(1), json!("1")),
            (json!(0), json!(null)),
            (json!([1]), json!([1, 2])),
            (json!({ "a": 1 }), json!({ "b": 1 })),
            (json!(1.5), json!(1.25)),
        ] {
            assert!(!same(&one, &other), "{one} {other}");
        }
    }

    #[test]
    fn tags_are_written_out() {
        assert_eq!(expanded(&json!([{ "$repeat": ["ab", 2] }])).unwrap(), json!(["abab"]));
        assert_eq!(bytes(&json!({ "$bytes": [0, 255] })).unwrap(), [0, 255]);
        assert!(bytes(&json!(1)).is_err());
    }
}
