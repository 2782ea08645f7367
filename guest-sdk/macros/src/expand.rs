//! What `machine_type!` leaves behind: bindings, the type's own names, a trait, and an export macro.
//!
//! The bindings are one `wit_bindgen::generate!` of a world of their own: it exports the contract only, and takes the
//! core's types from the SDK, so that several types live side by side. The driver's component gets the union of that
//! world and of the core's.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::{Error, Result};
use wit_parser::{Function, FunctionKind, Type, TypeDefKind};

use crate::contract::{Contract, Role};
use crate::invocation::Invocation;
use crate::names::{rust_type, snake};

/// Expands an invocation.
pub fn expand(invocation: &Invocation, contract: &Contract) -> Result<TokenStream> {
    let bindings = bindings(contract);
    let status = status(contract)?;
    let item = trait_item(invocation, contract)?;
    let export = export_macro(invocation, contract)?;
    let slug = &contract.slug;
    let exports = exports(contract)?;
    let types = contract.rust_names(contract.interface);
    let types = (!types.is_empty()).then(|| quote!(pub use #exports::{#(#types),*};));
    let manifest = contract.manifest.to_string_lossy();
    Ok(quote! {
        #bindings
        #types
        #status
        #[doc = concat!("The slug of this machine type: `", #slug, "`.")]
        pub const SLUG: &str = #slug;
        // Compiled in for nothing but this: a change of the manifest expands the macro again.
        const _: &[u8] = include_bytes!(#manifest);
        #item
        #export
    })
}

/// `bindings::exports::ns::package::interface`, the module of the contract's own names.
fn exports(contract: &Contract) -> Result<TokenStream> {
    let module = contract.module_of(contract.interface).ok_or_else(|| internal("the contract has no name"))?;
    Ok(quote!(bindings::exports::#module))
}

fn bindings(contract: &Contract) -> TokenStream {
    let world = contract.world();
    let macro_name = export_bindings_name(contract).to_string();
    let import = contract.status.as_ref().map(|(_, name)| format!("import {name};")).unwrap_or_default();
    let export = &contract.interface_name;
    let inline = format!("package ostler:sdk; world {world} {{ {import} export {export}; }}");
    let world = format!("ostler:sdk/{world}");
    let folders = contract.folders.iter().map(|folder| folder.to_string_lossy());
    let shared = contract.shared();
    let (names, paths): (Vec<_>, Vec<_>) = shared.iter().map(|(name, path)| (name, path)).unzip();
    quote! {
        #[doc(hidden)]
        #[allow(missing_docs, rustdoc::all, clippy::all, clippy::pedantic)]
        pub mod bindings {
            ::ostler_sdk::__private::wit_bindgen::generate!({
                generate_all,
                path: [#(#folders),*],
                world: #world,
                inline: #inline,
                with: { #(#names: #paths),* },
                runtime_path: "::ostler_sdk::__private::wit_bindgen::rt",
                generate_unused_types: true,
                pub_export_macro: true,
                export_macro_name: #macro_name,
            });
        }
        #[doc(hidden)]
        pub use ::ostler_sdk as __sdk;
    }
}

fn export_bindings_name(contract: &Contract) -> syn::Ident {
    format_ident!("__export_{}", snake(&contract.world()))
}

/// The status enum and `machine.set_status(..)`.
fn status(contract: &Contract) -> Result<TokenStream> {
    let Some((id, name)) = &contract.status else {
        return Ok(TokenStream::new());
    };
    let interface = contract.resolve.interfaces.get(*id);
    let shaped = interface.is_some_and(|interface| {
        interface.functions.contains_key("set-status") && interface.types.contains_key("status")
    });
    if !shaped {
        return Err(internal(&format!("{name} must have an enum `status` and a function `set-status`")));
    }
    let module = contract.module_of(*id).ok_or_else(|| internal("the status interface has no name"))?;
    let types = contract.rust_names(*id);
    Ok(quote! {
        pub use bindings::#module::{#(#types),*};
        /// Adds `set_status` to a machine of this type.
        pub trait SetStatus {
            /// Sets the machine's status; answered from memory and written behind.
            fn set_status(&self, status: Status);
        }
        impl SetStatus for ::ostler_sdk::Machine {
            fn set_status(&self, status: Status) {
                bindings::#module::set_status(self.__raw(), status);
            }
        }
    })
}

fn trait_item(invocation: &Invocation, contract: &Contract) -> Result<TokenStream> {
    let item = &invocation.item;
    let (attrs, vis, unsafety, name) = (&item.attrs, &item.vis, &item.unsafety, &item.ident);
    let exports = exports(contract)?;
    let mut methods = Vec::new();
    for function in contract.functions() {
        let ident = snake(&function.name);
        methods.push(match invocation.method(&ident) {
            Some(own) => with_docs(function, own.to_token_stream(), own.attrs.is_empty()),
            None => method(contract, function, &exports)?,
        });
    }
    let contract_names: Vec<_> = contract.functions().map(|function| snake(&function.name)).collect();
    let extra = invocation.methods().filter(|method| !contract_names.contains(&method.sig.ident));
    let supertraits = item.supertraits.iter();
    Ok(quote! {
        #(#attrs)*
        #[allow(async_fn_in_trait)]
        #vis #unsafety trait #name: ::ostler_sdk::Driver #(+ #supertraits)* {
            #(#methods)*
            #(#extra)*
        }
    })
}

/// A method of the trait, from the function of the contract alone.
fn method(contract: &Contract, function: &Function, exports: &TokenStream) -> Result<TokenStream> {
    let ident = snake(&function.name);
    let shape = Shape::of(contract, function, exports)?;
    let asyncness = shape.asyncness();
    let (names, types): (Vec<_>, Vec<_>) = shape.params.iter().map(|param| (&param.name, param.author_type())).unzip();
    let output = shape.author_output();
    let body = if contract.is_optional(function) {
        if !shape.fails {
            let name = &function.name;
            return Err(internal(&format!("`{name}` is optional, so it must return result<_, error>")));
        }
        let message = format!("this driver does not offer `{}`", function.name);
        quote!({
            let _ = (#(&#names,)*);
            Err(::ostler_sdk::Error::unsupported(#message))
        })
    } else {
        quote!(;)
    };
    let signature = quote!(#asyncness fn #ident(&self, #(#names: #types),*) #output #body);
    Ok(with_docs(function, signature, true))
}

fn with_docs(function: &Function, method: TokenStream, wanted: bool) -> TokenStream {
    let docs = function.docs.contents.as_deref().unwrap_or_default();
    let fallback = format!("`{}` of the contract.", function.name);
    let docs = if docs.is_empty() { fallback.as_str() } else { docs };
    if wanted { quote!(#[doc = #docs] #method) } else { method }
}

fn export_macro(invocation: &Invocation, contract: &Contract) -> Result<TokenStream> {
    let name = &invocation.item.ident;
    let macro_name = format_ident!("export_{}", snake(&name.to_string()));
    let root = invocation.module.as_ref().map_or_else(|| quote!($crate), |module| quote!($crate::#module));
    let exports = exports(contract)?;
    let exports = quote!(#root::#exports);
    let mut glue = Vec::new();
    for function in contract.functions() {
        glue.push(glue_function(contract, function, &exports, &quote!(#root::#name))?);
    }
    let export_bindings = export_bindings_name(contract);
    let doc = format!("Makes the component of a driver that implements [`{name}`]: `{macro_name}!(MyDriver);`.");
    Ok(quote! {
        #[doc = #doc]
        ///
        /// Outside of wasm it only checks that the trait is there, so that a driver crate builds and tests natively.
        #[macro_export]
        macro_rules! #macro_name {
            ($driver:ident) => {
                #[cfg(target_family = "wasm")]
                const _: () = {
                    #root::__sdk::__lifecycle!($driver, #root::SLUG, #root::__sdk);
                    impl #exports::Guest for __Glue {
                        #(#glue)*
                    }
                    #root::__sdk::__private::core::__export_core!(__Glue with_types_in #root::__sdk::__private::core);
                    #root::bindings::#export_bindings!(__Glue with_types_in #root::bindings);
                };
                #[cfg(not(target_family = "wasm"))]
                const _: fn() = || {
                    fn implements<D: #root::#name>() {
                        let _ = (D::describe, D::init_driver);
                    }
                    implements::<$driver>();
                };
            };
        }
    })
}

/// The export: owned handles in, borrowed ones to the driver, the SDK's error back into the contract's.
fn glue_function(
    contract: &Contract,
    function: &Function,
    exports: &TokenStream,
    driver_trait: &TokenStream,
) -> Result<TokenStream> {
    let ident = snake(&function.name);
    let shape = Shape::of(contract, function, exports)?;
    let asyncness = shape.asyncness();
    let output = shape.raw_output();
    let (names, types): (Vec<_>, Vec<_>) = shape.params.iter().map(|param| (&param.name, &param.raw_type)).unzip();
    let wrapped = shape.params.iter().filter_map(Param::wrap);
    let passed = shape.params.iter().map(Param::pass);
    let dot_await = shape.is_async.then(|| quote!(.await));
    let driver = if shape.fails { quote!(__driver()?) } else { quote!(__driver_or_trap()) };
    let convert = shape.fails.then(|| quote!(.map_err(::core::convert::Into::into)));
    Ok(quote! {
        #asyncness fn #ident(#(#names: #types),*) #output {
            #(#wrapped)*
            let __ostler_driver = #driver;
            #driver_trait::#ident(&*__ostler_driver, #(#passed),*) #dot_await #convert
        }
    })
}

/// A function of the contract, in both spellings.
struct Shape {
    is_async: bool,
    params: Vec<Param>,
    /// The success type when `fails`, else the whole result; nothing for a function without one.
    output: Option<TokenStream>,
    /// The contract's result as the bindings have it.
    raw: Option<TokenStream>,
    /// Whether it returns `result<_, error>` with the core's error.
    fails: bool,
}

struct Param {
    name: syn::Ident,
    raw_type: TokenStream,
    role: Role,
}

impl Shape {
    fn of(contract: &Contract, function: &Function, exports: &TokenStream) -> Result<Self> {
        let is_async = match function.kind {
            FunctionKind::Freestanding => false,
            FunctionKind::AsyncFreestanding => true,
            _ => {
                return Err(internal(&format!("`{}`: a contract has plain functions only", function.name)));
            }
        };
        let rust = |ty: &Type| {
            rust_type(&contract.resolve, ty, exports).ok_or_else(|| {
                internal(&format!("`{}`: borrowed handles, streams and futures cannot cross here", function.name))
            })
        };
        let mut params = Vec::new();
        for param in &function.params {
            let (name, role) = (snake(&param.name), contract.role(&param.ty));
            params.push(Param { name, raw_type: rust(&param.ty)?, role });
        }
        let result = function.result.as_ref();
        let raw = result.map(rust).transpose()?;
        let fallible = match result {
            Some(Type::Id(id)) => match contract.resolve.types.get(*id).map(|def| &def.kind) {
                Some(TypeDefKind::Result(result)) => Some(result),
                _ => None,
            },
            _ => None,
        };
        let fallible =
            fallible.filter(|result| result.err.as_ref().is_some_and(|error| contract.role(error) == Role::Error));
        let output = match fallible {
            Some(result) => Some(result.ok.as_ref().map_or_else(|| Ok(quote!(())), rust)?),
            None => raw.clone(),
        };
        Ok(Self { is_async, params, output, raw, fails: fallible.is_some() })
    }

    fn asyncness(&self) -> Option<TokenStream> {
        self.is_async.then(|| quote!(async))
    }

    fn author_output(&self) -> Option<TokenStream> {
        let output = self.output.as_ref()?;
        Some(if self.fails { quote!(-> ::ostler_sdk::Result<#output>) } else { quote!(-> #output) })
    }

    fn raw_output(&self) -> Option<TokenStream> {
        self.raw.as_ref().map(|raw| quote!(-> #raw))
    }
}

impl Param {
    fn author_type(&self) -> TokenStream {
        match self.role {
            Role::Machine => quote!(&::ostler_sdk::Machine),
            Role::PrintJob => quote!(&::ostler_sdk::printing::PrintJob),
            Role::Error | Role::Plain => self.raw_type.clone(),
        }
    }

    fn wrap(&self) -> Option<TokenStream> {
        let name = &self.name;
        match self.role {
            Role::Machine | Role::PrintJob => Some(quote!(let #name = ::core::convert::From::from(#name);)),
            Role::Error | Role::Plain => None,
        }
    }

    fn pass(&self) -> TokenStream {
        let name = &self.name;
        match self.role {
            Role::Machine | Role::PrintJob => quote!(&#name),
            Role::Error | Role::Plain => quote!(#name),
        }
    }
}

fn internal(message: &str) -> Error {
    Error::new(proc_macro2::Span::call_site(), message)
}
