//! What a setting, a job's option or an action's input is, and which values it takes.

use super::{OptionKey, Scope, SettingKey, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The longest value, in characters.
pub const MAX_VALUE_LENGTH: usize = 2000;

/// What kind of value a setting has. A kind that this host does not know is treated as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", from = "String")]
pub enum SettingKind {
    /// One line.
    Text,
    /// Several lines.
    MultiLine,
    /// A whole number.
    Integer,
    /// A number with a fraction.
    Decimal,
    /// True or false.
    Boolean,
    /// One of the choices.
    Choice,
    /// Text that is never shown again.
    Secret,
    /// Where the device is; also the permission to connect to it.
    DeviceUri,
    /// Where a service is; also the permission to ask it.
    Url,
    /// Milliseconds.
    Duration,
    /// An opaque id of the embedding application.
    Reference,
}

impl From<String> for SettingKind {
    fn from(name: String) -> Self {
        Self::parse(&name)
    }
}

impl SettingKind {
    /// The kind of that name, or text.
    pub fn parse(name: &str) -> Self {
        match name {
            "multi-line" => Self::MultiLine,
            "integer" => Self::Integer,
            "decimal" => Self::Decimal,
            "boolean" => Self::Boolean,
            "choice" => Self::Choice,
            "secret" => Self::Secret,
            "device-uri" => Self::DeviceUri,
            "url" => Self::Url,
            "duration" => Self::Duration,
            "reference" => Self::Reference,
            _ => Self::Text,
        }
    }

    /// Whether only an operator writes it, because the value is a permission or a secret.
    pub fn is_operators_alone(self) -> bool {
        matches!(self, Self::DeviceUri | Self::Url | Self::Secret | Self::Reference)
    }
}

/// One allowed value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Choice {
    /// What is stored.
    pub value: String,
    /// What people see.
    #[serde(rename = "display_name", alias = "name")]
    pub name: String,
}

/// A rule on the value, by a well-known key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Constraint {
    /// `min`, `max`, `step`, `max-length`, `pattern`, `schemes`, `confirm`, `restart-required`, `hidden` ...
    pub key: String,
    /// The rule's value.
    pub value: String,
}

/// The declaration of a setting.
pub type SettingSpec = Spec<SettingKey>;

/// The declaration of a job's option or of an action's input.
pub type OptionSpec = Spec<OptionKey>;

/// A declaration under a key of the kind `K`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Spec<K> {
    /// Its key.
    pub key: K,
    /// Its name for people.
    #[serde(default)]
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// What kind of value it has.
    pub kind: SettingKind,
    /// Shown behind the value.
    #[serde(default)]
    pub units: String,
    /// Used while no value is stored.
    #[serde(default)]
    pub default: Option<Value>,
    /// Whether a machine needs it to start.
    #[serde(default)]
    pub required: bool,
    /// The allowed values of a choice.
    #[serde(default)]
    pub choices: Vec<Choice>,
    /// Rules on the value.
    #[serde(default)]
    pub constraints: Vec<Constraint>,
}

impl<K> Spec<K> {
    /// The value of a constraint.
    pub fn constraint(&self, key: &str) -> Option<&str> {
        self.constraints.iter().find(|c| c.key == key).map(|c| c.value.as_str())
    }

    /// The URI schemes that the value may have; empty means any.
    pub fn schemes(&self) -> Vec<&str> {
        self.constraint("schemes").map(|list| list.split(',').map(str::trim).collect()).unwrap_or_default()
    }

