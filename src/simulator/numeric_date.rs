//! Times in assertions and keys, as seconds since 1970 (RFC 7519 §2).

use serde_json::Value;

/// Returns a time in whole seconds; a `NumericDate` may have a fraction.
pub(crate) fn seconds(value: &Value) -> Option<i64> {
    /// All integers up to this one have an exact representation as a floating-point number.
    const MAXIMUM: f64 = 9_007_199_254_740_992.0;
    let floor = |number: f64| (number.abs() < MAXIMUM).then(|| number.floor());
    // The bounds above make the conversion exact.
    #[allow(clippy::cast_possible_truncation)]
    value.as_i64().or_else(|| value.as_f64().and_then(floor).map(|number| number as i64))
}
