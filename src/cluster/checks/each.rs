//! Many things asked at once.

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};

/// Calls that are under way at once for one subject: AWS lets some ten a second through.
const AT_ONCE: usize = 16;

/// Asks of each of many things, some at once; the answers come in the order of the things.
pub(in crate::cluster) fn each<'a, T, A: Send + 'a>(
    things: impl IntoIterator<Item = T>,
    ask: impl Fn(T) -> BoxFuture<'a, A>,
) -> BoxFuture<'a, Vec<A>> {
    let asked: Vec<_> = things.into_iter().map(ask).collect();
    futures::stream::iter(asked).buffered(AT_ONCE).collect().boxed()
}
