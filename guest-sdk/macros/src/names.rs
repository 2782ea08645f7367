//! How WIT names and types are spelled in Rust, the same way as `wit-bindgen` spells them.

use heck::{ToSnakeCase, ToUpperCamelCase};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::Ident;
use wit_parser::{Handle, Resolve, Type, TypeDefKind, TypeId};

/// `print-labels` as `print_labels`; a word that Rust reserves gets an underscore behind it.
pub fn snake(name: &str) -> Ident {
    let name = name.to_snake_case();
    syn::parse_str(&name).unwrap_or_else(|_| Ident::new(&format!("{name}_"), Span::call_site()))
}

/// `loaded-media` as `LoadedMedia`.
pub fn camel(name: &str) -> Ident {
    let name = name.to_upper_camel_case();
    syn::parse_str(&name).unwrap_or_else(|_| Ident::new(&format!("{name}_"), Span::call_site()))
}

/// The type that a name stands for, through `use` and `type` aliases.
pub fn origin(resolve: &Resolve, id: TypeId) -> Option<TypeId> {
    let mut id = id;
    loop {
        match resolve.types.get(id)?.kind {
            TypeDefKind::Type(Type::Id(next)) => id = next,
            _ => return Some(id),
        }
    }
}

/// A type as Rust. Named types are looked up in `module`, the bindings of the interface that mentions them.
///
/// Returns nothing for what a contract cannot carry between driver and host: borrowed handles, streams, futures.
pub fn rust_type(resolve: &Resolve, ty: &Type, module: &TokenStream) -> Option<TokenStream> {
    Some(match ty {
        Type::Bool => quote!(bool),
        Type::U8 => quote!(u8),
        Type::U16 => quote!(u16),
        Type::U32 => quote!(u32),
        Type::U64 => quote!(u64),
        Type::S8 => quote!(i8),
        Type::S16 => quote!(i16),
        Type::S32 => quote!(i32),
        Type::S64 => quote!(i64),
        Type::F32 => quote!(f32),
        Type::F64 => quote!(f64),
        Type::Char => quote!(char),
        Type::String => quote!(::std::string::String),
        Type::ErrorContext => return None,
        Type::Id(id) => return named(resolve, *id, module),
    })
}

fn named(resolve: &Resolve, id: TypeId, module: &TokenStream) -> Option<TokenStream> {
    let def = resolve.types.get(id)?;
    if let Some(name) = &def.name {
        let name = camel(name);
        return Some(quote!(#module::#name));
    }
    let inner = |ty: &Type| rust_type(resolve, ty, module);
    Some(match &def.kind {
        TypeDefKind::List(ty) => {
            let ty = inner(ty)?;
            quote!(::std::vec::Vec<#ty>)
        }
        TypeDefKind::Option(ty) => {
            let ty = inner(ty)?;
            quote!(::core::option::Option<#ty>)
        }
        TypeDefKind::Tuple(tuple) => {
            let types = tuple.types.iter().map(inner).collect::<Option<Vec<_>>>()?;
            quote!((#(#types,)*))
        }
        TypeDefKind::Result(result) => {
            let ok = result.ok.as_ref().map_or(Some(quote!(())), inner)?;
            let err = result.err.as_ref().map_or(Some(quote!(())), inner)?;
            quote!(::core::result::Result<#ok, #err>)
        }
        TypeDefKind::Type(ty) => inner(ty)?,
        TypeDefKind::Handle(Handle::Own(resource)) => return named(resolve, *resource, module),
        _ => return None,
    })
}
