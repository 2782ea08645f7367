//! The Rust side of `ostler:machine@0.1.0` and `ostler:printing@0.1.0`, generated from the WIT files.
//!
//! A second contract version gets a module of its own here, and shims that only convert types.
#![allow(missing_docs, clippy::all, clippy::pedantic, clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::indexing_slicing, clippy::panic, rust_2018_idioms)]

/// `ostler:machine@0.1.0`.
pub mod core {
    wasmtime::component::bindgen!({
        path: ["../wit/machine"],
        world: "ostler:machine/core",
        require_store_data_send: true,
        with: {
            "ostler:machine/host.machine": crate::broker::MachineHandle,
            "ostler:machine/host.connection": crate::broker::ConnectionHandle,
        },
        imports: {
            // With the store, which knows whose call it is: these have no handle that would.
            "ostler:machine/host.log": store | trappable,
            "ostler:machine/host.report-driver-error": store | trappable,
            default: trappable,
        },
        exports: { default: async },
    });
}

/// `ostler:printing@0.1.0`.
pub mod printing {
    wasmtime::component::bindgen!({
        path: ["../wit/machine", "../wit/printing"],
        inline: "package ostler:runtime; world printing { import ostler:printing/jobs@0.1.0; }",
        world: "ostler:runtime/printing",
        require_store_data_send: true,
        with: {
            "ostler:machine/types": crate::contract::bindings::core::ostler::machine::types,
            "ostler:printing/jobs.print-job": crate::broker::PrintJobHandle,
            "ostler:printing/jobs.label": crate::broker::LabelHandle,
        },
        imports: { default: trappable },
    });
}

pub use core::ostler::machine::{host, types};
pub use printing::ostler::printing::jobs;
