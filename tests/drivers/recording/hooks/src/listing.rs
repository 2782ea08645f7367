//! The action `machines`: the names of the machines that the driver finds by a filter.

use ostler_sdk::{Action, MachineFilter, Result, Setting, Value, machines};

/// Its inputs are the fields of the filter; one that is left out accepts what the contract says.
pub fn action() -> Action {
    Action::new("machines", "Machines")
        .input(Setting::text("name", "Name"))
        .input(Setting::boolean("active", "Active"))
        .input(Setting::boolean("initialized", "Initialised"))
}

/// The names of the machines, in order, with spaces between them.
pub fn run(inputs: &[(String, Value)]) -> Result<String> {
    let input = |key: &str| inputs.iter().find(|(of, _)| of == key).map(|(_, value)| value);
    let flag = |key: &str| match input(key) {
        Some(Value::Boolean(flag)) => Some(*flag),
        _ => None,
    };
    let name = match input("name") {
        Some(Value::Text(name)) => Some(name.clone()),
        _ => None,
    };
    let filter = MachineFilter { name, active: flag("active"), initialized: flag("initialized") };
    let mut names: Vec<_> = machines(&filter).iter().map(ostler_sdk::Machine::name).collect();
    names.sort();
    Ok(names.join(" "))
}
