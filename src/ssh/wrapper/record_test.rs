use proptest::prelude::*;

use super::{Decoder, Record, mark};

const NONCE: &str = "00112233";

fn record(text: &str) -> Vec<u8> {
    [mark(NONCE), text.as_bytes().to_vec(), b"\n".to_vec()].concat()
}

#[test]
fn records_are_read() {
    for (text, want) in [
        ("began 12", Record::Began { seconds: 12 }),
        ("tick", Record::Tick { written: 0 }),
        ("tick 12", Record::Tick { written: 12 }),
        ("tick x", Record::Tick { written: 0 }),
        ("bound", Record::Bound),
        (
            "end 3 10 20",
            Record::End {
                code: 3,
                stdout: 10,
                stderr: 20,
            },
        ),
        ("end 3", Record::Lost("its exit code cannot be read".to_owned())),
        (
            "end x y z",
            Record::Lost("its exit code cannot be read".to_owned()),
        ),
        (
            "refused no space left",
            Record::Refused("no space left".to_owned()),
        ),
        ("absent", Record::Absent),
        ("lost it is gone", Record::Lost("it is gone".to_owned())),
        ("stopped 0", Record::Other("stopped 0".to_owned())),
        ("", Record::Other(String::new())),
    ] {
        let mut records = Vec::new();
        let own = Decoder::new(NONCE).feed(&record(text), &mut records);
        assert_eq!((records, own), (vec![want], Vec::new()), "{text}");
    }
}

#[test]
fn what_a_login_says_first_is_not_the_steps() {
    let mut decoder = Decoder::new(NONCE);
    let mut records = Vec::new();
    assert!(decoder.feed(b"Welcome!\n", &mut records).is_empty());
    let own = decoder.feed(
        &[b"again\n".to_vec(), record("began 0"), b"mine".to_vec()].concat(),
        &mut records,
    );
    assert_eq!(own, b"mine");
    assert_eq!(decoder.noise(), "Welcome!\nagain");
}

proptest! {
    /// However the bytes arrive, the step's own come out whole and in order, and so do the records.
    #[test]
    fn pieces_do_not_matter(
        parts in prop::collection::vec(
            prop_oneof![
                prop::collection::vec(prop_oneof![Just(0x1e_u8), Just(b'e'), Just(b'\n'), any::<u8>()], 0..40).prop_map(Ok),
                Just(Err("tick")),
            ], 0..12),
        cuts in prop::collection::vec(1_usize..30, 0..40),
    ) {
        let mut bytes = record("began 0");
        let (mut want, mut ticks) = (Vec::new(), 0);
        for part in &parts {
            match part {
                Ok(own) => { bytes.extend_from_slice(own); want.extend_from_slice(own); }
                Err(text) => { bytes.extend(record(text)); ticks += 1; }
            }
        }
        let mut decoder = Decoder::new(NONCE);
        let (mut own, mut records) = (Vec::new(), Vec::new());
        let mut rest = bytes.as_slice();
        for cut in cuts {
            let (piece, after) = rest.split_at(cut.min(rest.len()));
            own.extend(decoder.feed(piece, &mut records));
            rest = after;
        }
        own.extend(decoder.feed(rest, &mut records));
        own.extend(decoder.finish());
        prop_assert_eq!(own, want);
        prop_assert_eq!(records.len(), ticks + 1);
    }

    #[test]
    fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut decoder = Decoder::new(NONCE);
        let mut records = Vec::new();
        decoder.feed(&[record("began 0"), bytes].concat(), &mut records);
        decoder.finish();
        prop_assert_eq!(records.len(), 1);
    }
}
