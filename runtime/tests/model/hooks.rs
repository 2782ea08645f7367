//! What guests were called, as the engine's traces tell it, and whether that is in order.

use ostler::instance::life::HOOKS;
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{Debug, Write as _},
    sync::Arc,
};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
};
use tracing_subscriber::{
    Layer, Registry,
    layer::{Context, SubscriberExt as _},
};

/// All hooks of all registries in this process, by machine; machine ids are never used twice.
#[derive(Clone, Default)]
pub struct Hooks(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    machines: BTreeMap<String, Told>,
    /// Instances that live, with the machines that were initialised in them.
    live: BTreeMap<u64, BTreeSet<String>>,
    /// What is out of order.
    wrong: Vec<String>,
}

#[derive(Default)]
struct Told {
    /// The instance in which it is initialised.
    up_in: Option<u64>,
    /// How often `init-machine` and `update-machine` returned.
    inits: usize,
    updates: usize,
    history: Vec<String>,
}

impl Hooks {
    /// Whether a machine is initialised, by its hooks.
    pub fn is_up(&self, machine: &str) -> bool {
        self.0.lock().machines.get(machine).is_some_and(|told| told.up_in.is_some())
    }

    /// How often `init-machine` returned for a machine.
    pub fn inits(&self, machine: &str) -> usize {
        self.0.lock().machines.get(machine).map_or(0, |told| told.inits)
    }

    /// How often `update-machine` returned for a machine.
    pub fn updates(&self, machine: &str) -> usize {
        self.0.lock().machines.get(machine).map_or(0, |told| told.updates)
    }

    /// The hooks of a machine, for a failure's message.
    pub fn history(&self, machine: &str) -> String {
        self.0.lock().machines.get(machine).map(|told| told.history.join("\n")).unwrap_or_default()
    }

    /// How many instances live in which one of these machines was ever initialised.
    pub fn instances(&self, machines: &[String]) -> usize {
        let seen = self.0.lock();
        seen.live.values().filter(|of| machines.iter().any(|machine| of.contains(machine))).count()
    }

    /// What is out of order so far.
    pub fn wrong(&self) -> Vec<String> {
        self.0.lock().wrong.clone()
    }
}

/// Listens to the traces of this process from now on.
pub fn listen() -> Hooks {
    let hooks = Hooks::default();
    let subscriber = Registry::default().with(
        hooks.clone().with_filter(tracing_subscriber::filter::Targets::new().with_target(HOOKS, LevelFilter::TRACE)),
    );
    tracing::subscriber::set_global_default(subscriber).unwrap();
    hooks
}

impl<S: Subscriber> Layer<S> for Hooks {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line::default();
        event.record(&mut line);
        self.0.lock().take(&line);
    }
}

impl Seen {
    fn take(&mut self, line: &Line) {
        match (&line.machine, line.hook.as_str()) {
            (None, "end") => {
                self.live.remove(&line.instance);
                let Self { machines, wrong, .. } = self;
                for (machine, told) in machines.iter_mut().filter(|(_, told)| told.up_in == Some(line.instance)) {
                    told.up_in = None;
                    // Only a crash takes a machine along that was not stopped.
                    if line.returned == Some(true) {
                        wrong.push(format!(
                            "{machine} was not stopped before its instance\n{}",
                            told.history.join("\n")
                        ));
                    }
                }
            }
            (None, _) => drop(self.live.insert(line.instance, BTreeSet::new())),
            (Some(machine), hook) => {
                if let Some(of) = self.live.get_mut(&line.instance) {
                    of.insert(machine.clone());
                }
                let told = self.machines.entry(machine.clone()).or_default();
                told.history.push(format!("{hook} in {} {:?}", line.instance, line.returned));
                told.inits += usize::from(hook == "init-machine" && line.returned.is_some());
                told.updates += usize::from(hook == "update-machine" && line.returned.is_some());
                if let Some(wrong) = told.judge(hook, line) {
                    self.wrong.push(format!("{machine}: {wrong}\n{}", told.history.join("\n")));
                }
            }
        }
    }
}

impl Told {
    /// The order of a machine's hooks: `init-machine` first and once, `stop-machine` last, all others between them and in the
    /// instance that it was initialised in.
    fn judge(&mut self, hook: &str, line: &Line) -> Option<String> {
        match (hook, line.returned) {
            ("init-machine", None) if self.up_in.is_some() => Some("initialised twice without a stop".to_owned()),
            ("init-machine", Some(true)) => {
                self.up_in = Some(line.instance);
                None
            }
            ("init-machine", _) => None,
            (_, None) if self.up_in != Some(line.instance) => Some(format!("{hook} without init-machine")),
            ("stop-machine", Some(_)) => {
                self.up_in = None;
                None
            }
            _ => None,
        }
    }
}

/// One line of a trace.
#[derive(Default)]
struct Line {
    hook: String,
    instance: u64,
    machine: Option<String>,
    returned: Option<bool>,
}

impl Visit for Line {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "instance" {
            self.instance = value;
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        if field.name() == "returned" {
            self.returned = Some(value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut text = String::new();
        let _ = write!(text, "{value:?}");
        match field.name() {
            "message" => self.hook = text,
            "machine" => self.machine = Some(text),
            _ => {}
        }
    }
}
