//! Calls that are begun at the same time.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What they come to, all of them waited for.
pub(crate) async fn all<T>(calls: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut calls = begin(calls);
    let mut results: Vec<Option<T>> = calls.iter().map(|_| None).collect();
    poll_fn(|context| {
        poll(&mut calls, &mut results, context);
        if results.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    results.into_iter().flatten().collect()
}

/// What they come to without waiting; the others are cancelled, once all have begun.
pub(crate) async fn at_once<T>(calls: impl Iterator<Item = impl Future<Output = T>>) -> Vec<Option<T>> {
    let mut calls = begin(calls);
    let mut results: Vec<Option<T>> = calls.iter().map(|_| None).collect();
    poll_fn(|context| {
        poll(&mut calls, &mut results, context);
        Poll::Ready(())
    })
    .await;
    results
}

type Call<F> = Pin<Box<F>>;

fn begin<F: Future>(calls: impl Iterator<Item = F>) -> Vec<Call<F>> {
    calls.map(Box::pin).collect()
}

fn poll<F: Future>(calls: &mut [Call<F>], results: &mut [Option<F::Output>], context: &mut Context<'_>) {
    for (call, result) in calls.iter_mut().zip(results) {
        if result.is_none()
            && let Poll::Ready(ready) = call.as_mut().poll(context)
        {
            *result = Some(ready);
        }
    }
}
