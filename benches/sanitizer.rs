//! The time that a judgement takes: one command of the corpus after the other.

#![expect(
    missing_docs,
    reason = "criterion's macros make functions without a word about them"
)]

use std::hint::black_box;
use std::time::Instant;

use criterion::{Criterion, criterion_group, criterion_main};
use edgewise::domain::sanitize::Sanitizer;

fn commands() -> Vec<String> {
    let texts = [
        include_str!("../tests/data/sanitizer/ordinary.jsonl"),
        include_str!("../tests/data/sanitizer/dangerous.jsonl"),
    ];
    let value = |line: &str| serde_json::from_str::<serde_json::Value>(line).ok();
    texts
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(|line| Some(value(line)?.get("cmd")?.as_str()?.to_owned()))
        .collect()
}

fn judge(criterion: &mut Criterion) {
    let commands = commands();
    let sanitizer = Sanitizer::default();
    let mut times: Vec<u128> = Vec::new();
    for command in commands.iter().cycle().take(commands.len() * 5) {
        let start = Instant::now();
        black_box(sanitizer.judge(black_box(command), None));
        times.push(start.elapsed().as_nanos() / 1000);
    }
    times.sort_unstable();
    println!(
        "one command: median {} µs, p99 {} µs",
        times[times.len() / 2],
        times[times.len() * 99 / 100]
    );
    criterion.bench_function("judge the whole corpus", |bencher| {
        bencher.iter(|| {
            for command in &commands {
                black_box(sanitizer.judge(black_box(command), None));
            }
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = judge
}
criterion_main!(benches);
