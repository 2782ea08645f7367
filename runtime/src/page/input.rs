//! One typed input of a form, of an option that a driver declares or of a field of a template.

use super::errors::Errors;
use crate::model::{OptionSpec, SettingKind};
use ostler_render::template::{Field, Kind};

/// A text of so many characters may have several lines.
const LONG: u32 = 120;

/// An input with its label.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Input {
    /// Its name in the form.
    pub name: String,
    /// Its id in the page.
    pub id: String,
    /// What stands above it.
    pub label: String,
    /// What stands below it; may be empty.
    pub hint: String,
    /// Behind its label; may be empty.
    pub units: String,
    /// `text`, `number`, `date`, `password`; or `lines` or `choice`, which are not HTML's.
    pub kind: &'static str,
    /// What is in it.
    pub value: String,
    /// What is used while it is empty; may be empty.
    pub placeholder: String,
    /// The least number; may be empty.
    pub min: String,
    /// The greatest number; may be empty.
    pub max: String,
    /// Of a number; may be empty.
    pub step: String,
    /// The most characters; may be empty.
    pub longest: String,
    /// Of a choice.
    pub choices: Vec<Choice>,
    /// Whether it must be filled.
    pub required: bool,
    /// What is wrong with what was typed.
    pub errors: Vec<String>,
}

/// One of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What people see.
    pub text: String,
    /// Whether it is the one.
    pub chosen: bool,
}

impl Choice {
    /// One of several; it is chosen if it is this one.
    pub fn new(value: impl Into<String>, text: impl Into<String>, chosen: &str) -> Self {
        let value = value.into();
        Self { chosen: value == chosen, text: text.into(), value }
    }
}

impl Input {
    /// For an option of a job.
    pub fn of_option(spec: &OptionSpec, typed: Option<&str>, errors: &Errors) -> Self {
        let name = format!("option.{}", spec.key);
        let value = typed.unwrap_or_default().to_owned();
        let default = spec.default.as_ref().map(ToString::to_string).unwrap_or_default();
        let bound = |key| spec.constraint(key).unwrap_or_default().to_owned();
        let none = if default.is_empty() { "as the machine is set".to_owned() } else { format!("default: {default}") };
        let mut choices = Vec::new();
        let kind = match spec.kind {
            SettingKind::Integer | SettingKind::Duration | SettingKind::Decimal => "number",
            SettingKind::Boolean => {
                choices = vec![Choice::new("true", "yes", &value), Choice::new("false", "no", &value)];
                "choice"
            }
            SettingKind::Choice if !spec.choices.is_empty() => {
                choices = spec.choices.iter().map(|of| Choice::new(&of.value, &of.name, &value)).collect();
                "choice"
            }
            SettingKind::MultiLine => "lines",
            SettingKind::Secret => "password",
            _ => "text",
        };
        if kind == "choice" {
            choices.insert(0, Choice::new("", &none, &value));
        }
        Self {
            id: id(&name),
            errors: errors.of(&name).to_vec(),
            label: if spec.name.is_empty() { readable(spec.key.as_str()) } else { spec.name.clone() },
            hint: spec.description.clone(),
            units: match spec.kind {
                SettingKind::Duration if spec.units.is_empty() => "ms".to_owned(),
                _ => spec.units.clone(),
            },
            placeholder: if kind == "choice" { String::new() } else { none },
            min: bound("min"),
            max: bound("max"),
            step: match spec.kind {
                SettingKind::Decimal if spec.constraint("step").is_none() => "any".to_owned(),
                _ => bound("step"),
            },
            longest: bound("max-length"),
            required: spec.required && default.is_empty(),
            kind,
            value,
            choices,
            name,
        }
    }

