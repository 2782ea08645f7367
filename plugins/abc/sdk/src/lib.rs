//! The machine type `abc` for authors of its drivers: the trait [`Abc`], the statuses, and [`export_abc!`].
//!
//! The type itself is the folder `abc` beside this crate; everything here is made of it.

ostler_sdk::machine_type! {
    path: "../abc",

    /// What an ABC machine's driver implements.
    pub trait Abc {}
}
