//! Values of settings, options and action inputs, to and from Rust's types.

use crate::{Error, Result, Value};

/// A type that a setting's value can be read as.
///
/// Numbers are also read from text, because the values of a `choice` are text.
pub trait FromValue: Sized {
    /// What it is called in an error: "setting DPMM is not `this`".
    const WANTED: &'static str;

    /// The value as this type, or nothing when it is something else.
    fn from_value(value: &Value) -> Option<Self>;
}

/// A value under its key, or an error that names the key.
pub(crate) fn read<T: FromValue>(key: &str, value: &Value) -> Result<T> {
    T::from_value(value).ok_or_else(|| {
        let found = match value {
            Value::Text(text) => format!("`{text}`"),
            Value::Integer(number) => number.to_string(),
            Value::Decimal(number) => number.to_string(),
            Value::Boolean(flag) => flag.to_string(),
        };
        Error::invalid("setting", format!("setting {key}: {found} is not {}", T::WANTED))
    })
}

impl FromValue for Value {
    const WANTED: &'static str = "a value";
    fn from_value(value: &Value) -> Option<Self> {
        Some(value.clone())
    }
}

impl FromValue for String {
    const WANTED: &'static str = "a text";
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        }
    }
}

impl FromValue for bool {
    const WANTED: &'static str = "true or false";
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Boolean(flag) => Some(*flag),
            _ => None,
        }
    }
}

impl FromValue for f64 {
    const WANTED: &'static str = "a number";
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Decimal(number) => Some(*number),
            // Exact up to 2^53, far beyond any measure of a device.
            #[allow(clippy::cast_precision_loss)]
            Value::Integer(number) => Some(*number as f64),
            Value::Text(text) => text.trim().parse().ok(),
            Value::Boolean(_) => None,
        }
    }
}

macro_rules! integers {
    ($($integer:ty),*) => { $(
        impl FromValue for $integer {
            const WANTED: &'static str = concat!("a whole number that fits ", stringify!($integer));
            fn from_value(value: &Value) -> Option<Self> {
                match value {
                    Value::Integer(number) => Self::try_from(*number).ok(),
                    Value::Text(text) => text.trim().parse().ok(),
                    Value::Decimal(_) | Value::Boolean(_) => None,
                }
            }
        }
        impl From<$integer> for Value {
            fn from(number: $integer) -> Self {
                Self::Integer(number.into())
            }
        }
    )* };
}

integers!(u8, u16, u32, i16, i32, i64);

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Decimal(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Boolean(flag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_of_numbers_is_read_as_a_number() {
        assert_eq!(read::<u32>("DPMM", &Value::from("12")), Ok(12));
    }

    #[test]
    fn a_number_that_does_not_fit_is_an_error_that_names_the_key() {
        let error = read::<u8>("DARKNESS", &Value::from(300)).unwrap_err();
        assert_eq!(error.message, "setting DARKNESS: 300 is not a whole number that fits u8");
    }

    #[test]
    fn a_whole_number_is_also_a_decimal_but_not_the_other_way_round() {
        assert_eq!(read::<f64>("WIDTH", &Value::from(100)), Ok(100.0));
        assert!(read::<i64>("WIDTH", &Value::from(100.0)).is_err());
    }
}
