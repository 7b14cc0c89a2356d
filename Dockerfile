# syntax=docker/dockerfile:1.9.0
FROM rust:1.95.0-slim-bookworm AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc libc6-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
COPY src src
COPY policies policies
RUN cargo build --release --locked --bin dockgate

FROM debian:12.11-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates git \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --home-dir /var/lib/dockgate --create-home --shell /usr/sbin/nologin dockgate
COPY --from=build /build/target/release/dockgate /usr/local/bin/dockgate
ENV DOCKGATE_LISTEN=0.0.0.0:8080 \
    DOCKGATE_DATABASE_URL=sqlite:///var/lib/dockgate/dockgate.db
USER 10001:10001
WORKDIR /var/lib/dockgate
VOLUME /var/lib/dockgate
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/dockgate"]
CMD ["serve"]
