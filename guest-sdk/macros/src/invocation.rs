//! What an author writes between the braces of `machine_type!`.
//!
//! ```text
//! path: "../wit/label-printer",      // folder of the type's .wit and machine-type.toml
//! deps: ["../wit/units"],            // further packages that it uses; the core and printing are known
//! module: label_printer,             // where the invocation stands, seen from the crate's root; none at the root
//! /// docs
//! pub trait LabelPrinter { ... }     // extra methods, and bodies for functions of the contract
//! ```
//!
//! Paths are relative to the crate's `Cargo.toml`.

use std::path::PathBuf;

use proc_macro2::Span;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Ident, ItemTrait, LitStr, Path, Result, Token, TraitItem, TraitItemFn};

/// A parsed invocation.
pub struct Invocation {
    /// The folder of the machine type, as written.
    pub path: LitStr,
    /// Folders of further WIT packages, in the order in which they need each other.
    pub deps: Vec<LitStr>,
    /// The module of the invocation, without `crate::`.
    pub module: Option<Path>,
    /// The trait, with extra methods and bodies.
    pub item: ItemTrait,
}

impl Invocation {
    /// The author's own version of a function, when there is one.
    pub fn method(&self, name: &Ident) -> Option<&TraitItemFn> {
        self.methods().find(|method| method.sig.ident == *name)
    }

    /// Every method that the author wrote.
    pub fn methods(&self) -> impl Iterator<Item = &TraitItemFn> {
        self.item.items.iter().filter_map(|item| match item {
            TraitItem::Fn(method) => Some(method),
            _ => None,
        })
    }
}

/// A path of the invocation as an absolute one.
pub fn absolute(path: &LitStr) -> PathBuf {
    let root = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(PathBuf::new, PathBuf::from);
    root.join(path.value())
}

impl Parse for Invocation {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let (mut path, mut deps, mut module) = (None, Vec::new(), None);
        while input.peek(Ident) && input.peek2(Token![:]) {
            let key: Ident = input.parse()?;
            input.parse::<Token![:]>()?;
            if key == "path" {
                path = Some(input.parse::<LitStr>()?);
            } else if key == "deps" {
                let list;
                syn::bracketed!(list in input);
                deps.extend(Punctuated::<LitStr, Token![,]>::parse_terminated(&list)?);
            } else if key == "module" {
                module = Some(input.parse::<Path>()?);
            } else {
                return Err(Error::new(key.span(), "expected `path`, `deps` or `module`"));
            }
            input.parse::<Token![,]>()?;
        }
        let path =
            path.ok_or_else(|| Error::new(Span::call_site(), "`path: \"...\"` is missing: the folder of the type"))?;
        let item: ItemTrait = input.parse()?;
        if let Some(other) = item.items.iter().find(|item| !matches!(item, TraitItem::Fn(_))) {
            return Err(Error::new_spanned(other, "only methods can be added to a machine type's trait"));
        }
        Ok(Self { path, deps, module, item })
    }
}