    /// For a field of a template.
    pub fn of_field(field: &Field, value: String, errors: &Errors) -> Self {
        let name = format!("field.{}", field.name);
        let default = field.default.clone().unwrap_or_default();
        let mut input = Self {
            id: id(&name),
            errors: errors.of(&name).to_vec(),
            label: readable(&field.name),
            hint: field.description.clone(),
            placeholder: default.clone(),
            required: field.required,
            name,
            ..Self::default()
        };
        let shown = |number: Option<String>| number.unwrap_or_default();
        match &field.kind {
            Kind::Text { max_length, .. } => {
                let long = max_length.is_some_and(|most| most >= LONG);
                let has_lines =
                    [Some(&value), field.sample.as_ref()].into_iter().flatten().any(|text| text.contains('\n'));
                input.kind = if long || has_lines { "lines" } else { "text" };
                input.longest = shown(max_length.map(|most| most.to_string()));
            }
            Kind::Integer { min, max } => {
                input.kind = "number";
                input.min = shown(min.map(|min| min.to_string()));
                input.max = shown(max.map(|max| max.to_string()));
            }
            Kind::Decimal { min, max } => {
                input.kind = "number";
                "any".clone_into(&mut input.step);
                input.min = shown(min.map(|min| min.to_string()));
                input.max = shown(max.map(|max| max.to_string()));
            }
            Kind::Date => input.kind = "date",
            Kind::Boolean => {
                input.choices = vec![Choice::new("true", "yes", &value), Choice::new("false", "no", &value)];
            }
            Kind::Choice { choices } => {
                input.choices = choices.iter().map(|choice| Choice::new(choice, choice, &value)).collect();
            }
        }
        if matches!(field.kind, Kind::Boolean | Kind::Choice { .. }) {
            input.kind = "choice";
            input.placeholder = String::new();
            if !field.required || !default.is_empty() {
                let none = if default.is_empty() { "none".to_owned() } else { format!("default: {default}") };
                input.choices.insert(0, Choice::new("", none, &value));
            }
        }
        input.value = value;
        input
    }
}

/// Dots are not letters of an id for everybody who looks for one.
fn id(name: &str) -> String {
    name.replace('.', "-")
}

/// `label-top` as `Label top`.
fn readable(key: &str) -> String {
    let words = key.replace(['-', '_'], " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::model::{Value, setting::Constraint};

    fn option(kind: SettingKind, default: Option<Value>) -> OptionSpec {
        OptionSpec {
            key: "print-speed".parse().unwrap(),
            name: String::new(),
            description: "How fast.".to_owned(),
            kind,
            units: "mm/s".to_owned(),
            default,
            required: false,
            choices: Vec::new(),
            constraints: vec![Constraint { key: "max".to_owned(), value: "150".to_owned() }],
        }
    }

    #[test]
    fn an_option_has_its_type_bounds_and_what_was_typed() {
        let errors = Errors::beside("option.print-speed", "too fast");
        let input = Input::of_option(&option(SettingKind::Integer, None), Some("900"), &errors);
        assert_eq!((input.kind, input.max.as_str(), input.value.as_str()), ("number", "150", "900"));
        assert_eq!(
            (input.label.as_str(), input.units.as_str(), input.id.as_str()),
            ("Print speed", "mm/s", "option-print-speed")
        );
        assert_eq!(input.errors, ["too fast"]);
    }

    #[test]
    fn yes_and_no_leave_the_default_as_a_third_answer() {
        let input =
            Input::of_option(&option(SettingKind::Boolean, Some(Value::Boolean(true))), None, &Errors::default());
        let texts: Vec<_> = input.choices.iter().map(|choice| (choice.text.as_str(), choice.chosen)).collect();
        assert_eq!(texts, [("default: true", true), ("yes", false), ("no", false)]);
    }

    #[test]
    fn a_field_is_an_input_of_its_kind() {
        let field = |kind| Field {
            name: "best_before".to_owned(),
            kind,
            required: true,
            description: String::new(),
            sample: Some("a\nb".to_owned()),
            default: None,
        };
        let kind = |of| Input::of_field(&field(of), String::new(), &Errors::default()).kind;
        assert_eq!(kind(Kind::Date), "date");
        assert_eq!(kind(Kind::Text { max_length: Some(20), pattern: None }), "lines");
        assert_eq!(kind(Kind::Decimal { min: None, max: None }), "number");
        let choice =
            Input::of_field(&field(Kind::Choice { choices: vec!["x".to_owned()] }), "x".to_owned(), &Errors::default());
        assert_eq!(choice.choices, [Choice::new("x", "x", "x")]);
        assert_eq!(choice.label, "Best before");
    }
}
