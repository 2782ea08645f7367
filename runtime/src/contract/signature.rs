//! WIT functions and types in words: two of them are the same type when their words are the same.

use wit_parser::{Function, Handle, Resolve, Type, TypeDefKind};

/// A function as `async func(machine: own<machine>) -> result<_, {...}>`.
pub fn function(resolve: &Resolve, function: &Function) -> String {
    let asynchronous = if function.kind.is_async() { "async " } else { "" };
    let parameters: Vec<_> =
        function.params.iter().map(|param| format!("{}: {}", param.name, ty(resolve, &param.ty))).collect();
    let result = function.result.map(|result| format!(" -> {}", ty(resolve, &result))).unwrap_or_default();
    format!("{asynchronous}func({}){result}", parameters.join(", "))
}

/// A function in which types that have a name stand by it, for people.
pub fn brief(resolve: &Resolve, function: &Function) -> String {
    let named = |of: &Type| brief_type(resolve, of);
    let asynchronous = if function.kind.is_async() { "async " } else { "" };
    let parameters: Vec<_> =
        function.params.iter().map(|param| format!("{}: {}", param.name, named(&param.ty))).collect();
    let result = function.result.map(|result| format!(" -> {}", named(&result))).unwrap_or_default();
    format!("{asynchronous}func({}){result}", parameters.join(", "))
}

fn brief_type(resolve: &Resolve, of: &Type) -> String {
    let Type::Id(id) = of else { return ty(resolve, of) };
    let Some(definition) = resolve.types.get(*id) else { return "?".to_owned() };
    if let Some(name) = &definition.name {
        return name.clone();
    }
    let optional = |of: &Option<Type>| of.as_ref().map_or_else(|| "_".to_owned(), |of| brief_type(resolve, of));
    match &definition.kind {
        TypeDefKind::Handle(Handle::Own(of)) => brief_type(resolve, &Type::Id(*of)),
        TypeDefKind::Handle(Handle::Borrow(of)) => format!("borrow<{}>", brief_type(resolve, &Type::Id(*of))),
        TypeDefKind::Option(of) => format!("option<{}>", brief_type(resolve, of)),
        TypeDefKind::List(of) => format!("list<{}>", brief_type(resolve, of)),
        TypeDefKind::Result(result) => format!("result<{}, {}>", optional(&result.ok), optional(&result.err)),
        TypeDefKind::Tuple(tuple) => {
            let types: Vec<_> = tuple.types.iter().map(|of| brief_type(resolve, of)).collect();
            format!("tuple<{}>", types.join(", "))
        }
        _ => ty(resolve, of),
    }
}

/// A type, written out to its last field. Resources stand by their names.
pub fn ty(resolve: &Resolve, of: &Type) -> String {
    let Type::Id(id) = of else { return format!("{of:?}").to_lowercase() };
    let Some(definition) = resolve.types.get(*id) else { return "?".to_owned() };
    let name = || definition.name.clone().unwrap_or_default();
    let optional = |of: &Option<Type>| of.as_ref().map_or_else(|| "_".to_owned(), |of| ty(resolve, of));
    match &definition.kind {
        TypeDefKind::Type(of) => ty(resolve, of),
        TypeDefKind::Resource => name(),
        TypeDefKind::Handle(Handle::Own(of)) => format!("own<{}>", ty(resolve, &Type::Id(*of))),
        TypeDefKind::Handle(Handle::Borrow(of)) => format!("borrow<{}>", ty(resolve, &Type::Id(*of))),
        TypeDefKind::Record(record) => {
            let fields: Vec<_> =
                record.fields.iter().map(|field| format!("{}: {}", field.name, ty(resolve, &field.ty))).collect();
            format!("{{{}}}", fields.join(", "))
        }
        TypeDefKind::Tuple(tuple) => {
            let types: Vec<_> = tuple.types.iter().map(|of| ty(resolve, of)).collect();
            format!("tuple<{}>", types.join(", "))
        }
        TypeDefKind::Variant(variant) => {
            let cases: Vec<_> =
                variant.cases.iter().map(|case| format!("{}({})", case.name, optional(&case.ty))).collect();
            format!("variant {{{}}}", cases.join(", "))
        }
        TypeDefKind::Enum(cases) => {
            let cases: Vec<_> = cases.cases.iter().map(|case| case.name.as_str()).collect();
            format!("enum {{{}}}", cases.join(", "))
        }
        TypeDefKind::Flags(flags) => {
            let flags: Vec<_> = flags.flags.iter().map(|flag| flag.name.as_str()).collect();
            format!("flags {{{}}}", flags.join(", "))
        }
        TypeDefKind::Option(of) => format!("option<{}>", ty(resolve, of)),
        TypeDefKind::Result(result) => format!("result<{}, {}>", optional(&result.ok), optional(&result.err)),
        TypeDefKind::List(of) => format!("list<{}>", ty(resolve, of)),
        other => format!("{other:?}"),
    }
}
