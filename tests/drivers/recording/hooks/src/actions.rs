//! What only the driver can tell, as actions.
//!
//! * `machines`: the names of the machines that it finds by a filter
//! * `report`: an error of the driver itself
//! * `sign-in`: whether a password is the secret that it reads

use ostler_sdk::{Action, Error, Machine, MachineFilter, Result, Setting, Value};

/// Its inputs are the fields of the filter; one that is left out accepts what the contract says.
pub fn machines() -> Action {
    Action::new("machines", "Machines")
        .input(Setting::text("name", "Name"))
        .input(Setting::boolean("active", "Active"))
        .input(Setting::boolean("initialized", "Initialised"))
}

/// Its input is the error's message.
pub fn report() -> Action {
    Action::new("report", "Report an error").input(Setting::text("message", "Message").required())
}

/// Its input is a secret like the setting that it is compared with.
pub fn sign_in() -> Action {
    Action::new("sign-in", "Sign in").input(Setting::secret("password", "Password").required())
}

/// Runs one of them.
pub fn run(machine: &Machine, action: &str, inputs: &[(String, Value)]) -> Result<String> {
    let text = |key: &str| match input(inputs, key) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let flag = |key: &str| match input(inputs, key) {
        Some(Value::Boolean(flag)) => Some(*flag),
        _ => None,
    };
    match action {
        "machines" => {
            let filter = MachineFilter { name: text("name"), active: flag("active"), initialized: flag("initialized") };
            let mut names: Vec<_> = ostler_sdk::machines(&filter).iter().map(Machine::name).collect();
            names.sort();
            Ok(names.join(" "))
        }
        "report" => {
            ostler_sdk::report_driver_error(&Error::permanent("reported", text("message").unwrap_or_default()));
            Ok("reported".to_owned())
        }
        "sign-in" if machine.optional_setting::<String>("PASSWORD")? == text("password") => Ok("welcome".to_owned()),
        "sign-in" => Err(Error::denied("wrong-password", "this is not the password")),
        _ => Err(Error::unsupported(format!("there is no action {action}"))),
    }
}

fn input<'a>(inputs: &'a [(String, Value)], key: &str) -> Option<&'a Value> {
    inputs.iter().find(|(of, _)| of == key).map(|(_, value)| value)
}
