//! The steps of a batch, in short.

use crate::session::Operation;

/// `get` of the contract's `operation`.
pub fn get(key: &str) -> Operation {
    Operation::Get(key.into())
}

/// `get-bytes` of the contract's `operation`.
pub fn get_bytes(key: &str) -> Operation {
    Operation::GetBytes(key.into())
}

/// `contains` of the contract's `operation`.
pub fn contains(key: &str) -> Operation {
    Operation::Contains(key.into())
}

/// `set` of the contract's `operation`.
pub fn set(key: &str, json: &str) -> Operation {
    Operation::Set((key.into(), json.into()))
}

/// `set-bytes` of the contract's `operation`.
pub fn set_bytes(key: &str, value: &[u8]) -> Operation {
    Operation::SetBytes((key.into(), value.into()))
}

/// `set-if-absent` of the contract's `operation`.
pub fn set_if_absent(key: &str, json: &str) -> Operation {
    Operation::SetIfAbsent((key.into(), json.into()))
}

/// `compare-and-set` of the contract's `operation`.
pub fn compare_and_set(key: &str, expected: Option<&str>, json: Option<&str>) -> Operation {
    Operation::CompareAndSet((key.into(), expected.map(Into::into), json.map(Into::into)))
}

/// `delete` of the contract's `operation`.
pub fn delete(key: &str) -> Operation {
    Operation::Delete(key.into())
}

/// `pop` of the contract's `operation`.
pub fn pop(key: &str) -> Operation {
    Operation::Pop(key.into())
}

/// `increment` of the contract's `operation`.
pub fn increment(key: &str, by: i64) -> Operation {
    Operation::Increment((key.into(), by))
}

/// `increment-float` of the contract's `operation`.
pub fn increment_float(key: &str, by: f64) -> Operation {
    Operation::IncrementFloat((key.into(), by))
}
