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
        TypeDefKind::Future(of) => format!("future<{}>", optional(of)),
        TypeDefKind::Stream(of) => format!("stream<{}>", optional(of)),
        other => format!("{other:?}"),
    }
}

/// How many parts the types of an interface's functions may have, written out.
pub const MAX_PARTS: usize = 10_000;
/// How deep a type may be.
const MAX_DEPTH: usize = 50;

/// Whether a type, written out, stays within a budget of parts and a depth; takes its parts from the budget.
pub fn fits(resolve: &Resolve, of: &Type, budget: &mut usize, depth: usize) -> bool {
    let Some(left) = budget.checked_sub(1).filter(|_| depth < MAX_DEPTH) else { return false };
    *budget = left;
    parts(resolve, of).iter().all(|part| fits(resolve, part, budget, depth + 1))
}

/// Whether values of a type stand for themselves: no handles, futures or streams in it. The type must fit.
pub fn is_value(resolve: &Resolve, of: &Type) -> bool {
    let kind = match of {
        Type::Id(id) => resolve.types.get(*id).map(|definition| &definition.kind),
        Type::ErrorContext => return false,
        _ => return true,
    };
    !matches!(
        kind,
        None | Some(
            TypeDefKind::Handle(_)
                | TypeDefKind::Resource
                | TypeDefKind::Future(_)
                | TypeDefKind::Stream(_)
                | TypeDefKind::Map(..)
                | TypeDefKind::FixedLengthList(..)
                | TypeDefKind::Unknown
        )
    ) && parts(resolve, of).iter().all(|part| is_value(resolve, part))
}

/// The types that a type is directly made of.
fn parts(resolve: &Resolve, of: &Type) -> Vec<Type> {
    let Type::Id(id) = of else { return Vec::new() };
    let Some(definition) = resolve.types.get(*id) else { return Vec::new() };
    match &definition.kind {
        TypeDefKind::Type(of)
        | TypeDefKind::Option(of)
        | TypeDefKind::List(of)
        | TypeDefKind::FixedLengthList(of, _) => {
            vec![*of]
        }
        TypeDefKind::Map(key, value) => vec![*key, *value],
        TypeDefKind::Record(record) => record.fields.iter().map(|field| field.ty).collect(),
        TypeDefKind::Tuple(tuple) => tuple.types.clone(),
        TypeDefKind::Variant(variant) => variant.cases.iter().filter_map(|case| case.ty).collect(),
        TypeDefKind::Result(result) => result.ok.into_iter().chain(result.err).collect(),
        TypeDefKind::Future(of) | TypeDefKind::Stream(of) => of.iter().copied().collect(),
        TypeDefKind::Handle(_)
        | TypeDefKind::Resource
        | TypeDefKind::Flags(_)
        | TypeDefKind::Enum(_)
        | TypeDefKind::Unknown => Vec::new(),
    }
}
