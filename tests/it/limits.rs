//! One request twice at once.

use std::sync::Mutex;
use std::sync::mpsc::channel;

use reqwest::Method;
use serde_json::json;
use skydeck::store::{StoreError, Tx};

use crate::harness::{Server, answer};

#[tokio::test]
async fn a_repeat_while_the_first_is_carried_out_is_told_to_wait() {
    let server = Server::start().await;
    let ada = server.account("ada").await;
    let (release, held) = channel::<()>();
    let held = Mutex::new(held);
    let store = server.store.clone();
    // Nothing is written until this ends, so the first of the two is still being carried out when the second comes.
    let busy = tokio::spawn(async move {
        let wait = move |_: &mut Tx| {
            held.lock().unwrap().recv().unwrap();
            Ok::<_, StoreError>(())
        };
        store.write(wait).await
    });
    let send = || {
        let request = ada.request(Method::POST, "/extensions").header("Idempotency-Key", "once");
        tokio::spawn(answer(request.json(&json!({"name": "Greeter"}))))
    };
    let (first, second) = (send(), send());
    let (early, late) = match futures_util::future::select(first, second).await {
        futures_util::future::Either::Left((early, late)) | futures_util::future::Either::Right((early, late)) => {
            (early.unwrap(), late)
        }
    };
    assert_eq!((early.status, early.code()), (409, "idempotency_in_flight".into()), "{}", early.text);
    assert!(early.json()["retryable"] == true && !early.header("retry-after").is_empty());
    release.send(()).unwrap();
    busy.await.unwrap().unwrap();
    assert_eq!(late.await.unwrap().status, 201);
}