    /// Parses a proposed value and checks it against kind, constraints and choices. The empty text and null clear the
    /// setting. The error is a sentence for the person who typed the value.
    pub fn parse(&self, proposed: &serde_json::Value) -> Result<Option<Value>, String> {
        let text = match proposed {
            serde_json::Value::Null => return Ok(None),
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Bool(_) | serde_json::Value::Number(_) => proposed.to_string(),
            _ => return Err("Give a text, a number, true or false.".to_owned()),
        };
        if text.chars().count() > MAX_VALUE_LENGTH {
            return Err(format!("At most {MAX_VALUE_LENGTH} characters are allowed."));
        }
        if text.is_empty() {
            return Ok(None);
        }
        let value = match self.kind {
            SettingKind::Integer | SettingKind::Duration => Value::Integer(self.parse_integer(&text)?),
            SettingKind::Decimal => Value::Decimal(self.parse_decimal(&text)?),
            SettingKind::Boolean => Value::Boolean(parse_boolean(&text)?),
            SettingKind::Choice => self.parse_choice(&text)?,
            SettingKind::DeviceUri | SettingKind::Url => self.parse_uri(&text)?,
            SettingKind::Text | SettingKind::MultiLine | SettingKind::Secret | SettingKind::Reference => {
                self.parse_text(text)?
            }
        };
        Ok(Some(value))
    }

    fn parse_integer(&self, text: &str) -> Result<i64, String> {
        let number: i64 = text.trim().parse().map_err(|_| format!("'{text}' is not a whole number."))?;
        if self.kind == SettingKind::Duration && !(0..=i64::from(u32::MAX)).contains(&number) {
            return Err(format!("{number} is not a duration: use 0 to {} milliseconds.", u32::MAX));
        }
        let bound = |key| self.constraint(key).and_then(|bound| bound.parse::<i64>().ok());
        if let Some(min) = bound("min").filter(|min| number < *min) {
            return Err(format!("{number} is too small: the least is {min}."));
        }
        if let Some(max) = bound("max").filter(|max| number > *max) {
            return Err(format!("{number} is too large: the most is {max}."));
        }
        let step = bound("step").filter(|step| *step > 0);
        let from = bound("min").unwrap_or(0);
        if let Some(step) = step.filter(|step| number.wrapping_sub(from) % step != 0) {
            return Err(format!("{number} does not fit: use steps of {step} from {from}."));
        }
        Ok(number)
    }

    fn parse_decimal(&self, text: &str) -> Result<f64, String> {
        let number: f64 = text.trim().parse().map_err(|_| format!("'{text}' is not a number."))?;
        if !number.is_finite() {
            return Err(format!("'{text}' is not a finite number."));
        }
        let bound = |key| self.constraint(key).and_then(|bound| bound.parse::<f64>().ok());
        if let Some(min) = bound("min").filter(|min| number < *min) {
            return Err(format!("{number} is too small: the least is {min}."));
        }
        if let Some(max) = bound("max").filter(|max| number > *max) {
            return Err(format!("{number} is too large: the most is {max}."));
        }
        let from = bound("min").unwrap_or(0.0);
        if let Some(step) = bound("step").filter(|step| *step > 0.0) {
            let steps = (number - from) / step;
            // Decimal fractions are rarely exact.
            if (steps - steps.round()).abs() > 1e-6 {
                return Err(format!("{number} does not fit: use steps of {step} from {from}."));
            }
        }
        Ok(number)
    }

    fn parse_choice(&self, text: &str) -> Result<Value, String> {
        if self.choices.is_empty() || self.choices.iter().any(|choice| choice.value == text) {
            return Ok(Value::Text(text.to_owned()));
        }
        let allowed: Vec<_> = self.choices.iter().map(|choice| choice.value.as_str()).collect();
        Err(format!("'{text}' is not one of the choices: {}.", allowed.join(", ")))
    }

    fn parse_uri(&self, text: &str) -> Result<Value, String> {
        let example = if self.kind == SettingKind::DeviceUri { "tcp://10.0.0.7:9100" } else { "https://example.org/" };
        let uri = url::Url::parse(text.trim())
            .map_err(|error| format!("'{text}' is not a URI ({error}); write it like {example}."))?;
        let schemes = self.schemes();
        if !schemes.is_empty() && !schemes.contains(&uri.scheme()) {
            return Err(format!("The scheme '{}' is not accepted here: use {}.", uri.scheme(), schemes.join(" or ")));
        }
        Ok(Value::Text(text.trim().to_owned()))
    }

