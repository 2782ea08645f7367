//! What a machine shows: status, text, properties and errors. Answered from memory, written behind.

use super::log::cut;
use crate::{
    contract::Status,
    model::{DriverError, Property, Timestamp},
};
use parking_lot::Mutex;
use serde::Serialize;
use std::collections::VecDeque;
use tokio::sync::watch;

/// Status codes from here on are faults: of the machine, of its driver or its connection, or of nobody knows what.
const FAULTS: u16 = 300;
/// How many different errors a machine keeps.
const MAX_ERRORS: usize = 50;
/// How many properties a driver may set.
const MAX_PROPERTIES: usize = 64;
/// The longest status text, in bytes.
const MAX_TEXT: usize = 255;
/// The longest key, value or group of a property, in bytes.
const MAX_PROPERTY: usize = 1000;

/// An error that a machine shows. The same kind, code and message again only counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownError {
    /// What happened.
    #[serde(flatten)]
    pub error: DriverError,
    /// When it happened first.
    pub first_seen: Timestamp,
    /// When it happened last.
    pub last_seen: Timestamp,
    /// How often.
    pub count: u64,
}

/// What the board shows at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BoardSnapshot {
    /// The status.
    pub status: Status,
    /// Free text beside it.
    pub text: String,
    /// Facts that the driver found out.
    pub properties: Vec<Property>,
    /// Errors, oldest first.
    pub errors: Vec<ShownError>,
    /// Why a restart is asked for.
    pub restart_required: Option<String>,
    /// When any of it changed last.
    pub at: Timestamp,
    /// Whether the driver has shown anything since the daemon was started. Until then what was known before still counts.
    pub heard: bool,
}

/// The board of one machine.
pub struct Board {
    state: Mutex<State>,
    fault: watch::Sender<bool>,
}

struct State {
    default: Status,
    status: Status,
    text: String,
    properties: Vec<Property>,
    errors: VecDeque<ShownError>,
    restart_required: Option<String>,
    at: Timestamp,
    heard: bool,
}

impl Board {
    /// A board that shows the type's default status.
    pub fn new(default: Status) -> Self {
        let state = State {
            status: default.clone(),
            default,
            text: String::new(),
            properties: Vec::new(),
            errors: VecDeque::new(),
            restart_required: None,
            at: Timestamp::now(),
            heard: false,
        };
        Self { fault: watch::Sender::new(state.status.code >= FAULTS), state: Mutex::new(state) }
    }

    /// Whether its status is a fault, and each change of that.
    pub fn fault(&self) -> watch::Receiver<bool> {
        self.fault.subscribe()
    }

    /// Sets the status; tells whether it changed.
    pub fn set_status(&self, status: &Status) -> bool {
        self.change(|state| {
            state.heard = true;
            let changed = state.status != *status;
            if changed {
                state.status = status.clone();
            }
            changed
        })
    }

    /// Sets the text; tells whether it changed.
    pub fn set_text(&self, text: &str) -> bool {
        let text = cut(text, MAX_TEXT);
        self.change(|state| {
            state.heard = true;
            let changed = state.text != text;
            state.text = text;
            changed
        })
    }

    /// Replaces the properties; tells whether they changed.
    pub fn set_properties(&self, properties: Vec<Property>) -> bool {
        let properties: Vec<_> = properties
            .into_iter()
            .take(MAX_PROPERTIES)
            .map(|property| Property {
                key: cut(&property.key, MAX_PROPERTY),
                value: cut(&property.value, MAX_PROPERTY),
                group: cut(&property.group, MAX_PROPERTY),
                ..property
            })
            .collect();
        self.change(|state| {
            state.heard = true;
            let changed = state.properties != properties;
            state.properties = properties;
            changed
        })
    }

    /// Adds an error, or counts it again.
    pub fn report(&self, error: DriverError) {
        self.change(|state| {
            let now = Timestamp::now();
            let same = |shown: &&mut ShownError| {
                shown.error.kind == error.kind && shown.error.code == error.code && shown.error.message == error.message
            };
            if let Some(shown) = state.errors.iter_mut().find(same) {
                shown.last_seen = now;
                shown.count += 1;
            } else {
                if state.errors.len() >= MAX_ERRORS {
                    state.errors.pop_front();
                }
                state.errors.push_back(ShownError { error, first_seen: now, last_seen: now, count: 1 });
            }
            true
        });
    }

    /// Removes all errors; tells whether there were any.
    pub fn clear_errors(&self) -> bool {
        self.change(|state| {
            let changed = !state.errors.is_empty();
            state.errors.clear();
            changed
        })
    }

    /// Asks for a restart.
    pub fn require_restart(&self, reason: &str) {
        self.change(|state| {
            state.restart_required = Some(cut(reason, MAX_TEXT));
            true
        });
    }

    /// What a restart does: errors and the wish for one go, status and text are as at the beginning. Properties stay.
    pub fn reset(&self) {
        self.change(|state| {
            state.errors.clear();
            state.restart_required = None;
            state.status = state.default.clone();
            state.text.clear();
            true
        });
    }

    /// The code of the status that it shows now.
    pub fn status_code(&self) -> u16 {
        self.state.lock().status.code
    }

    /// What it shows now.
    pub fn snapshot(&self) -> BoardSnapshot {
        let state = self.state.lock();
        BoardSnapshot {
            status: state.status.clone(),
            text: state.text.clone(),
            properties: state.properties.clone(),
            errors: state.errors.iter().cloned().collect(),
            restart_required: state.restart_required.clone(),
            at: state.at,
            heard: state.heard,
        }
    }

    fn change(&self, by: impl FnOnce(&mut State) -> bool) -> bool {
        let mut state = self.state.lock();
        let changed = by(&mut state);
        if changed {
            state.at = Timestamp::now();
            let fault = state.status.code >= FAULTS;
            self.fault.send_if_modified(|told| std::mem::replace(told, fault) != fault);
        }
        changed
    }
}
