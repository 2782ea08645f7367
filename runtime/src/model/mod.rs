//! The nouns of Ostler: ids, values, settings, states. No I/O and no engine here, so that every other module can
//! speak of the same things.
//!
//! * [`ids`]: newtypes that are parsed once, at the border
//! * [`time`]: the wall clock as the API and the database write it
//! * [`value`] and [`setting`]: typed values and what a value must satisfy
//! * [`error`]: an ordinary failure as a driver reports it
//! * [`driver`]: what a driver says about itself; [`grant`]: what it may be allowed beyond its machines' settings
//! * [`plugin`]: machine types and drivers that come together
//! * [`machine`]: a configured device and the state it is in
//! * [`media`]: what is loaded in a machine
//! * [`job`]: a durable call and how far it is
//! * [`template`]: label templates as they are stored
//! * [`event`]: something that happened
//! * [`access`]: who may do what

pub mod access;
pub mod driver;
pub mod error;
pub mod event;
pub mod grant;
pub mod ids;
pub mod job;
pub mod machine;
pub mod media;
pub mod plugin;
pub mod setting;
pub mod template;
pub mod time;
pub mod value;

pub use access::{NewToken, Role, SessionRecord, TokenId, TokenRecord};
pub use driver::{DriverInfo, InstalledDriver, Isolation};
pub use error::{DriverError, ErrorKind, Outcome};
pub use event::{Event, EventFilter, NewEvent};
pub use grant::{Grant, GrantState};
pub use ids::{Digest, JobId, MachineId, OptionKey, SettingKey, Slug};
pub use job::{
    Fields, FinishedLabel, JobContent, JobRecord, JobState, LabelProgress, NewJob, Place, Proof, RequestKey,
};
pub use machine::{MachineRecord, MachineState, Property, PropertyKind};
pub use media::LoadedMedia;
pub use plugin::Plugin;
pub use setting::{OptionSpec, SettingKind, SettingSpec};
pub use template::{StoredTemplate, TemplateRow};
pub use time::Timestamp;
pub use value::{Scope, Value};
