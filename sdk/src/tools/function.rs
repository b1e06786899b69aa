//! A tool made of a function.

use std::marker::PhantomData;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::toolbox::Tool;
use super::{named, schema};
use crate::model::Declaration;

/// A tool of this name, with what the model is told of it. The name is made of letters, digits and `_`,
/// at most 64, the first a letter; anything else is replaced.
///
/// The error of the function is given to the model: a sentence on what was wrong and what would be
/// right helps it most. Whatever the function awaits ends when the task is cancelled or a limit is
/// reached, because its future is dropped.
pub fn tool<'a, A, R, F>(name: &str, description: &str, function: F) -> impl Tool + use<'a, A, R, F>
where
    A: DeserializeOwned + JsonSchema + 'a,
    R: Serialize + 'a,
    F: AsyncFn(A) -> Result<R, String> + 'a,
{
    Function {
        declaration: Declaration {
            name: named::valid(name),
            description: description.to_owned(),
            parameters: schema::of::<A>(),
        },
        function,
        types: PhantomData::<(A, R)>,
    }
}

struct Function<F, T> {
    declaration: Declaration,
    function: F,
    types: PhantomData<T>,
}

impl<A, R, F> Tool for Function<F, (A, R)>
where
    A: DeserializeOwned + JsonSchema,
    R: Serialize,
    F: AsyncFn(A) -> Result<R, String>,
{
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    fn call<'a>(&'a self, arguments: Value) -> LocalBoxFuture<'a, Result<Value, String>> {
        async move {
            // A model that needs no arguments may give none.
            let arguments = if arguments.is_null() {
                Value::Object(serde_json::Map::new())
            } else {
                arguments
            };
            let arguments = serde_json::from_value(arguments).map_err(|error| {
                format!(
                    "The arguments do not fit: {error}. They are an object of this JSON Schema: {}",
                    self.declaration.parameters
                )
            })?;
            let result = (self.function)(arguments).await?;
            serde_json::to_value(result).map_err(|error| format!("The result is no JSON: {error}"))
        }
        .boxed_local()
    }
}
