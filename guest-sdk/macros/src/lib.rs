//! The macro behind `ostler_sdk::machine_type!`: from a machine type's WIT to a trait that drivers implement.
//!
//! What it reads, in the order of the modules:
//!
//! * `invocation`: what was written between the braces.
//! * `contract`: the `.wit` files and the `machine-type.toml` beside them.
//! * `names`: how WIT names and types are spelled in Rust.
//! * `expand`: what comes out.
//!
//! Authors use it through `ostler_sdk`, whose documentation shows it at work.

mod contract;
mod expand;
mod invocation;
mod names;

use proc_macro::TokenStream;

/// Makes bindings, a trait and an export macro for a machine type. See `ostler_sdk::machine_type!`.
#[proc_macro]
pub fn machine_type(input: TokenStream) -> TokenStream {
    let invocation = syn::parse_macro_input!(input as invocation::Invocation);
    contract::Contract::read(&invocation)
        .and_then(|contract| expand::expand(&invocation, &contract))
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
