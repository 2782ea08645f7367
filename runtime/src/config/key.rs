//! How a section is written: each key stands once, with its text, its default, and when a change of it applies.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::fmt;

/// When a change of a value applies to a running daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Applies {
    /// When the configuration is reloaded.
    Reload,
    /// To instances of drivers that start after a reload.
    NextInstance,
    /// When the daemon is started again.
    Restart,
}

impl fmt::Display for Applies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reload => "at once",
            Self::NextInstance => "to instances that start later",
            Self::Restart => "after a restart",
        })
    }
}

/// A key of a section.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name in the file.
    pub name: &'static str,
    /// What it is, a line each.
    pub doc: &'static [&'static str],
    /// When a change of it applies.
    pub applies: Applies,
}

/// What [`section!`](crate::section) writes about a struct.
pub trait Section: Default + Serialize + DeserializeOwned {
    /// What the section is about, a line each.
    const ABOUT: &'static [&'static str];
    /// Its keys, in the order in which people read them.
    const KEYS: &'static [Key];
}

/// Defines a section: a struct whose fields are the keys, with their docs, defaults, and when a change of them applies.
///
/// ```
/// ostler::section! {
///     /// Where the API listens.
///     pub struct Listen {
///         /// The most connections at a time.
///         #[applies(Restart)]
///         pub connections: u32 = 100,
///     }
/// }
/// assert_eq!(Listen::default().connections, 100);
/// ```
#[macro_export]
macro_rules! section {
    (
        $(#[doc = $about:literal])*
        pub struct $section:ident {
            $( $(#[doc = $doc:literal])* #[applies($applies:ident)] pub $key:ident: $type:ty = $default:expr, )*
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, PartialEq, Eq, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $section {
            $(
                $(#[doc = $doc])*
                #[doc = ""]
                #[doc = concat!("Default: `", stringify!($default), "`.")]
                pub $key: $type,
            )*
        }

        impl Default for $section {
            fn default() -> Self {
                Self { $($key: $default,)* }
            }
        }

        impl $crate::config::key::Section for $section {
            const ABOUT: &'static [&'static str] = &[$($about),*];
            const KEYS: &'static [$crate::config::Key] = &[$(
                $crate::config::Key {
                    name: stringify!($key),
                    doc: &[$($doc),*],
                    applies: $crate::config::Applies::$applies,
                },
            )*];
        }
    };
}
