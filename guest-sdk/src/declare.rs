//! Declarations, built step by step: what a driver says about itself and its settings.
//!
//! The records themselves come from the contract; their fields are public and documented there.

use crate::{
    Action, Choice, Constraint, DriverInfo, FieldError, GrantRequest, Property, PropertyKind, Scope, Setting,
    Translation, Value,
};

impl DriverInfo {
    /// A driver of this slug (`[a-z][a-z0-9-]*`), name and version (`env!("CARGO_PKG_VERSION")`).
    pub fn new(slug: impl Into<String>, name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            slug: slug.into(),
            name: name.into(),
            description: String::new(),
            version: version.into(),
            machine_type: String::new(),
            settings: Vec::new(),
            actions: Vec::new(),
            implements: Vec::new(),
            grants: Vec::new(),
            translations: Vec::new(),
        }
    }

    /// What it drives, for people.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = text.into();
        self
    }

    /// Adds a setting of each machine.
    #[must_use]
    pub fn setting(mut self, setting: Setting) -> Self {
        self.settings.push(setting);
        self
    }

    /// Adds a button of each machine.
    #[must_use]
    pub fn action(mut self, action: Action) -> Self {
        self.actions.push(action);
        self
    }

    /// Says that an optional function of the machine type is implemented, by its name in the contract.
    #[must_use]
    pub fn implements(mut self, function: impl Into<String>) -> Self {
        self.implements.push(function.into());
        self
    }

    /// Asks for something beyond the settings of its machines, with the reason for the operator who decides.
    #[must_use]
    pub fn grant(mut self, grant: impl Into<String>, reason: impl Into<String>) -> Self {
        self.grants.push(GrantRequest { grant: grant.into(), reason: reason.into() });
        self
    }

    /// Adds the text of a declaration in another language; the key is a path such as `settings.WIDTH.name`.
    #[must_use]
    pub fn translation(mut self, language: &str, key: impl Into<String>, text: impl Into<String>) -> Self {
        self.translations.push(Translation { language: language.to_owned(), key: key.into(), text: text.into() });
        self
    }
}

/// Declarations of settings, inputs and options: a kind first, then rules.
impl Setting {
    /// A setting of any kind, also of one that this SDK does not know.
    pub fn new(key: impl Into<String>, name: impl Into<String>, kind: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            name: name.into(),
            description: String::new(),
            kind: kind.into(),
            units: String::new(),
            default: None,
            required: false,
            choices: Vec::new(),
            constraints: Vec::new(),
        }
    }

    /// One line of text.
    pub fn text(key: &str, name: &str) -> Self {
        Self::new(key, name, "text")
    }

    /// Several lines of text.
    pub fn multi_line(key: &str, name: &str) -> Self {
        Self::new(key, name, "multi-line")
    }

    /// A whole number.
    pub fn integer(key: &str, name: &str) -> Self {
        Self::new(key, name, "integer")
    }

    /// A number.
    pub fn decimal(key: &str, name: &str) -> Self {
        Self::new(key, name, "decimal")
    }

    /// Yes or no.
    pub fn boolean(key: &str, name: &str) -> Self {
        Self::new(key, name, "boolean")
    }

    /// One of these values, each with the name that people see. Values are text, also those of numbers.
    pub fn choice<'a>(key: &str, name: &str, choices: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut setting = Self::new(key, name, "choice");
        let choices = choices.into_iter();
        setting.choices =
            choices.map(|(value, name)| Choice { value: value.to_owned(), name: name.to_owned() }).collect();
        setting
    }

    /// One of the values that [`Driver::setting_choices`](crate::Driver::setting_choices) answers.
    pub fn asked_choice(key: &str, name: &str) -> Self {
        Self::new(key, name, "choice")
    }

    /// A text that is stored encrypted and never shown.
    pub fn secret(key: &str, name: &str) -> Self {
        Self::new(key, name, "secret")
    }

    /// The address of a device, of one of these schemes: `tcp`, `usb`, ... It is also the permission to connect
    /// there.
    pub fn device_uri(key: &str, name: &str, schemes: &[&str]) -> Self {
        Self::new(key, name, "device-uri").constraint("schemes", schemes.join(","))
    }

    /// A web address.
    pub fn url(key: &str, name: &str) -> Self {
        Self::new(key, name, "url")
    }

    /// A length of time in milliseconds.
    pub fn duration(key: &str, name: &str) -> Self {
        Self::new(key, name, "duration")
    }

    /// What it is for, for people.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = text.into();
        self
    }

    /// Shown behind the value.
    #[must_use]
    pub fn units(mut self, units: impl Into<String>) -> Self {
        self.units = units.into();
        self
    }

    /// Used while no value is stored. Not for device-uri and url.
    #[must_use]
    pub fn default(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(value.into());
        self
    }

    /// A machine does not start without it.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Numbers: not less than this.
    #[must_use]
    pub fn min(self, min: impl Into<f64>) -> Self {
        self.constraint("min", min.into().to_string())
    }

    /// Numbers: not more than this.
    #[must_use]
    pub fn max(self, max: impl Into<f64>) -> Self {
        self.constraint("max", max.into().to_string())
    }

    /// Numbers: in steps of this, from `min` on.
    #[must_use]
    pub fn step(self, step: impl Into<f64>) -> Self {
        self.constraint("step", step.into().to_string())
    }

    /// Text: not more characters than this.
    #[must_use]
    pub fn max_length(self, characters: u32) -> Self {
        self.constraint("max-length", characters.to_string())
    }

    /// Text: matches this regular expression as a whole.
    #[must_use]
    pub fn pattern(self, pattern: impl Into<String>) -> Self {
        self.constraint("pattern", pattern)
    }

    /// A question that the operator must agree to before a change.
    #[must_use]
    pub fn confirm(self, question: impl Into<String>) -> Self {
        self.constraint("confirm", question)
    }

    /// A change takes effect at the next restart.
    #[must_use]
    pub fn restart_required(self) -> Self {
        self.constraint("restart-required", "true")
    }

    /// Not shown in forms.
    #[must_use]
    pub fn hidden(self) -> Self {
        self.constraint("hidden", "true")
    }

    /// Any rule by its key, also one that this SDK does not know.
    #[must_use]
    pub fn constraint(mut self, key: &str, value: impl Into<String>) -> Self {
        self.constraints.push(Constraint { key: key.to_owned(), value: value.into() });
        self
    }
}

