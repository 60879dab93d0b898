use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _, join_all};

use super::{Places, Vacates};
use crate::domain::action::ActionId;
use crate::domain::timestamp::Timestamp;

const REST: Duration = Duration::from_millis(2);

#[derive(Default)]
struct Holder {
    asked: AtomicUsize,
}

impl Vacates for Holder {
    fn vacate(self: Arc<Self>, _number: u64) -> BoxFuture<'static, ()> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        std::future::ready(()).boxed()
    }
}

fn weak(holder: &Arc<Holder>) -> Weak<dyn Vacates> {
    let holder: Arc<dyn Vacates> = Arc::clone(holder) as _;
    Arc::downgrade(&holder)
}

fn action(number: u8) -> ActionId {
    ActionId::from_parts(Timestamp::from_millis(1_795_228_610_007), [number; 10])
}

#[tokio::test]
async fn what_rests_is_closed_for_those_who_wait() {
    let places = Places::new(2, REST);
    let holders: Vec<Arc<Holder>> = (0..2).map(|_| Arc::default()).collect();
    let mut held = Vec::new();
    for holder in &holders {
        let (place, used) = places.take(Some(action(1)), weak(holder)).await;
        drop(used);
        held.push(place);
    }
    let third = Arc::new(Holder::default());
    let (_place, _used) = places.take(Some(action(2)), weak(&third)).await;
    assert_eq!(
        (
            holders[0].asked.load(Ordering::SeqCst),
            holders[1].asked.load(Ordering::SeqCst)
        ),
        (1, 0),
        "the one that rested longest, and no more than are wanted"
    );
    assert!(held[0].enter().is_none(), "it has to ask again");
    assert!(held[1].enter().is_some());
}

#[tokio::test]
async fn a_wait_that_is_given_up_takes_no_place() {
    let places = Places::new(1, REST);
    let holder = Arc::new(Holder::default());
    let (place, used) = places.take(Some(action(1)), weak(&holder)).await;
    {
        let waiting = places.take(Some(action(2)), weak(&holder));
        futures_util::pin_mut!(waiting);
        assert!(waiting.as_mut().now_or_never().is_none());
        assert_eq!((places.waiting(Some(action(2))), places.number()), (1, 1));
    }
    assert_eq!(places.waiting(Some(action(2))), 0);
    drop((place, used));
    places.take(Some(action(3)), weak(&holder)).await;
}

#[tokio::test]
async fn two_parties_that_are_each_bigger_than_all_places_both_end() {
    let places = Places::new(4, REST);
    let one = |number: u8| {
        let places = places.clone();
        async move {
            let holder = Arc::new(Holder::default());
            // Three steps each, with a rest in between in which the place may be lost.
            let (mut place, mut used) = places.take(Some(action(number)), weak(&holder)).await;
            for _ in 0..2 {
                tokio::task::yield_now().await;
                drop(used);
                tokio::time::sleep(3 * REST).await;
                used = if let Some(used) = place.enter() {
                    used
                } else {
                    drop(place);
                    let (again, used) = places.take(Some(action(number)), weak(&holder)).await;
                    place = again;
                    used
                };
            }
            drop((place, used));
        }
    };
    join_all((0..40).map(|index| one(1 + index % 2))).await;
    assert_eq!(
        (places.waiting(Some(action(1))), places.waiting(Some(action(2)))),
        (0, 0)
    );
}
