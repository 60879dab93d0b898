# The server in a small image, as a user of its own. Built from this folder: docker build -t edgewise .
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY . .
RUN cargo build --release --locked && strip --strip-debug target/release/edgewise

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --create-home --home-dir /var/lib/edgewise --uid 10001 edgewise
COPY --from=build /build/target/release/edgewise /usr/local/bin/edgewise
COPY --from=build /build/config /usr/share/edgewise/config
USER edgewise
ENV EDGEWISE_SERVER__LISTEN=0.0.0.0:8080 \
    EDGEWISE_SERVER__DATA_DIR=/var/lib/edgewise/data
VOLUME /var/lib/edgewise
EXPOSE 8080
ENTRYPOINT ["edgewise"]
CMD ["serve"]