impl Action {
    /// A button: its key in lower case with dashes, and its name.
    pub fn new(key: impl Into<String>, name: impl Into<String>) -> Self {
        Self { key: key.into(), name: name.into(), description: String::new(), inputs: Vec::new(), confirm: None }
    }

    /// What it does, for people.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = text.into();
        self
    }

    /// Something that the operator is asked for before it runs.
    #[must_use]
    pub fn input(mut self, input: Setting) -> Self {
        self.inputs.push(input);
        self
    }

    /// A question that the operator must agree to first.
    #[must_use]
    pub fn confirm(mut self, question: impl Into<String>) -> Self {
        self.confirm = Some(question.into());
        self
    }
}

impl Property {
    /// A fact of this kind.
    pub fn new(key: impl Into<String>, kind: PropertyKind, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into(), group: String::new(), kind, max: None }
    }

    /// A fact in words.
    pub fn text(key: &str, value: impl Into<String>) -> Self {
        Self::new(key, PropertyKind::Text, value)
    }

    /// A whole number.
    pub fn integer(key: &str, value: impl Into<i64>) -> Self {
        Self::new(key, PropertyKind::Integer, value.into().to_string())
    }

    /// A number.
    pub fn decimal(key: &str, value: f64) -> Self {
        Self::new(key, PropertyKind::Decimal, value.to_string())
    }

    /// Yes or no.
    pub fn boolean(key: &str, value: bool) -> Self {
        Self::new(key, PropertyKind::Boolean, value.to_string())
    }

    /// A part of `max`, shown as a bar.
    pub fn progress(key: &str, value: f64, max: f64) -> Self {
        Self { max: Some(max), ..Self::new(key, PropertyKind::Progress, value.to_string()) }
    }

    /// Properties with the same group are shown together.
    #[must_use]
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = group.into();
        self
    }
}

impl FieldError {
    /// Why a value of the driver's own setting cannot be saved.
    pub fn driver(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { scope: Scope::Driver, key: key.into(), message: message.into() }
    }

    /// Why a value of a setting of the machine's type cannot be saved.
    pub fn machine(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { scope: Scope::Machine, key: key.into(), message: message.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_written_as_the_contract_names_them() {
        let setting = Setting::decimal("WIDTH", "Width").min(10).max(101.5).units("mm").default(50.0).required();
        let rules: Vec<_> = setting.constraints.iter().map(|rule| (rule.key.as_str(), rule.value.as_str())).collect();
        assert_eq!(rules, [("min", "10"), ("max", "101.5")]);
        assert_eq!((setting.kind.as_str(), setting.units.as_str(), setting.required), ("decimal", "mm", true));
    }

    #[test]
    fn a_device_uri_lists_its_schemes_and_has_no_default() {
        let setting = Setting::device_uri("CONNECTION", "Connection", &["tcp", "usb"]);
        assert!(setting.constraints.iter().any(|rule| rule.key == "schemes" && rule.value == "tcp,usb"));
        assert!(setting.default.is_none());
    }
}