    fn parse_text(&self, text: String) -> Result<Value, String> {
        if self.kind != SettingKind::MultiLine && text.contains(['\n', '\r']) {
            return Err("Only one line is allowed.".to_owned());
        }
        let longest = self.constraint("max-length").and_then(|max| max.parse::<usize>().ok());
        if let Some(max) = longest.filter(|max| text.chars().count() > *max) {
            return Err(format!("At most {max} characters are allowed."));
        }
        if let Some(pattern) = self.constraint("pattern") {
            let whole = regex::Regex::new(&format!("^(?:{pattern})$"))
                .map_err(|error| format!("The driver's pattern '{pattern}' is broken: {error}."))?;
            if !whole.is_match(&text) {
                return Err(format!("'{text}' does not have the form {pattern}."));
            }
        }
        Ok(Value::Text(text))
    }
}

fn parse_boolean(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "y" | "yes" | "t" | "true" | "ok" | "on" => Ok(true),
        "0" | "n" | "no" | "none" | "f" | "false" | "off" => Ok(false),
        _ => Err(format!("'{text}' is neither true nor false.")),
    }
}

/// The text that an incomplete machine shows, or nothing when no setting is missing.
pub fn missing_settings_text(missing: &[(Scope, SettingKey)]) -> Option<String> {
    let keys = |scope| {
        let keys: Vec<_> = missing.iter().filter(|(s, _)| *s == scope).map(|(_, key)| key.as_str()).collect();
        keys.join(", ")
    };
    let (machine, driver) = (keys(Scope::Machine), keys(Scope::Driver));
    match (machine.is_empty(), driver.is_empty()) {
        (true, true) => None,
        (false, true) => Some(format!("Missing MACHINE settings: {machine}")),
        (true, false) => Some(format!("Missing DRIVER settings: {driver}")),
        (false, false) => Some(format!("Missing MACHINE settings: {machine} and DRIVER settings: {driver}")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn spec(kind: SettingKind, constraints: &[(&str, &str)]) -> SettingSpec {
        SettingSpec {
            key: "K".parse().unwrap(),
            name: String::new(),
            description: String::new(),
            kind,
            units: String::new(),
            default: None,
            required: false,
            choices: vec![Choice { value: "8".into(), name: "203 dpi".into() }],
            constraints: constraints
                .iter()
                .map(|(key, value)| Constraint { key: (*key).into(), value: (*value).into() })
                .collect(),
        }
    }

    #[test]
    fn integers_keep_their_bounds_and_say_which() {
        let spec = spec(SettingKind::Integer, &[("min", "0"), ("max", "30")]);
        assert_eq!(spec.parse(&json!("12")), Ok(Some(Value::Integer(12))));
        assert_eq!(spec.parse(&json!(31)), Err("31 is too large: the most is 30.".into()));
        assert_eq!(spec.parse(&json!("12.5")), Err("'12.5' is not a whole number.".into()));
    }

    #[test]
    fn the_empty_text_is_no_value_but_false_and_zero_are() {
        assert_eq!(spec(SettingKind::Text, &[]).parse(&json!("")), Ok(None));
        assert_eq!(spec(SettingKind::Boolean, &[]).parse(&json!(false)), Ok(Some(Value::Boolean(false))));
        assert_eq!(spec(SettingKind::Integer, &[]).parse(&json!(0)), Ok(Some(Value::Integer(0))));
    }

    #[test]
    fn choices_and_schemes_name_what_is_allowed() {
        assert!(spec(SettingKind::Choice, &[]).parse(&json!("9")).unwrap_err().contains('8'));
        let uri = spec(SettingKind::DeviceUri, &[("schemes", "tcp, usb")]);
        assert!(uri.parse(&json!("http://x/")).unwrap_err().contains("tcp or usb"));
        assert!(uri.parse(&json!("tcp://10.0.0.7:9100")).is_ok());
    }

    #[test]
    fn missing_settings_are_listed_by_scope() {
        let key = |k: &str| k.parse::<SettingKey>().unwrap();
        let missing = [(Scope::Machine, key("A")), (Scope::Machine, key("B")), (Scope::Driver, key("C"))];
        let text = missing_settings_text(&missing).unwrap();
        assert_eq!(text, "Missing MACHINE settings: A, B and DRIVER settings: C");
        assert_eq!(missing_settings_text(&[]), None);
    }
}
