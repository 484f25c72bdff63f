# syntax=docker/dockerfile:1
# Both images are of Debian 12, so that the program finds the C library that it was linked with.
# A release pins them by digest: --build-arg RUST_IMAGE=rust@sha256:… and RUNTIME_IMAGE likewise.
ARG RUST_IMAGE=docker.io/library/rust:1.95-slim-bookworm
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian12:nonroot

FROM ${RUST_IMAGE} AS build
WORKDIR /src
COPY . .
# Recorded in receipts. There is no .git in the build context to ask.
ARG LAZARET_GIT_COMMIT
RUN test "${#LAZARET_GIT_COMMIT}" -eq 40 \
    || { echo "give --build-arg LAZARET_GIT_COMMIT=\$(git rev-parse HEAD)" >&2; exit 1; }
# The cache mounts do not outlive the step, so that the program is moved out of them.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    LAZARET_GIT_COMMIT="${LAZARET_GIT_COMMIT}" cargo build --release --locked --package lazaret \
    && cp target/release/lazaret /lazaret

# The C library and CA certificates; no shell, no package manager. Everything else is linked in.
FROM ${RUNTIME_IMAGE}
ARG LAZARET_GIT_COMMIT
LABEL org.opencontainers.image.title="lazaret" \
      org.opencontainers.image.source="https://github.com/lazaret/lazaret" \
      org.opencontainers.image.revision="${LAZARET_GIT_COMMIT}" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY LICENSE /LICENSE
COPY --from=build /lazaret /usr/local/bin/lazaret
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/lazaret"]
CMD ["controller"]
