//! The generated side: bindings of the core and of printing, and what the macros need. Not for authors.

pub use wit_bindgen;

/// The world that every driver shares. It is generated once, so that its types are the same for every machine type.
#[allow(missing_docs, rustdoc::all, clippy::all, clippy::pedantic)]
pub mod core {
    wit_bindgen::generate!({
        path: ["../wit/machine"],
        world: "ostler:machine/core",
        generate_unused_types: true,
        pub_export_macro: true,
        export_macro_name: "__export_core",
        default_bindings_module: "ostler_sdk::__private::core",
        runtime_path: "::ostler_sdk::__private::wit_bindgen::rt",
    });
}

/// Print jobs. A world of its own, so that a type that does not print does not import them.
#[allow(missing_docs, rustdoc::all, clippy::all, clippy::pedantic)]
pub mod printing {
    wit_bindgen::generate!({
        generate_all,
        path: ["../wit/machine", "../wit/printing"],
        world: "ostler:sdk/printing-jobs",
        inline: "package ostler:sdk; world printing-jobs { import ostler:printing/jobs@0.1.0; }",
        with: {
            "ostler:machine/types@0.1.0": ::ostler_sdk::__private::core::ostler::machine::types,
        },
        generate_unused_types: true,
        runtime_path: "::ostler_sdk::__private::wit_bindgen::rt",
    });
}

use std::cell::RefCell;
use std::rc::Rc;

/// Where the one driver value of an instance lives.
pub struct Slot<D>(RefCell<Option<Rc<D>>>);

impl<D> Slot<D> {
    /// An empty slot, before `init-driver`.
    pub const fn new() -> Self {
        Self(RefCell::new(None))
    }

    /// Puts a new driver value in.
    pub fn set(&self, driver: D) {
        self.0.replace(Some(Rc::new(driver)));
    }

    /// The driver, for one call.
    pub fn get(&self) -> crate::Result<Rc<D>> {
        let driver = self.0.borrow().clone();
        driver.ok_or_else(|| crate::Error::invalid("not-ready", "init-driver has not run in this instance"))
    }
}

impl<D> Default for Slot<D> {
    fn default() -> Self {
        Self::new()
    }
}
